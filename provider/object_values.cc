#include "provider/object_values.h"

#include <google/protobuf/message.h>

#include "client/phase.h"
#include "provider/attributes.h"

namespace podwright::provider {

using sdk::Value;

std::pair<std::string, std::string> SplitId(const std::string& id, const std::string& workspace) {
  const auto slash = id.find('/');
  if (slash == std::string::npos) return {workspace, id};
  return {id.substr(0, slash), id.substr(slash + 1)};
}

v1::GetRequest GetRequestOf(const kinds::Kind& kind, const std::string& workspace, const std::string& name) {
  v1::GetRequest get;
  get.set_workspace(workspace);
  get.mutable_object()->set_kind(kind.name());
  get.mutable_object()->set_name(name);
  return get;
}

Status CheckView(const kinds::Kind& kind, const std::string& workspace, const std::string& name,
                 const v1::ObjectView& view) {
  const auto wrong = [](const std::string& what) {
    return DataLoss("the control plane's answer cannot be used: " + what +
                    ". What answers may be something else, or a release that does not go with this provider");
  };
  const v1::StoredObject& object = view.object();
  if (object.kind() != kind.name() || object.name() != name || object.workspace() != workspace) {
    return wrong("it is about \"" + object.workspace() + "/" + object.kind() + "/" + object.name() + "\", not " +
                 workspace + "/" + kind.name() + "/" + name);
  }
  if (!kind.NewSpec()->ParseFromString(object.spec())) return wrong("its spec is damaged");
  if (!view.actual().empty() && !kind.NewSpec()->ParseFromString(view.actual()))
    return wrong("what it found is damaged");
  if (!kind.NewStatus()->ParseFromString(view.status())) return wrong("its status is damaged");
  return Ok();
}

sdk::Attribute ComputedAttribute(std::string name, sdk::Type type, std::string description) {
  sdk::Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = std::move(type);
  attribute.computed = true;
  attribute.description = std::move(description);
  return attribute;
}

std::vector<sdk::Attribute> ObjectAttributes(const kinds::Kind& kind) {
  const sdk::Type text = sdk::Type::String();
  std::vector<sdk::Attribute> attributes;
  attributes.push_back(ComputedAttribute("name", text, "The object's name."));
  attributes.push_back(ComputedAttribute("id", text, "`workspace/name`."));
  attributes.push_back(
      ComputedAttribute("owner", text, "Who declares it: `tofu:<stack>`, `git:<source>`, `cli:<set>`."));
  attributes.push_back(ComputedAttribute(
      "phase", text, "`pending`, `converging`, `ready`, `degraded`, `stalled`, `paused` or `deleting`."));
  attributes.push_back(ComputedAttribute("labels", sdk::Type::Map(text), "Its labels."));
  for (sdk::Attribute& attribute : AttributesOf(kind.schema(), Use::kComputed)) {
    attributes.push_back(std::move(attribute));
  }
  sdk::Attribute status = ComputedAttribute("status", sdk::Type::Dynamic(), "What is so now.");
  status.nesting = sdk::Nesting::kSingle;
  status.attributes = AttributesOf(kind.status_schema(), Use::kComputed);
  attributes.push_back(std::move(status));
  return attributes;
}

Value ObjectValue(const kinds::Kind& kind, const v1::ObjectView& view) {
  const v1::StoredObject& object = view.object();
  const auto spec = kind.NewSpec();
  if (!spec->ParseFromString(object.spec())) spec->Clear();
  const auto status = kind.NewStatus();
  if (!status->ParseFromString(view.status())) status->Clear();
  Value value = FromMessage(kind.schema(), *spec, Value::Null());
  for (const kinds::Field& field : kind.schema().fields()) {
    if (field.rule.write_only) value.RemoveField(AttributeName(kind.schema(), field));
  }
  value.SetField("name", Value::String(object.name()));
  value.SetField("id", Value::String(object.workspace() + "/" + object.name()));
  value.SetField("owner", Value::String(object.owner()));
  value.SetField("phase", Value::String(std::string(client::PhaseWord(view.phase()))));
  value.SetField("labels", LabelsValue({object.labels().begin(), object.labels().end()}));
  value.SetField("status", FromMessage(kind.status_schema(), *status, Value::Null()));
  return value;
}

Labels LabelsOf(const Value& value) {
  Labels labels;
  for (const auto& [key, label] : value.fields()) {
    if (label.has_value()) labels[key] = label.StringOr("");
  }
  return labels;
}

Value LabelsValue(const Labels& labels) {
  Value::Fields fields;
  for (const auto& [key, label] : labels) fields[key] = Value::String(label);
  return Value::Map(std::move(fields));
}

Labels EffectiveLabels(const Labels& defaults, const Labels& own) {
  Labels effective = own;
  effective.insert(defaults.begin(), defaults.end());
  return effective;
}

Value OwnLabels(const Labels& defaults, const Labels& effective, const Value& prior) {
  Labels own;
  for (const auto& [key, label] : effective) {
    const auto usual = defaults.find(key);
    const bool by_default = usual != defaults.end() && usual->second == label && !prior.Has(key);
    if (!by_default) own[key] = label;
  }
  if (!own.empty()) return LabelsValue(own);
  return prior.has_value() && prior.fields().empty() ? prior : Value::Null();
}

}  // namespace podwright::provider
