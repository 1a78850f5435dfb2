#include <google/protobuf/message.h>

#include "core/random.h"
#include "provider/attributes.h"
#include "provider/describe.h"
#include "provider/kind_resource.h"
#include "provider/object_values.h"
#include "provider/resume.h"
#include "provider/run_follow.h"
#include "provider/sdk/log.h"

namespace podwright::provider {

namespace {

using sdk::Value;
using std::chrono::seconds;

// For questions about what may have happened: asked also after an interruption, so they do not wait for long.
constexpr seconds kRepeatTimeout{30};
constexpr seconds kLookTimeout{10};

// Whether a call that ended so may have been carried out.
bool MayBeDone(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kCancelled:
    case ErrorCode::kUnknown:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kInternal:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDataLoss: return true;
    default: return false;
  }
}

}  // namespace

struct KindResource::Written {
  enum class Outcome {
    kNothing,  // the control plane has refused it
    kUnsure,   // whether it has it is not known
    kStored,   // the control plane has the object, whatever came after
  };
  Outcome outcome = Outcome::kNothing;
  bool ok = false;
  std::string run;
  v1::ObjectView view;
  bool has_view = false;
};

// Whether what the control plane has is what this apply wanted. Values of secrets are not part of what it shows.
bool KindResource::IsAsWanted(const v1::DesiredObject& wanted, const v1::StoredObject& found) const {
  const auto a = kind_.NewSpec();
  const auto b = kind_.NewSpec();
  if (!a->ParseFromString(wanted.spec()) || !b->ParseFromString(found.spec())) return false;
  return found.owner() == session_.owner && found.lifecycle() == v1::LIFECYCLE_LIVE &&
         Labels(wanted.labels().begin(), wanted.labels().end()) ==
             Labels(found.labels().begin(), found.labels().end()) &&
         FromMessage(kind_.schema(), *a, Value::Null()) == FromMessage(kind_.schema(), *b, Value::Null());
}

// The answer to an Apply is lost. With the same idempotency key the control plane gives it again, and does nothing
// twice; else it is asked what it has under that name.
KindResource::Written KindResource::FindAfterLostAnswer(const v1::ApplyRequest& request, const Error& lost,
                                                        const sdk::CancellationToken& cancellation,
                                                        sdk::Diagnostics& diagnostics) const {
  Written written;
  const v1::DesiredObject& wanted = request.puts(0);
  sdk::Log(sdk::LogLevel::kWarn, "the answer to an apply is lost: asking for it",
           {{"object", Title(wanted.name())}, {"error", lost.message()}});
  if (!cancellation.cancelled()) {
    const Result<v1::ApplyResponse> again = session_.backend->Apply(request, Call::AtMost(kRepeatTimeout));
    if (again.ok()) {
      written.outcome = Written::Outcome::kStored;
      written.run = again->run();
      for (const std::string& warning : again->warnings()) diagnostics.AddWarning(warning, "");
      return written;
    }
  }
  const Result<v1::ObjectView> view =
      session_.backend->Get(GetRequestOf(kind_, request.workspace(), wanted.name()), Call::AtMost(kLookTimeout));
  const Status usable = view.ok() ? CheckView(kind_, request.workspace(), wanted.name(), *view) : Status(view.error());
  if (usable.ok() && IsAsWanted(wanted, view->object())) {
    written.outcome = Written::Outcome::kStored;
    written.view = *view;
    written.has_view = true;
    if (view->phase() == v1::PHASE_CONVERGING || view->phase() == v1::PHASE_PENDING) written.run = view->last_run();
    return written;
  }
  written.outcome = Written::Outcome::kUnsure;
  diagnostics.AddError(Title(wanted.name()) + ": what became of it is not known",
                       lost.ToString() + "\nAsked again: " +
                           (usable.ok() ? "the object is as it was before" : usable.error().message()) +
                           "; what was sent may still arrive.\nThe state notes its name, so that it cannot be lost: "
                           "the next plan asks for it, and an "
                           "apply takes up what is there.");
  return written;
}

