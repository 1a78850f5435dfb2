#include "provider/kind_resource.h"

#include <google/protobuf/message.h>

#include "kinds/validate.h"
#include "provider/attributes.h"
#include "provider/object_values.h"

namespace podwright::provider {

using sdk::Value;

sdk::Schema KindResource::GetSchema() const {
  sdk::Schema schema;
  schema.description = kind_.doc();
  schema.timeouts = sdk::Timeouts{.create = std::chrono::hours(1),
                                  .read = std::chrono::minutes(5),
                                  .update = std::chrono::hours(1),
                                  .remove = std::chrono::hours(1)};
  sdk::Attribute id = ComputedAttribute("id", sdk::Type::String(), "`workspace/name`.");
  id.use_state_for_unknown = true;
  schema.attributes.push_back(std::move(id));
  sdk::Attribute name;
  name.name = "name";
  name.type = sdk::Type::String();
  name.required = true;
  name.description =
      "The object's name: a lower-case letter, then letters, digits and hyphens. It cannot be changed in place.";
  schema.attributes.push_back(std::move(name));
  sdk::Attribute labels;
  labels.name = "labels";
  labels.type = sdk::Type::Map(sdk::Type::String());
  labels.optional = true;
  labels.description = "Labels, for selecting objects. They win over the provider's `default_labels`.";
  schema.attributes.push_back(std::move(labels));
  schema.attributes.push_back(ComputedAttribute("effective_labels", sdk::Type::Map(sdk::Type::String()),
                                                "All its labels, with the provider's `default_labels`."));
  for (sdk::Attribute& attribute : AttributesOf(kind_.schema(), Use::kConfigured)) {
    schema.attributes.push_back(std::move(attribute));
  }
  sdk::Attribute status = ComputedAttribute("status", sdk::Type::Dynamic(), "What is so now, as far as it is stable.");
  status.nesting = sdk::Nesting::kSingle;
  status.attributes = AttributesOf(kind_.status_schema(), Use::kComputed, Fields::kStable);
  schema.attributes.push_back(std::move(status));
  schema.attributes.push_back(
      ComputedAttribute("planned_disruption", sdk::Type::String(),
                        "The worst that the last plan which changed the object does to it: `none`, `reload`, "
                        "`restart`, `failover`, `replace` or `data_loss`. For policies."));
  schema.attributes.push_back(
      ComputedAttribute("plan_digest", sdk::Type::String(),
                        "With the provider's `bind_plans`: the digest of the object's action list. Core then "
                        "refuses to apply a saved plan whose actions have changed."));
  schema.attributes.push_back(ComputedAttribute(
      "plan_facts", sdk::Type::Map(sdk::Type::String()),
      "With the provider's `bind_plans`: what the object's plan was made from, and the digest of each "
      "fact. Where core refuses a saved plan, its error names the one that has changed."));
  return schema;
}

v1::ApplyRequest KindResource::NewRequest(const std::string& workspace) const {
  v1::ApplyRequest request;
  request.set_workspace(workspace);
  request.set_owner(session_.owner);
  request.set_scope(v1::APPLY_SCOPE_LISTED);
  request.set_allow_dangling(true);
  return request;
}

bool KindResource::FillObject(const Value& plan, const Value& config, v1::DesiredObject* object, bool* has_unknown,
                              sdk::Diagnostics& diagnostics) const {
  object->set_kind(kind_.name());
  object->set_name(plan.Get("name").StringOr(""));
  object->set_schema_revision(kind_.schema_revision());
  for (const auto& [key, label] : LabelsOf(PlannedLabels(plan))) (*object->mutable_labels())[key] = label;
  const auto spec = kind_.NewSpec();
  sdk::Diagnostics wrong;
  ToMessage(kind_.schema(), config, spec.get(), has_unknown, wrong);
  if (config.Get("name").is_unknown() || !config.Get("labels").IsWhollyKnown()) *has_unknown = true;
  object->set_spec(spec->SerializeAsString());
  diagnostics.Append(wrong);
  return !wrong.HasError();
}

bool KindResource::IsConfigured(sdk::Diagnostics& diagnostics) const {
  if (session_.backend != nullptr) return true;
  diagnostics.AddError("The provider is not configured",
                       "Of its configuration " + session_.unknown + " was not known when it was needed.");
  return false;
}

void KindResource::Validate(const sdk::ValidateRequest& request, sdk::Diagnostics& diagnostics) {
  bool has_unknown = false;
  const auto spec = kind_.NewSpec();
  sdk::Diagnostics unreadable;
  ToMessage(kind_.schema(), request.config, spec.get(), &has_unknown, unreadable);
  diagnostics.Append(unreadable);
  const Value& name = request.config.Get("name");
  if (const std::string* text = name.AsString(); text != nullptr) {
    for (const kinds::Diagnostic& item : kinds::ValidateName(*text)) {
      diagnostics.AddError(item.message, item.suggestion, "name");
    }
  }
  for (const kinds::Diagnostic& item : kinds::ValidateLabels(LabelsOf(request.config.Get("labels")))) {
    diagnostics.AddError(Title(name.StringOr("")) + ": " + item.message, item.suggestion, "labels");
  }
  // What is not known yet may be required: the rules are looked at when everything is there.
  if (has_unknown || unreadable.HasError()) return;
  AddKindDiagnostics(kind_.schema(), kinds::Validate(kind_, *spec), Title(name.StringOr("")), diagnostics);
}

Value KindResource::ToState(const v1::ObjectView& view, const Value& prior) const {
  const auto spec = kind_.NewSpec();
  const bool has_actual = !view.actual().empty() && spec->ParseFromString(view.actual());
  if (!has_actual && !spec->ParseFromString(view.object().spec())) spec->Clear();
  Value state = FromMessage(kind_.schema(), *spec, prior);
  state.SetField("id", Value::String(view.object().workspace() + "/" + view.object().name()));
  state.SetField("name", Value::String(view.object().name()));
  const Labels labels(view.object().labels().begin(), view.object().labels().end());
  state.SetField("labels", OwnLabels(session_.default_labels, labels, prior.Get("labels")));
  state.SetField("effective_labels", LabelsValue(labels));
  const auto status = kind_.NewStatus();
  if (!status->ParseFromString(view.status())) status->Clear();
  state.SetField("status", FromMessage(kind_.status_schema(), *status, Value::Null(), Fields::kStable));
  const Value& disruption = prior.Get("planned_disruption");
  state.SetField("planned_disruption", disruption.has_value() ? disruption : Value::String("none"));
  for (const char* name : {"plan_digest", "plan_facts"}) state.SetField(name, prior.Get(name));
  return state;
}

void KindResource::Read(const sdk::ReadRequest& request, sdk::ReadResponse& response) {
  if (session_.backend == nullptr) return;  // keeps the state: the provider's configuration is not known yet
  const auto [workspace, name] = SplitId(request.state.Get("id").StringOr(""), session_.workspace);
  v1::GetRequest get = GetRequestOf(kind_, workspace, name);
  get.set_refresh(true);
  const Result<v1::ObjectView> view = session_.backend->Get(get, request.cancellation);
  if (!view.ok() && view.error().code() == ErrorCode::kNotFound) {
    response.state = Value::Null();
    return;
  }
  const Status usable = view.ok() ? CheckView(kind_, workspace, name, *view) : Status(view.error());
  if (!usable.ok()) {
    response.diagnostics.AddError(Title(name) + ": cannot be read", usable.error());
    return;
  }
  if (view->object().lifecycle() == v1::LIFECYCLE_TOMBSTONE) {
    response.state = Value::Null();
    return;
  }
  if (view->object().owner() != session_.owner) {
    response.diagnostics.AddWarning(
        Title(name) + ": belongs to " + view->object().owner(),
        "This stack is " + session_.owner + ". An apply that changes the object will be refused.");
  }
  response.state = ToState(*view, request.state);
}

}  // namespace podwright::provider
