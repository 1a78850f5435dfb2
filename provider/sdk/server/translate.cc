#include "provider/sdk/server/translate.h"

#include <utility>

#include "provider/sdk/value/json.h"
#include "provider/sdk/value/json_text.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk::server {
namespace {

tfplugin6::Schema::Object::NestingMode WireNesting(Nesting nesting) {
  using Object = tfplugin6::Schema::Object;
  switch (nesting) {
    case Nesting::kSingle: return Object::SINGLE;
    case Nesting::kList: return Object::LIST;
    case Nesting::kSet: return Object::SET;
    case Nesting::kMap: return Object::MAP;
    case Nesting::kGroup:
    case Nesting::kNone: break;
  }
  return Object::INVALID;
}

tfplugin6::Schema::NestedBlock::NestingMode WireBlockNesting(Nesting nesting) {
  using Block = tfplugin6::Schema::NestedBlock;
  switch (nesting) {
    case Nesting::kSingle: return Block::SINGLE;
    case Nesting::kList: return Block::LIST;
    case Nesting::kSet: return Block::SET;
    case Nesting::kMap: return Block::MAP;
    case Nesting::kGroup: return Block::GROUP;
    case Nesting::kNone: break;
  }
  return Block::INVALID;
}

void AttributeToWire(const Attribute& attribute, tfplugin6::Schema::Attribute& wire) {
  wire.set_name(attribute.name);
  wire.set_description(ToUtf8(attribute.description));
  wire.set_description_kind(tfplugin6::MARKDOWN);
  wire.set_required(attribute.required);
  wire.set_optional(attribute.optional);
  wire.set_computed(attribute.computed);
  wire.set_sensitive(attribute.sensitive);
  wire.set_write_only(attribute.write_only);
  if (!attribute.deprecation.empty()) {
    wire.set_deprecated(true);
    wire.set_deprecation_message(ToUtf8(attribute.deprecation));
  }
  if (attribute.nesting == Nesting::kNone) {
    wire.set_type(attribute.type.ToJson());
    return;
  }
  wire.mutable_nested_type()->set_nesting(WireNesting(attribute.nesting));
  for (const Attribute& inner : attribute.attributes)
    AttributeToWire(inner, *wire.mutable_nested_type()->add_attributes());
}

void BlockToWire(const std::string& description, const std::string& deprecation,
                 const std::vector<Attribute>& attributes, tfplugin6::Schema::Block& wire) {
  wire.set_description(ToUtf8(description));
  wire.set_description_kind(tfplugin6::MARKDOWN);
  if (!deprecation.empty()) {
    wire.set_deprecated(true);
    wire.set_deprecation_message(ToUtf8(deprecation));
  }
  for (const Attribute& attribute : attributes) {
    if (!attribute.block) {
      AttributeToWire(attribute, *wire.add_attributes());
      continue;
    }
    tfplugin6::Schema::NestedBlock& nested = *wire.add_block_types();
    nested.set_type_name(attribute.name);
    nested.set_nesting(WireBlockNesting(attribute.nesting));
    nested.set_min_items(attribute.min_items);
    // Core wants the two of a single block to be the same.
    nested.set_max_items(attribute.nesting == Nesting::kSingle ? attribute.min_items : attribute.max_items);
    BlockToWire(attribute.description, attribute.deprecation, attribute.attributes, *nested.mutable_block());
  }
}

void ParameterToWire(const FunctionParameter& parameter, tfplugin6::Function::Parameter& wire) {
  wire.set_name(parameter.name);
  wire.set_type(parameter.type.ToJson());
  wire.set_allow_null_value(parameter.allow_null);
  wire.set_allow_unknown_values(parameter.allow_unknown);
  wire.set_description(ToUtf8(parameter.description));
  wire.set_description_kind(tfplugin6::MARKDOWN);
}

}  // namespace

Result<Value> FromWire(const tfplugin6::DynamicValue& wire, const Type& type) {
  if (!wire.msgpack().empty()) return DecodeMsgpack(wire.msgpack(), type);
  if (!wire.json().empty()) return DecodeJson(wire.json(), type);
  return Value::Null();
}

