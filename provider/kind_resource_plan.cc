#include <algorithm>

#include "provider/describe.h"
#include "provider/kind_resource.h"
#include "provider/object_values.h"
#include "provider/resume.h"

namespace podwright::provider {

using sdk::Value;

// The labels that the object is to have: as planned, where that is known.
Value KindResource::PlannedLabels(const Value& plan) const {
  const Value& planned = plan.Get("effective_labels");
  if (planned.has_value() && planned.IsWhollyKnown()) return planned;
  if (!plan.Get("labels").IsWhollyKnown()) return Value::Unknown();
  return LabelsValue(EffectiveLabels(session_.default_labels, LabelsOf(plan.Get("labels"))));
}

void KindResource::PlanStatus(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) const {
  const Value& before = request.state.Get("status");
  if (!before.has_value()) return;
  Value status = before;
  for (const kinds::Field& field : kind_.status_schema().fields()) {
    if (field.rule.volatile_fact) continue;
    const bool stays =
        field.rule.known_unless_changed &&
        std::none_of(field.rule.changes_with.begin(), field.rule.changes_with.end(), [&](const std::string& attribute) {
          return !(request.plan.Get(attribute) == request.state.Get(attribute));
        });
    if (stays) continue;
    status.SetField(field.name, Value::Unknown());
  }
  response.plan.SetField("status", std::move(status));
}

// False: nothing of the object changes, or it cannot.
bool KindResource::PlanUpdate(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) const {
  response.private_state = resume::kPlannedFromState;
  const std::string old_name = SplitId(request.state.Get("id").StringOr(""), session_.workspace).second;
  const Value& name = request.plan.Get("name");
  if (name.has_value() && name.StringOr("") != old_name) {
    response.diagnostics.AddError(
        "A name cannot be changed in place",
        "The object \"" + old_name +
            "\" keeps its name for life, because names on the servers derive from it. Put the old "
            "name back, or declare a second object and remove this one.",
        "name");
    return false;
  }
  Value without_timeouts = request.plan;  // they are not the object's
  if (request.state.Has("timeouts")) without_timeouts.SetField("timeouts", request.state.Get("timeouts"));
  const bool same_config = without_timeouts == request.state;
  // Other default labels change objects whose own configuration is the same.
  if (session_.backend != nullptr) {
    Value plan = request.plan;
    plan.SetField("effective_labels", Value::Unknown());
    const Value labels = PlannedLabels(plan);
    const bool same_labels = labels == request.state.Get("effective_labels");
    if (same_config && same_labels) return false;
    response.plan.SetField("effective_labels", labels);
  } else if (same_config) {
    return false;
  }
  PlanStatus(request, response);
  if (same_config) {
    for (const char* attribute : {"planned_disruption", "plan_digest", "plan_facts"}) {
      response.plan.SetField(attribute, Value::Unknown());
    }
  }
  return true;
}

void KindResource::PreviewInto(const v1::ApplyResponse& preview, const std::string& name, bool destroy,
                               sdk::ModifyPlanResponse& response) const {
  bool open = false;  // something it refers to is made in the same apply: what will be done is known then
  for (const v1::Slice& slice : preview.plan().slices()) {
    if (slice.missing_size() > 0) {
      open = true;
    } else if (slice.error().empty()) {
      continue;
    } else if (slice.object().kind() == kind_.name() && slice.object().name() == name) {
      response.diagnostics.AddError(Title(name) + ": cannot be planned", slice.error());
    } else if (!destroy) {
      response.diagnostics.AddWarning(
          slice.object().kind() + "/" + slice.object().name() + ": cannot be planned with this change of " +
              Title(name) + " alone",
          slice.error() + "\n\nWhere this apply changes or deletes it, too, nothing is wrong.");
    }
  }
  for (const std::string& warning : DisruptionWarnings(preview.plan())) {
    response.diagnostics.AddWarning(warning, ActionList(preview.plan()));
  }
  if (open) return;
  if (const std::string policy = PolicyText(preview.policy()); !policy.empty()) {
    const bool held = preview.policy().approval_needed() && !preview.policy().approved();
    response.diagnostics.AddWarning(
        Title(name) + (held ? ": policy holds this back until it is approved" : ": what policy says of this"), policy);
  }
  for (const std::string& warning : preview.warnings()) response.diagnostics.AddWarning(warning, "");
  if (destroy) return;
  response.plan.SetField("planned_disruption", Value::String(DisruptionName(WorstDisruption(preview.plan()))));
  if (!session_.bind_plans) return;
  response.plan.SetField("plan_digest", Value::String(HexDigest(preview.plan().digest())));
  Value::Fields facts;
  for (const auto& [fact, digest] : FactsOf(preview.plan())) facts[fact] = Value::String(digest);
  response.plan.SetField("plan_facts", Value::Map(std::move(facts)));
}

// A create of what is there already: Terraform holds it for failed and will destroy it first, or has lost its state.
void KindResource::NoticeExisting(const v1::ObjectView& found, const sdk::ModifyPlanRequest& request,
                                  sdk::ModifyPlanResponse& response) const {
  if (found.object().uid().empty() || found.object().owner() != session_.owner) return;
  // Planned with a state before this: somebody asked for a new one (-replace), and gets it.
  if (request.private_state == resume::kPlannedFromState || found.phase() == v1::PHASE_DELETING) return;
  response.diagnostics.AddWarning(
      Title(found.object().name()) + ": exists already and is taken up as it is",
      "It belongs to this stack. Its create was interrupted, its state was lost, or another address declares it, too. "
      "Nothing of it is wiped, also where the plan says that this resource is destroyed and created again: -replace "
      "does "
      "that. Where another address is destroyed instead, say with a `moved` block that this is the same object.");
}

// Where unknown values leave no preview that would tell.
void KindResource::LookForExisting(const std::string& workspace, const sdk::ModifyPlanRequest& request,
                                   sdk::ModifyPlanResponse& response) const {
  const std::string* name = request.plan.Get("name").AsString();
  if (name == nullptr) return;
  const Result<v1::ObjectView> found =
      session_.backend->Get(GetRequestOf(kind_, workspace, *name), request.cancellation);
  if (!found.ok() && found.error().code() == ErrorCode::kNotFound) return;
  const Status usable = found.ok() ? CheckView(kind_, workspace, *name, *found) : Status(found.error());
  if (!usable.ok()) {
    response.diagnostics.AddError(Title(*name) + ": cannot be planned", usable.error());
    return;
  }
  NoticeExisting(*found, request, response);
}

void KindResource::PlanCreate(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) const {
  if (request.private_state != resume::kPlannedFromState) response.private_state = resume::kTakeUp;
  if (session_.backend != nullptr) response.plan.SetField("effective_labels", PlannedLabels(request.plan));
}

void KindResource::ModifyPlan(const sdk::ModifyPlanRequest& request, sdk::ModifyPlanResponse& response) {
  const bool destroy = request.plan.is_null();
  const bool create = request.state.is_null() && !destroy;
  if (create) PlanCreate(request, response);
  if (!destroy && !create && !PlanUpdate(request, response)) return;
  if (session_.backend == nullptr) return;  // the provider's configuration is not known yet: no preview
  if (!destroy && !session_.bind_plans) {
    for (const char* attribute : {"plan_digest", "plan_facts"}) response.plan.SetField(attribute, Value::Null());
  }

  const auto [workspace, old_name] = SplitId(request.state.Get("id").StringOr(""), session_.workspace);
  v1::ApplyRequest apply = NewRequest(workspace);
  apply.set_dry_run(true);
  if (destroy) {
    v1::ObjectRef* ref = apply.add_deletes();
    ref->set_kind(kind_.name());
    ref->set_name(old_name);
  } else {
    bool has_unknown = false;
    if (!FillObject(response.plan, request.config, apply.add_puts(), &has_unknown, response.diagnostics)) return;
    if (has_unknown) {  // what the preview would tell stays unknown
      if (create) LookForExisting(workspace, request, response);
      return;
    }
  }
  Preview(apply, request, response);
}

void KindResource::Preview(const v1::ApplyRequest& dry_run, const sdk::ModifyPlanRequest& request,
                           sdk::ModifyPlanResponse& response) const {
  const bool destroy = dry_run.puts().empty();
  const std::string& name = destroy ? dry_run.deletes(0).name() : dry_run.puts(0).name();
  const Result<v1::ApplyResponse> preview = session_.backend->Apply(dry_run, request.cancellation);
  if (!preview.ok()) {
    response.diagnostics.AddError(Title(name) + ": cannot be planned", preview.error());
    return;
  }
  if (!destroy && request.state.is_null()) {
    for (const v1::ObjectView& view : preview->objects()) {
      if (view.object().kind() == kind_.name() && view.object().name() == name) NoticeExisting(view, request, response);
    }
  }
  PreviewInto(*preview, name, destroy, response);
}

}  // namespace podwright::provider
