// Between the wire's messages and the SDK's own types. Pure; any thread.
#pragma once

#include <functional>
#include <vector>

#include "core/result.h"
#include "provider/sdk/deferral.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/function.h"
#include "provider/sdk/logic/registry.h"
#include "provider/sdk/resource.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"
#include "tfplugin/tfplugin6.pb.h"

namespace podwright::sdk::server {

// msgpack where there is any, else JSON, else null.
Result<Value> FromWire(const tfplugin6::DynamicValue& wire, const Type& type);
ClientCapabilities FromWire(const tfplugin6::ClientCapabilities& wire);
// Null where the resource has no identity or the message none.
Result<Value> FromWire(const tfplugin6::ResourceIdentityData& wire, const logic::ResourceEntry& entry);
// What the module says to the provider; null where the provider takes nothing.
Result<Value> MetaFromWire(const tfplugin6::DynamicValue& wire, const logic::Registry& registry);

// Sets the field that `field` makes, unless the identity is null.
Status IdentityToWire(const logic::ResourceEntry& entry, const Value& identity,
                      const std::function<tfplugin6::ResourceIdentityData*()>& field);
Status ToWire(const Value& value, const Type& type, tfplugin6::DynamicValue& wire);
tfplugin6::Deferred::Reason ToWire(DeferredReason reason);
void ToWire(const AttributePath& path, tfplugin6::AttributePath& wire);
void ToWire(const Diagnostics& diagnostics, google::protobuf::RepeatedPtrField<tfplugin6::Diagnostic>& wire);
void ToWire(const Schema& schema, tfplugin6::Schema& wire);
void ToWire(const FunctionSignature& signature, tfplugin6::Function& wire);

}  // namespace podwright::sdk::server
