// The Terraform attributes of a kind, made from its schema, and values between the two worlds.
//
// The mapping (the same for all kinds): scalars keep their names; durations and sizes are strings; messages
// and maps of messages are nested attributes; a write-only field `value` is `value_wo`, its companion
// `value_version` is `value_wo_version`. Nothing has a Terraform default: what is not configured stays null,
// and the control plane fills in the kind's default.
//
// Threading: pure functions.
#pragma once

#include <string>
#include <vector>

#include "kinds/diagnostic.h"
#include "kinds/schema.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace google::protobuf {
class Message;
}

namespace podwright::provider {

// How the attributes of a spec may be used.
enum class Use {
  kConfigured,  // a resource's own
  kComputed,    // of a status, or of a data source
};

// Which fields: everything, or only what may stand in a resource's state.
enum class Fields { kAll, kStable };

std::vector<sdk::Attribute> AttributesOf(const kinds::Schema& schema, Use use, Fields fields = Fields::kAll);

// The attribute's name of a field.
std::string AttributeName(const kinds::Schema& schema, const kinds::Field& field);

// Writes the values of `object` into `message`. Unknown values are left out, and reported in `has_unknown`
// (which may be null). Wrong forms become diagnostics with their path.
void ToMessage(const kinds::Schema& schema, const sdk::Value& object, google::protobuf::Message* message,
               bool* has_unknown, sdk::Diagnostics& diagnostics, const sdk::AttributePath& base = {});

// The values of `message`. Where `prior` spells the same differently (an empty map for none, "60s" for "1m"), its
// spelling is kept. Write-only fields are null.
sdk::Value FromMessage(const kinds::Schema& schema, const google::protobuf::Message& message, const sdk::Value& prior,
                       Fields fields = Fields::kAll);

// A path of the schema as one of attributes, and whole diagnostics.
sdk::AttributePath ToAttributePath(const kinds::Schema& schema, const kinds::Path& path);
void AddKindDiagnostics(const kinds::Schema& schema, const kinds::Diagnostics& from, std::string_view object,
                        sdk::Diagnostics& to);

}  // namespace podwright::provider
