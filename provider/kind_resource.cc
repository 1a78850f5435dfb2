#include "provider/kind_resource.h"

#include <google/protobuf/message.h>

#include <algorithm>

#include "core/random.h"
#include "kinds/validate.h"
#include "provider/attributes.h"
#include "provider/describe.h"
#include "provider/sdk/log.h"

namespace podwright::provider {

namespace {

using sdk::Value;

// "workspace/name" in its parts.
std::pair<std::string, std::string> SplitId(const std::string& id, const std::string& workspace) {
  const auto slash = id.find('/');
  if (slash == std::string::npos) return {workspace, id};
  return {id.substr(0, slash), id.substr(slash + 1)};
}

sdk::Attribute Computed(std::string name, sdk::Type type, std::string description) {
  sdk::Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = std::move(type);
  attribute.computed = true;
  attribute.description = std::move(description);
  return attribute;
}

void SetLabels(const Value& plan, v1::DesiredObject* object) {
  for (const auto& [key, value] : plan.Get("labels").fields()) {
    if (value.has_value()) (*object->mutable_labels())[key] = value.StringOr("");
  }
}

Value LabelsValue(const v1::StoredObject& object, const Value& prior) {
  if (object.labels().empty()) return prior.has_value() && prior.fields().empty() ? prior : Value::Null();
  Value::Fields labels;
  for (const auto& [key, value] : object.labels()) labels[key] = Value::String(value);
  return Value::Map(std::move(labels));
}

}  // namespace

struct KindResource::Written {
  bool ok = false;
  bool stored = false;  // the control plane has the object, whatever came after
  v1::ObjectView view;
  bool has_view = false;
};

sdk::Schema KindResource::GetSchema() const {
  sdk::Schema schema;
  schema.description = kind_.doc();
  sdk::Attribute id = Computed("id", sdk::Type::String(), "`workspace/name`.");
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
  labels.description = "Labels, for selecting objects.";
  schema.attributes.push_back(std::move(labels));
  for (sdk::Attribute& attribute : AttributesOf(kind_.schema(), Use::kConfigured)) {
    schema.attributes.push_back(std::move(attribute));
  }
  sdk::Attribute status = Computed("status", sdk::Type::Dynamic(), "What is so now, as far as it is stable.");
  status.nesting = sdk::Nesting::kSingle;
  status.attributes = AttributesOf(kind_.status_schema(), Use::kComputed, Fields::kStable);
  schema.attributes.push_back(std::move(status));
  schema.attributes.push_back(
      Computed("planned_disruption", sdk::Type::String(),
               "The worst that the last plan which changed the object does to it: `none`, `reload`, "
               "`restart`, `failover`, `replace` or `data_loss`. For policies."));
  schema.attributes.push_back(
      Computed("plan_digest", sdk::Type::String(),
               "With the provider's `bind_plans`: the digest of the object's action list. Core then "
               "refuses to apply a saved plan whose actions have changed."));
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
  SetLabels(plan, object);
  const auto spec = kind_.NewSpec();
  sdk::Diagnostics wrong;
  ToMessage(kind_.schema(), config, spec.get(), has_unknown, wrong);
  if (config.Get("name").is_unknown() || !config.Get("labels").IsWhollyKnown()) *has_unknown = true;
  object->set_spec(spec->SerializeAsString());
  diagnostics.Append(wrong);
  return !wrong.HasError();
}

void KindResource::Validate(const sdk::ValidateRequest& request, sdk::Diagnostics& diagnostics) {
  v1::DesiredObject object;
  bool has_unknown = false;
  const auto spec = kind_.NewSpec();
  ToMessage(kind_.schema(), request.config, spec.get(), &has_unknown, diagnostics);
  const Value& name = request.config.Get("name");
  if (const std::string* text = name.AsString(); text != nullptr) {
    for (const kinds::Diagnostic& item : kinds::ValidateName(*text)) {
      diagnostics.AddError(item.message, item.suggestion, "name");
    }
  }
  // What is not known yet may be required: the rules are looked at when everything is there.
  if (has_unknown || diagnostics.HasError()) return;
  AddKindDiagnostics(kind_.schema(), kinds::Validate(kind_, *spec), Title(name.StringOr("")), diagnostics);
}

void KindResource::PlanStatus(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) const {
  const Value& before = request.state.Get("status");
  if (!before.has_value()) return;
  Value status = before;
  for (const kinds::Field& field : kind_.status_schema().fields()) {
    if (field.rule.volatile_fact || field.rule.known_unless_changed) continue;
    status.SetField(field.name, Value::Unknown());
  }
  response.plan.SetField("status", std::move(status));
}

void KindResource::PreviewInto(const v1::ApplyResponse& preview, sdk::ModifyPlanResponse& response,
                               bool destroy) const {
  bool open = false;  // something it refers to is made in the same apply: what will be done is known then
  for (const v1::Slice& slice : preview.plan().slices()) {
    if (slice.missing_size() > 0) {
      open = true;
    } else if (!slice.error().empty()) {
      response.diagnostics.AddError(Title(slice.object().name()) + ": cannot be planned", slice.error());
    }
  }
  for (const std::string& warning : DisruptionWarnings(preview.plan())) {
    response.diagnostics.AddWarning(warning, ActionList(preview.plan()));
  }
  if (open) return;
  for (const std::string& warning : preview.warnings()) response.diagnostics.AddWarning(warning, "");
  if (destroy) return;
  response.plan.SetField("planned_disruption", Value::String(DisruptionName(WorstDisruption(preview.plan()))));
  response.plan.SetField("plan_digest",
                         session_.bind_plans ? Value::String(HexDigest(preview.plan().digest())) : Value::Null());
}

void KindResource::ModifyPlan(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) {
  const bool destroy = request.plan.is_null();
  const bool create = request.state.is_null();
  if (!destroy && !create && request.plan == request.state) return;
  const auto [workspace, old_name] = SplitId(request.state.Get("id").StringOr(""), session_.workspace);
  if (!destroy && !create) {
    const Value& name = request.plan.Get("name");
    if (name.has_value() && name.StringOr("") != old_name) {
      response.diagnostics.AddError(
          "A name cannot be changed in place",
          "The object \"" + old_name +
              "\" keeps its name for life, because names on the servers derive from it. Put the old "
              "name back, or declare a second object and remove this one.",
          "name");
      return;
    }
    PlanStatus(request, response);
  }
  if (create && !destroy && !session_.bind_plans) response.plan.SetField("plan_digest", Value::Null());
  if (session_.backend == nullptr) return;  // the provider's configuration is not known yet: no preview

  v1::ApplyRequest apply = NewRequest(workspace);
  apply.set_dry_run(true);
  bool has_unknown = false;
  if (destroy) {
    v1::ObjectRef* ref = apply.add_deletes();
    ref->set_kind(kind_.name());
    ref->set_name(old_name);
  } else {
    if (!FillObject(request.plan, request.config, apply.add_puts(), &has_unknown, response.diagnostics)) return;
    if (has_unknown) return;  // planned_disruption and plan_digest stay unknown
  }
  const Result<v1::ApplyResponse> preview = session_.backend->Apply(apply, request.cancellation);
  if (!preview.ok()) {
    response.diagnostics.AddError(
        Title(destroy ? old_name : request.plan.Get("name").StringOr("")) + ": cannot be planned", preview.error());
    return;
  }
  PreviewInto(*preview, response, destroy);
}

KindResource::Written KindResource::Write(const Value& plan, const Value& config,
                                          const sdk::CancellationToken& cancellation,
                                          sdk::Diagnostics& diagnostics) const {
  Written written;
  if (session_.backend == nullptr) {
    diagnostics.AddError("The provider is not configured",
                         "Its configuration was not wholly known when it was needed.");
    return written;
  }
  v1::ApplyRequest request = NewRequest(SplitId(plan.Get("id").StringOr(""), session_.workspace).first);
  bool has_unknown = false;
  if (!FillObject(plan, config, request.add_puts(), &has_unknown, diagnostics)) return written;
  if (const std::string* digest = plan.Get("plan_digest").AsString(); digest != nullptr && session_.bind_plans) {
    if (const auto bytes = DigestBytes(*digest); bytes.ok()) request.set_plan_digest(*bytes);
  }
  request.set_idempotency_key("tofu-" + SystemRandom().Id(26));
  const std::string name = request.puts(0).name();
  const Result<v1::ApplyResponse> applied = session_.backend->Apply(request, cancellation);
  if (!applied.ok()) {
    diagnostics.AddError(Title(name) + ": cannot be applied", applied.error());
    return written;
  }
  written.stored = true;
  for (const std::string& warning : applied->warnings()) diagnostics.AddWarning(warning, "");
  if (!applied->run().empty())
    AwaitRun(*session_.backend, request.workspace(), applied->run(), Title(name), cancellation, diagnostics);
  v1::GetRequest get;
  get.set_workspace(request.workspace());
  get.mutable_object()->set_kind(kind_.name());
  get.mutable_object()->set_name(name);
  if (const Result<v1::ObjectView> view = session_.backend->Get(get, cancellation); view.ok()) {
    written.view = *view;
    written.has_view = true;
  }
  written.ok = !diagnostics.HasError();
  return written;
}

// The planned state with what was unknown filled in from what is.
Value KindResource::Resolve(const Value& plan, const v1::ObjectView* view) const {
  Value state = plan;
  if (view != nullptr) {
    state.SetField("id", Value::String(view->object().workspace() + "/" + view->object().name()));
    const auto status = kind_.NewStatus();
    if (status->ParseFromString(view->status())) {
      const Value now = FromMessage(kind_.status_schema(), *status, Value::Null(), Fields::kStable);
      const Value planned = plan.Get("status");
      if (!planned.has_value()) {
        state.SetField("status", now);
      } else {
        Value merged = planned;
        for (const auto& [name, value] : planned.fields()) {
          if (!value.IsWhollyKnown()) merged.SetField(name, now.Get(name));
        }
        state.SetField("status", std::move(merged));
      }
    }
  }
  for (const char* name : {"id", "status", "planned_disruption", "plan_digest"}) {
    if (!state.Get(name).IsWhollyKnown()) state.SetField(name, Value::Null());
  }
  if (state.Get("planned_disruption").is_null()) state.SetField("planned_disruption", Value::String("none"));
  return state;
}

void KindResource::Create(const sdk::CreateRequest& request, sdk::CreateResponse& response) {
  const Written written = Write(request.plan, request.config, request.cancellation, response.diagnostics);
  if (!written.stored) return;  // nothing was made: no state, nothing to taint
  response.state = Resolve(request.plan, written.has_view ? &written.view : nullptr);
  if (response.state.Get("id").is_null()) {
    response.state.SetField("id", Value::String(session_.workspace + "/" + request.plan.Get("name").StringOr("")));
  }
}

void KindResource::Update(const sdk::UpdateRequest& request, sdk::UpdateResponse& response) {
  const Written written = Write(request.plan, request.config, request.cancellation, response.diagnostics);
  // A failed update keeps the state of before: the next plan shows again what is still to be done.
  if (written.ok) response.state = Resolve(request.plan, written.has_view ? &written.view : nullptr);
}

Value KindResource::ToState(const v1::ObjectView& view, const Value& prior) const {
  const auto spec = kind_.NewSpec();
  const bool has_actual = !view.actual().empty() && spec->ParseFromString(view.actual());
  if (!has_actual && !spec->ParseFromString(view.object().spec())) spec->Clear();
  Value state = FromMessage(kind_.schema(), *spec, prior);
  state.SetField("id", Value::String(view.object().workspace() + "/" + view.object().name()));
  state.SetField("name", Value::String(view.object().name()));
  state.SetField("labels", LabelsValue(view.object(), prior.Get("labels")));
  const auto status = kind_.NewStatus();
  if (!status->ParseFromString(view.status())) status->Clear();
  state.SetField("status", FromMessage(kind_.status_schema(), *status, Value::Null(), Fields::kStable));
  const Value& disruption = prior.Get("planned_disruption");
  state.SetField("planned_disruption", disruption.has_value() ? disruption : Value::String("none"));
  state.SetField("plan_digest", prior.Get("plan_digest"));
  return state;
}

void KindResource::Read(const sdk::ReadRequest& request, sdk::ReadResponse& response) {
  if (session_.backend == nullptr) return;  // keeps the state: the provider's configuration is not known yet
  const auto [workspace, name] = SplitId(request.state.Get("id").StringOr(""), session_.workspace);
  v1::GetRequest get;
  get.set_workspace(workspace);
  get.mutable_object()->set_kind(kind_.name());
  get.mutable_object()->set_name(name);
  get.set_refresh(true);
  const Result<v1::ObjectView> view = session_.backend->Get(get, request.cancellation);
  if (!view.ok()) {
    if (view.error().code() == ErrorCode::kNotFound) {
      response.state = Value::Null();
    } else {
      response.diagnostics.AddError(Title(name) + ": cannot be read", view.error());
    }
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

void KindResource::Delete(const sdk::DeleteRequest& request, sdk::DeleteResponse& response) {
  if (session_.backend == nullptr) {
    response.diagnostics.AddError("The provider is not configured",
                                  "Its configuration was not wholly known when it was needed.");
    return;
  }
  const auto [workspace, name] = SplitId(request.state.Get("id").StringOr(""), session_.workspace);
  v1::ApplyRequest apply = NewRequest(workspace);
  apply.set_idempotency_key("tofu-" + SystemRandom().Id(26));
  v1::ObjectRef* ref = apply.add_deletes();
  ref->set_kind(kind_.name());
  ref->set_name(name);
  const Result<v1::ApplyResponse> applied = session_.backend->Apply(apply, request.cancellation);
  if (!applied.ok()) {
    if (applied.error().code() != ErrorCode::kNotFound) {
      response.diagnostics.AddError(Title(name) + ": cannot be deleted", applied.error());
    }
    return;
  }
  for (const std::string& warning : applied->warnings()) response.diagnostics.AddWarning(warning, "");
  if (!applied->run().empty()) {
    AwaitRun(*session_.backend, workspace, applied->run(), Title(name), request.cancellation, response.diagnostics);
  }
}

void KindResource::Import(const sdk::ImportRequest& request, sdk::ImportResponse& response) {
  const auto [workspace, name] = SplitId(request.id, session_.workspace);
  if (!kinds::IsValidName(name) || !kinds::IsValidName(workspace)) {
    response.diagnostics.AddError(
        "Wrong import id", "\"" + request.id + "\" is neither NAME nor WORKSPACE/NAME of a " + kind_.name() + ".");
    return;
  }
  response.state = Value::Object({{"id", Value::String(workspace + "/" + name)}, {"name", Value::String(name)}});
}

}  // namespace podwright::provider
