#include "provider/kind_data_source.h"

#include <google/protobuf/message.h>

#include "provider/attributes.h"

namespace podwright::provider {

namespace {
using sdk::Value;

std::string PhaseName(v1::Phase phase) {
  switch (phase) {
    case v1::PHASE_PENDING: return "pending";
    case v1::PHASE_CONVERGING: return "converging";
    case v1::PHASE_READY: return "ready";
    case v1::PHASE_DEGRADED: return "degraded";
    case v1::PHASE_STALLED: return "stalled";
    case v1::PHASE_PAUSED: return "paused";
    case v1::PHASE_DELETING: return "deleting";
    default: return "unknown";
  }
}

sdk::Attribute ComputedText(std::string name, std::string description) {
  sdk::Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = sdk::Type::String();
  attribute.computed = true;
  attribute.description = std::move(description);
  return attribute;
}
}  // namespace

sdk::Schema KindDataSource::GetSchema() const {
  sdk::Schema schema;
  schema.description = kind_.doc();
  sdk::Attribute name;
  name.name = "name";
  name.type = sdk::Type::String();
  name.required = true;
  name.description = "The object's name.";
  schema.attributes.push_back(std::move(name));
  schema.attributes.push_back(ComputedText("id", "`workspace/name`."));
  schema.attributes.push_back(ComputedText("owner", "Who declares it: `tofu:<stack>`, `git:<source>`, `cli:<set>`."));
  schema.attributes.push_back(
      ComputedText("phase", "`pending`, `converging`, `ready`, `degraded`, `stalled`, `paused` or `deleting`."));
  sdk::Attribute labels = ComputedText("labels", "Its labels.");
  labels.type = sdk::Type::Map(sdk::Type::String());
  schema.attributes.push_back(std::move(labels));
  for (sdk::Attribute& attribute : AttributesOf(kind_.schema(), Use::kComputed))
    schema.attributes.push_back(std::move(attribute));
  sdk::Attribute status = ComputedText("status", "What is so now.");
  status.type = sdk::Type::Dynamic();
  status.nesting = sdk::Nesting::kSingle;
  status.attributes = AttributesOf(kind_.status_schema(), Use::kComputed);
  schema.attributes.push_back(std::move(status));
  return schema;
}

void KindDataSource::Read(const sdk::ReadDataRequest& request, sdk::ReadDataResponse& response) {
  if (session_.backend == nullptr) {
    response.diagnostics.AddError("The provider is not configured", "Its configuration is not wholly known yet.");
    return;
  }
  v1::GetRequest get;
  get.set_workspace(session_.workspace);
  get.set_refresh(true);
  get.mutable_object()->set_kind(kind_.name());
  get.mutable_object()->set_name(request.config.Get("name").StringOr(""));
  const Result<v1::ObjectView> view = session_.backend->Get(get, request.cancellation);
  if (!view.ok()) {
    response.diagnostics.AddError(kind_.name() + "/" + get.object().name() + ": cannot be read", view.error(), "name");
    return;
  }
  const v1::StoredObject& object = view->object();
  const auto spec = kind_.NewSpec();
  if (!spec->ParseFromString(object.spec())) spec->Clear();
  const auto status = kind_.NewStatus();
  if (!status->ParseFromString(view->status())) status->Clear();
  Value state = FromMessage(kind_.schema(), *spec, Value::Null());
  for (const kinds::Field& field : kind_.schema().fields()) {
    if (field.rule.write_only) state.RemoveField(AttributeName(kind_.schema(), field));
  }
  Value::Fields labels;
  for (const auto& [key, value] : object.labels()) labels[key] = Value::String(value);
  state.SetField("name", Value::String(object.name()));
  state.SetField("id", Value::String(object.workspace() + "/" + object.name()));
  state.SetField("owner", Value::String(object.owner()));
  state.SetField("phase", Value::String(PhaseName(view->phase())));
  state.SetField("labels", Value::Map(std::move(labels)));
  state.SetField("status", FromMessage(kind_.status_schema(), *status, Value::Null()));
  response.state = std::move(state);
}

}  // namespace podwright::provider