ClientCapabilities FromWire(const tfplugin6::ClientCapabilities& wire) {
  return {.deferral_allowed = wire.deferral_allowed(),
          .write_only_attributes_allowed = wire.write_only_attributes_allowed(),
          .store_planned_private = wire.store_planned_private()};
}

Result<Value> FromWire(const tfplugin6::ResourceIdentityData& wire, const logic::ResourceEntry& entry) {
  if (entry.identity == nullptr) return Value::Null();
  return FromWire(wire.identity_data(), entry.identity_type);
}

Result<Value> MetaFromWire(const tfplugin6::DynamicValue& wire, const logic::Registry& registry) {
  if (registry.meta_schema().attributes.empty()) return Value::Null();
  return FromWire(wire, registry.meta_type());
}

Status IdentityToWire(const logic::ResourceEntry& entry, const Value& identity,
                      const std::function<tfplugin6::ResourceIdentityData*()>& field) {
  if (entry.identity == nullptr || identity.is_null()) return Ok();
  return ToWire(identity, entry.identity_type, *field()->mutable_identity_data());
}

tfplugin6::Deferred::Reason ToWire(DeferredReason reason) {
  switch (reason) {
    case DeferredReason::kResourceConfigUnknown: return tfplugin6::Deferred::RESOURCE_CONFIG_UNKNOWN;
    case DeferredReason::kProviderConfigUnknown: return tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN;
    case DeferredReason::kAbsentPrerequisite: return tfplugin6::Deferred::ABSENT_PREREQ;
    case DeferredReason::kUnknown: break;
  }
  return tfplugin6::Deferred::UNKNOWN;
}

Status ToWire(const Value& value, const Type& type, tfplugin6::DynamicValue& wire) {
  PW_ASSIGN(std::string bytes, EncodeMsgpack(value, type));
  wire.set_msgpack(std::move(bytes));
  return Ok();
}

void ToWire(const AttributePath& path, tfplugin6::AttributePath& wire) {
  for (const AttributePath::Step& step : path.steps()) {
    tfplugin6::AttributePath::Step& out = *wire.add_steps();
    if (const auto* attribute = std::get_if<AttributePath::AttributeStep>(&step)) {
      out.set_attribute_name(ToUtf8(attribute->name));
    } else if (const auto* key = std::get_if<AttributePath::KeyStep>(&step)) {
      out.set_element_key_string(ToUtf8(key->key));
    } else {
      out.set_element_key_int(std::get<AttributePath::IndexStep>(step).index);
    }
  }
}

void ToWire(const Diagnostics& diagnostics, google::protobuf::RepeatedPtrField<tfplugin6::Diagnostic>& wire) {
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    tfplugin6::Diagnostic& out = *wire.Add();
    out.set_severity(diagnostic.severity == Severity::kError ? tfplugin6::Diagnostic::ERROR
                                                             : tfplugin6::Diagnostic::WARNING);
    out.set_summary(ToUtf8(diagnostic.summary));
    out.set_detail(ToUtf8(diagnostic.detail));
    if (!diagnostic.path.empty()) ToWire(diagnostic.path, *out.mutable_attribute());
  }
}

void ToWire(const Schema& schema, tfplugin6::Schema& wire) {
  wire.set_version(schema.version);
  tfplugin6::Schema::Block& block = *wire.mutable_block();
  block.set_version(schema.version);
  BlockToWire(schema.description, schema.deprecation, schema.attributes, block);
}

void ToWire(const FunctionSignature& signature, tfplugin6::Function& wire) {
  for (const FunctionParameter& parameter : signature.parameters) ParameterToWire(parameter, *wire.add_parameters());
  if (signature.variadic) ParameterToWire(*signature.variadic, *wire.mutable_variadic_parameter());
  wire.mutable_return_()->set_type(signature.return_type.ToJson());
  wire.set_summary(ToUtf8(signature.summary));
  wire.set_description(ToUtf8(signature.description));
  wire.set_description_kind(tfplugin6::MARKDOWN);
  wire.set_deprecation_message(ToUtf8(signature.deprecation));
}

}  // namespace podwright::sdk::server