KindResource::Written KindResource::Write(const Value& plan, const Value& config,
                                          const sdk::CancellationToken& cancellation,
                                          sdk::Diagnostics& diagnostics) const {
  Written written;
  if (!IsConfigured(diagnostics)) return written;
  v1::ApplyRequest request = NewRequest(SplitId(plan.Get("id").StringOr(""), session_.workspace).first);
  bool has_unknown = false;
  if (!FillObject(plan, config, request.add_puts(), &has_unknown, diagnostics)) return written;
  if (const std::string* digest = plan.Get("plan_digest").AsString(); digest != nullptr && session_.bind_plans) {
    if (const auto bytes = DigestBytes(*digest); bytes.ok()) request.set_plan_digest(*bytes);
  }
  request.set_idempotency_key("tofu-" + SystemRandom().Id(26));
  const std::string name = request.puts(0).name();
  const Result<v1::ApplyResponse> applied = session_.backend->Apply(request, Call::Patient(cancellation));
  if (applied.ok()) {
    written.outcome = Written::Outcome::kStored;
    written.run = applied->run();
    for (const std::string& warning : applied->warnings()) diagnostics.AddWarning(warning, "");
  } else if (MayBeDone(applied.error())) {
    written = FindAfterLostAnswer(request, applied.error(), cancellation, diagnostics);
  } else {
    diagnostics.AddError(Title(name) + ": cannot be applied", applied.error());
  }
  if (written.outcome != Written::Outcome::kStored) return written;

  if (!written.run.empty()) {
    FollowRun(*session_.backend, request.workspace(), written.run, Title(name), cancellation, diagnostics);
  }
  // Asked after an interruption, too: the state is to say what there is.
  const bool in_trouble = diagnostics.HasError();
  const Result<v1::ObjectView> view =
      session_.backend->Get(GetRequestOf(kind_, request.workspace(), name),
                            in_trouble ? Call::AtMost(kLookTimeout) : Call::Patient(cancellation));
  const Status usable = view.ok() ? CheckView(kind_, request.workspace(), name, *view) : Status(view.error());
  if (usable.ok()) {
    written.view = *view;
    written.has_view = true;
  } else if (!in_trouble) {
    diagnostics.AddError(Title(name) + ": was applied, and cannot be read", usable.error());
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
      const Value& planned = plan.Get("status");
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
  for (const char* name : {"id", "status", "planned_disruption", "plan_digest", "plan_facts"}) {
    if (!state.Get(name).IsWhollyKnown()) state.SetField(name, Value::Null());
  }
  if (!state.Get("effective_labels").IsWhollyKnown()) state.SetField("effective_labels", PlannedLabels(plan));
  if (state.Get("planned_disruption").is_null()) state.SetField("planned_disruption", Value::String("none"));
  return state;
}

void KindResource::Create(const sdk::CreateRequest& request, sdk::CreateResponse& response) {
  response.private_state.clear();
  const Written written = Write(request.plan, request.config, request.cancellation, response.diagnostics);
  if (written.outcome == Written::Outcome::kNothing) return;  // no state, nothing to taint
  response.state = Resolve(request.plan, written.has_view ? &written.view : nullptr);
  const std::string name = request.plan.Get("name").StringOr("");
  session_.declared_here.Add(session_.workspace, kind_.name(), name);
  if (response.state.Get("id").is_null()) {
    response.state.SetField("id", Value::String(session_.workspace + "/" + name));
  }
}

void KindResource::Update(const sdk::UpdateRequest& request, sdk::UpdateResponse& response) {
  response.private_state.clear();
  const Written written = Write(request.plan, request.config, request.cancellation, response.diagnostics);
  // A failed update keeps the state of before: the next plan shows again what is still to be done.
  if (written.ok) response.state = Resolve(request.plan, written.has_view ? &written.view : nullptr);
}

void KindResource::Delete(const sdk::DeleteRequest& request, sdk::DeleteResponse& response) {
  if (!IsConfigured(response.diagnostics)) return;
  const auto [workspace, name] = SplitId(request.state.Get("id").StringOr(""), session_.workspace);
  if (session_.declared_here.Has(workspace, kind_.name(), name)) {
    response.diagnostics.AddWarning(
        Title(name) + ": is kept, since this apply declares it",
        "A resource with the same name was created before this one was destroyed, and the object is now that one's. "
        "Names are unique: create_before_destroy cannot make a second one.");
    return;
  }
  v1::ApplyRequest apply = NewRequest(workspace);
  apply.set_idempotency_key("tofu-" + SystemRandom().Id(26));
  apply.set_hold_deletes(request.private_state == resume::kTakeUp);
  v1::ObjectRef* ref = apply.add_deletes();
  ref->set_kind(kind_.name());
  ref->set_name(name);
  const Result<v1::ApplyResponse> applied = session_.backend->Apply(apply, Call::Patient(request.cancellation));
  if (!applied.ok()) {
    if (applied.error().code() == ErrorCode::kNotFound) return;
    // The object stays in the state: deleting it again is no error where it has gone meanwhile.
    response.diagnostics.AddError(Title(name) + ": cannot be deleted", applied.error());
    return;
  }
  for (const std::string& warning : applied->warnings()) response.diagnostics.AddWarning(warning, "");
  if (!applied->run().empty()) {
    FollowRun(*session_.backend, workspace, applied->run(), Title(name), request.cancellation, response.diagnostics);
  }
}

}  // namespace podwright::provider
