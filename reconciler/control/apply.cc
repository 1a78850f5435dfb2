#include "reconciler/control/apply.h"

#include <google/protobuf/message.h>

#include "core/fault.h"
#include "kinds/canonical.h"
#include "reconciler/control/change.h"
#include "reconciler/control/readiness.h"
#include "reconciler/control/run_builder.h"
#include "reconciler/control/views.h"
#include "reconciler/planner/inputs.h"
#include "reconciler/store/helpers.h"

namespace podwright::control {
namespace {

constexpr std::size_t kPreviewsKept = 64;
constexpr std::size_t kMaxRememberedBytes = 512U << 10;

// The request's copy of secret values does not outlive the request.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(v1::ApplyRequest& request) : request_(request) {}
  ~WipeAtEnd() {
    for (v1::DesiredObject& put : *request_.mutable_puts()) put.mutable_spec()->assign(put.spec().size(), '\0');
  }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;

 private:
  v1::ApplyRequest& request_;
};

// Adds the time since it was last told where it is to the field where it was; begins with the check.
class Stopwatch {
 public:
  using Field = std::chrono::microseconds ApplyTimes::*;
  Stopwatch(Clock& clock, ApplyTimes& times) : clock_(clock), times_(times), since_(clock.Steady()) {}
  ~Stopwatch() { Enter(nullptr); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  void Enter(Field next) {
    const SteadyTime now = clock_.Steady();
    times_.*at_ += std::chrono::duration_cast<std::chrono::microseconds>(now - since_);
    since_ = now;
    at_ = next;
  }

 private:
  Clock& clock_;
  ApplyTimes& times_;
  SteadyTime since_;
  Field at_ = &ApplyTimes::check;
};

// What a repetition of a brief call is answered.
v1::ApplyResponse BriefOf(const v1::ApplyResponse& response) {
  v1::ApplyResponse out;
  out.set_run(response.run());
  *out.mutable_warnings() = response.warnings();
  out.mutable_plan()->set_digest(response.plan().digest());
  return out;
}

// Without values of secrets: a digest at rest must not help to guess them. That a value is another one is seen by
// the secrets' store, which knows the same idempotency key.
std::string RequestDigest(const v1::ApplyRequest& request) {
  v1::ApplyRequest bare = request;
  for (v1::DesiredObject& put : *bare.mutable_puts()) SecretDoor::DropValue(put.kind(), put.mutable_spec());
  return std::string(Sha256(kinds::CanonicalBytes(bare)).View());
}

}  // namespace

Result<v1::ApplyResponse> Apply::Run(const Caller& caller, v1::ApplyRequest request, const ApplyOptions& options) {
  ApplyTimes unread;
  Stopwatch watch(core_.deps.clock, options.times != nullptr ? *options.times : unread);
  PutPlaces settled;
  {
    const std::lock_guard<std::mutex> lock(core_.mutex);
    PW_TRY(ready_());
    settled = SettledPuts(core_, secrets_, request);
  }
  PW_TRY(CheckRequest(core_.deps.kinds, &request, settled));
  const WipeAtEnd wipe(request);
  std::string digest = options.request_digest;
  if (digest.empty() && !request.idempotency_key().empty() && !request.dry_run()) digest = RequestDigest(request);
  watch.Enter(&ApplyTimes::candidate);
  std::unique_lock<std::mutex> lock(core_.mutex);
  PW_TRY(ready_());
  PW_ASSIGN(auto remembered, Remembered(request, digest, options));
  if (remembered) return std::move(*remembered);
  PW_ASSIGN(Candidate candidate, MakeCandidate(core_, secrets_, request, settled));
  std::vector<std::string> away;
  Answers answers;
  const std::vector<Question> questions = Questions(candidate, request, &away);
  if (!questions.empty()) {
    lock.unlock();
    watch.Enter(&ApplyTimes::agents);
    answers = AskAgents(questions, &away);
    watch.Enter(&ApplyTimes::candidate);
    lock.lock();
    PW_TRY(ready_());
    PW_ASSIGN(remembered, Remembered(request, digest, options));
    if (remembered) return std::move(*remembered);
    // Made again: others may have changed what it stands on meanwhile.
    PW_ASSIGN(candidate, MakeCandidate(core_, secrets_, request, settled));
  }
  candidate.warnings.insert(candidate.warnings.end(), away.begin(), away.end());
  watch.Enter(&ApplyTimes::plan);
  PW_ASSIGN(Preview preview, MakePreview(request, candidate, answers));
  PW_TRY(CheckDigest(request, preview));
  if (!request.dry_run()) PW_TRY(CheckErrors(request, candidate, preview));
  const std::set<ObjectId> for_run = ForRun(request, candidate, preview);
  PW_ASSIGN(const PolicyJudgement judgement, Judge(caller, request, candidate, preview, for_run, options));
  if (request.dry_run()) return DryRun(request, candidate, preview, judgement, options);
  watch.Enter(&ApplyTimes::commit);
  return Commit(caller, request, digest, candidate, answers, preview, for_run, judgement, options);
}

Apply::Answers Apply::AskAgents(const std::vector<Question>& questions, std::vector<std::string>* away) {
  Answers answers;
  std::vector<Answer> replies = desk_.Ask(questions, core_.Steady() + core_.options.observe_timeout);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Question& question = questions[i];
    if (replies[i].answered) {
      answers[{question.object, question.server.server}] = std::move(replies[i].facts);
    } else {
      away->push_back("the agent of " + question.server.server + " did not say what it has of " +
                      question.object.Text() + " (" + replies[i].error + "): the plan stands on what was known before");
    }
  }
  return answers;
}

v1::ApplyResponse Apply::DryRun(const v1::ApplyRequest& request, const Candidate& candidate, Preview& preview,
                                const PolicyJudgement& judgement, const ApplyOptions& options) {
  Remember(request.workspace(), preview.plan);
  v1::ApplyResponse response;
  for (const ObjectId& id : options.brief ? std::set<ObjectId>() : candidate.Put()) {
    v1::ObjectView* view = response.add_objects();
    if (core_.tables.Find(id) != nullptr) *view = MakeView(core_, id);
    const auto put = candidate.puts.find(id);
    *view->mutable_object() = put != candidate.puts.end() ? put->second.object : core_.tables.Find(id)->object;
    if (put != candidate.puts.end() && put->second.kind == PutKind::kCreate) view->mutable_object()->clear_uid();
  }
  for (const std::string& warning : candidate.warnings) response.add_warnings(warning);
  *response.mutable_plan() = std::move(preview.plan);
  *response.mutable_policy() = judgement.verdict;
  return response;
}

Result<PolicyJudgement> Apply::Judge(const Caller& caller, const v1::ApplyRequest& request, const Candidate& candidate,
                                     const Preview& preview, const std::set<ObjectId>& for_run,
                                     const ApplyOptions& options) {
  PW_ASSIGN(PolicyJudgement judgement, JudgePlan(core_, caller, request, candidate, preview.plan, for_run));
  if (!judgement.verdict.approval_needed()) return judgement;
  if (request.dry_run() || !judgement.goes()) {
    PW_TRY(KeepForApproval(core_, caller, request, preview.plan, judgement));
  }
  if (request.dry_run() || judgement.goes()) return judgement;
  if (options.verdict != nullptr) *options.verdict = judgement.verdict;
  return Refusal(judgement.verdict);
}

Result<std::optional<v1::ApplyResponse>> Apply::Remembered(const v1::ApplyRequest& request, const std::string& digest,
                                                           const ApplyOptions& options) {
  if (request.idempotency_key().empty() || request.dry_run()) return std::optional<v1::ApplyResponse>();
  PW_ASSIGN(const auto kv,
            store::Get(core_.deps.store, keys::Idempotency(request.workspace(), request.idempotency_key())));
  if (!kv) return std::optional<v1::ApplyResponse>();
  v1::IdempotencyRecord record;
  v1::ApplyResponse response;
  if (!record.ParseFromString(kv->value)) return DataLoss("an idempotency record is damaged");
  if (record.method() != "apply" || record.request_digest() != digest) {
    return Error(ErrorCode::kConflict, "this idempotency key was used for another request");
  }
  if (!response.ParseFromString(record.response())) return DataLoss("an idempotency record is damaged");
  response.set_revision(kv->mod_revision);
  if (options.brief) return std::optional<v1::ApplyResponse>(std::move(response));
  for (const v1::DesiredObject& put : request.puts()) {
    const ObjectId id{request.workspace(), put.kind(), put.name()};
    if (core_.tables.Find(id) != nullptr) *response.add_objects() = MakeView(core_, id);
  }
  return std::optional<v1::ApplyResponse>(std::move(response));
}

std::vector<Question> Apply::Questions(const Candidate& candidate, const v1::ApplyRequest& request,
                                       std::vector<std::string>* warnings) {
  std::vector<Question> out;
  std::set<std::string> away;
  const bool whole = request.scope() == v1::APPLY_SCOPE_WHOLE_OWNER;
  for (const auto& [id, put] : candidate.puts) {
    // What only stays is looked at when somebody names it, and by its own agent all the time.
    if (whole && put.kind == PutKind::kUnchanged) continue;
    const planner::KindPlanner* kind = core_.deps.planners.Find(id.kind);
    const auto input = planner::MakeObjectInput(core_.deps.kinds, put.object);
    if (kind == nullptr || !input.ok()) continue;
    for (const std::string& name : kind->ServersOf(*input)) {
      const ServerId server{request.workspace(), name};
      if (core_.Connected(server)) {
        out.push_back({server, id, put.object.spec(), put.object.uid()});
      } else if (core_.tables.seen.contains(server) && away.insert(name).second) {
        warnings->push_back("the agent of " + name + " is away: the plan stands on what it said last");
      }
    }
  }
  return out;
}

void Apply::Allocate(const ObjectId& id, const planner::ObjectInput& input, planner::FactOverlay* overlay,
                     Preview* preview) const {
  const planner::KindPlanner* kind = core_.deps.planners.Find(id.kind);
  if (kind == nullptr) return;
  const auto* before = overlay->FindAllocation(input.key);
  std::shared_ptr<google::protobuf::Message> record =
      kind->Allocate(input, before == nullptr ? nullptr : before->input.value.get());
  if (record == nullptr) return;
  const bool same = before != nullptr && kinds::CanonicalBytes(*before->input.value) == kinds::CanonicalBytes(*record);
  if (same) return;
  preview->allocations[id] = record->SerializeAsString();
  overlay->PutAllocation({input.key, std::move(record)});
}

// Of unchanged objects, too: a newer program's kind may need what an older one's did not.
Status Apply::AddInternal(const ObjectId& id, planner::FactOverlay* overlay, Preview* preview) const {
  const planner::KindPlanner* kind = core_.deps.planners.Find(id.kind);
  const auto* object = overlay->FindObject({id.kind, id.name});
  if (kind == nullptr || object == nullptr) return Ok();
  PW_ASSIGN(auto missing, secrets_.MissingInternal(*kind, id.workspace, object->input));
  for (NewSecretValue& value : missing) {
    overlay->PutSecret(secrets_.FactOf(value.secret, &value));
    preview->internal.push_back(std::move(value));
  }
  return Ok();
}

Result<Apply::Preview> Apply::MakePreview(const v1::ApplyRequest& request, const Candidate& candidate,
                                          const Answers& answers) {
  const std::string& workspace = request.workspace();
  const planner::Planner& planner = core_.facts.Planner(workspace);
  planner::FactOverlay overlay(core_.facts.Base(workspace));
  Preview out;
  for (const auto& [id, put] : candidate.puts) {
    if (put.kind != PutKind::kUnchanged) {
      PW_ASSIGN(auto input, planner::MakeObjectInput(core_.deps.kinds, put.object));
      Allocate(id, input, &overlay, &out);
      overlay.PutObject(std::move(input));
    }
    if (id.kind == "secret") overlay.PutSecret(secrets_.FactOf(id, put.value ? &*put.value : nullptr));
    PW_TRY(AddInternal(id, &overlay, &out));
  }
  for (const ObjectId& id : candidate.settled) PW_TRY(AddInternal(id, &overlay, &out));
  for (const auto& [id, tombstone] : candidate.tombstones) {
    PW_ASSIGN(auto input, planner::MakeObjectInput(core_.deps.kinds, tombstone));
    overlay.PutObject(std::move(input));
  }
  for (const auto& [place, facts] : answers) {
    if (!candidate.puts.contains(place.first) || facts.gone()) continue;
    PW_ASSIGN(auto input, planner::MakeObservedInput(core_.deps.kinds, place.second, facts));
    overlay.PutObserved(std::move(input));
  }
  std::set<planner::ObjectKey> scope;
  for (const v1::ObjectRef& ref : request.targets()) scope.insert({ref.kind(), ref.name()});
  const bool targeted = !scope.empty();
  if (!targeted) {
    for (const ObjectId& id : candidate.Named()) scope.insert({id.kind, id.name});
    // What has nothing to do adds nothing to a plan.
    for (const ObjectId& id : candidate.settled) {
      const v1::Slice* kept = planner.KeptSlice({id.kind, id.name});
      if (kept != nullptr && (kept->actions_size() > 0 || !kept->error().empty())) scope.insert({id.kind, id.name});
    }
  }
  std::vector<planner::ObjectKey> touched;
  out.plan = planner.Preview(overlay, planner::PlanScope::Of({scope.begin(), scope.end()}), &touched);
  const std::size_t named = scope.size();
  if (!targeted) scope.insert(touched.begin(), touched.end());
  // Mostly nothing is concerned that the request does not name: to plan a large object takes its time.
  if (scope.size() == named) return out;
  out.plan = planner.Preview(overlay, planner::PlanScope::Of({scope.begin(), scope.end()}), nullptr);
  return out;
}

void Apply::Remember(const std::string& workspace, const v1::Plan& plan) {
  previews_.remove_if(
      [&](const auto& entry) { return entry.first == workspace && entry.second.digest() == plan.digest(); });
  previews_.emplace_front(workspace, plan);
  if (previews_.size() > kPreviewsKept) previews_.pop_back();
}

Status Apply::CheckDigest(const v1::ApplyRequest& request, const Preview& preview) {
  if (request.plan_digest().empty() || request.plan_digest() == preview.plan.digest()) return Ok();
  std::string why = "what differs cannot be said, because the preview is no longer at hand";
  for (const auto& [workspace, plan] : previews_) {
    if (workspace != request.workspace() || plan.digest() != request.plan_digest()) continue;
    why = planner::FirstDifference(plan, preview.plan).value_or("the plans differ in their order");
  }
  return FailedPrecondition("the plan is stale: " + why + "; nothing was applied. Plan again (it would be " +
                            HexEncode(preview.plan.digest()) + " now)");
}

Status Apply::CheckErrors(const v1::ApplyRequest& request, const Candidate& candidate, const Preview& preview) {
  std::string text;
  for (const v1::Slice& slice : preview.plan.slices()) {
    const ObjectId id = IdOf(request.workspace(), slice.object());
    const auto put = candidate.puts.find(id);
    if (slice.error().empty() || put == candidate.puts.end() || put->second.kind == PutKind::kUnchanged) continue;
    if (!put->second.awaited.empty()) continue;
    text += (text.empty() ? "" : "\n") + id.Text() + ": " + slice.error();
  }
  if (text.empty()) return Ok();
  return Error(ErrorCode::kInvalidArgument, text);
}

// What this request's run works on: everything concerned that has something to do, unless another run is at it
// already, it is kept for a while, or it failed for good and nobody names it.
std::set<ObjectId> Apply::ForRun(const v1::ApplyRequest& request, const Candidate& candidate, const Preview& preview) {
  std::set<ObjectId> out;
  const std::set<ObjectId> changed = candidate.Changed();
  for (const v1::Slice& slice : preview.plan.slices()) {
    const ObjectId id = IdOf(request.workspace(), slice.object());
    if (slice.actions_size() == 0 && slice.error().empty()) continue;
    const auto tombstone = candidate.tombstones.find(id);
    const ObjectRow* row = core_.tables.Find(id);
    const std::int64_t hold = tombstone != candidate.tombstones.end()          ? tombstone->second.hold_until_unix_ms()
                              : row != nullptr && !candidate.puts.contains(id) ? row->object.hold_until_unix_ms()
                                                                               : 0;
    if (hold > core_.NowMillis()) continue;
    if (!changed.contains(id) && core_.tables.ActiveRunOf(id) != nullptr) continue;
    const v1::ObjectStanding state = core_.tables.StateOf(id);
    const bool named = candidate.puts.contains(id) && request.scope() == v1::APPLY_SCOPE_LISTED;
    const bool stalled = !state.stalled_reason().empty() && state.stalled_digest() == slice.digest();
    if (!changed.contains(id) && stalled && !named) continue;
    if (!changed.contains(id) && !slice.error().empty()) continue;
    out.insert(id);
  }
  // A deleted object that something still holds goes later, by itself: no reason for this run to fail.
  for (const auto& [id, on] : SelectActions(core_, request.workspace(), preview.plan, out).blocked) {
    const ObjectRow* row = core_.tables.Find(id);
    const bool deleted = candidate.tombstones.contains(id) || (!candidate.puts.contains(id) && row != nullptr &&
                                                               row->object.lifecycle() == v1::LIFECYCLE_TOMBSTONE);
    if (deleted) out.erase(id);
  }
  return out;
}

Result<v1::ApplyResponse> Apply::Commit(const Caller& caller, const v1::ApplyRequest& request,
                                        const std::string& digest, Candidate& candidate, const Answers& answers,
                                        Preview& preview, const std::set<ObjectId>& for_run,
                                        const PolicyJudgement& judgement, const ApplyOptions& options) {
  v1::ApplyResponse response;
  for (const auto& [id, put] : candidate.puts) {
    if (!put.value) continue;
    const std::string key =
        request.idempotency_key().empty() ? "" : "apply/" + id.Text() + "/" + request.idempotency_key();
    PW_ASSIGN(const std::int64_t version, secrets_.Store(*put.value, key));
    core_.Wake(ReconcileWork(id.workspace));
    static_cast<void>(version);
  }
  // An internal secret whose object is not committed after all is found again by the next apply.
  for (const NewSecretValue& value : preview.internal) {
    PW_ASSIGN(const std::int64_t made, secrets_.Store(value, ""));
    static_cast<void>(made);
  }
  Change change(core_);
  for (const auto& [id, put] : candidate.puts) {
    if (put.kind != PutKind::kUnchanged) {
      // Before the new generation is written: a run that works on the old one lets go.
      Supersede(core_, change, id);
      change.PutObject(put.object);
      ClearStall(change.State(id));
      v1::Event event = MakeObjectEvent(id,
                                        put.kind == PutKind::kUpdate   ? "object.changed"
                                        : put.kind == PutKind::kResume ? "object.resumed"
                                                                       : "object.created",
                                        id.Text() + " is wanted by " + request.owner());
      event.set_actor(caller.actor);
      change.Tell(std::move(event));
    }
    if (put.value) {
      v1::Event event =
          MakeObjectEvent(id, "secret.changed", id.Text() + " has version " + std::to_string(put.value->version));
      event.set_actor(caller.actor);
      change.Tell(std::move(event));
    }
    core_.Look(id);
  }
  for (const auto& [id, tombstone] : candidate.tombstones) {
    Supersede(core_, change, id);
    change.PutObject(tombstone);
    ClearStall(change.State(id));
    v1::Event event = MakeObjectEvent(id, "object.deleted", id.Text() + " was deleted by " + request.owner());
    event.set_actor(caller.actor);
    change.Tell(std::move(event));
    core_.Look(id);
  }
  for (auto& [id, record] : preview.allocations) change.PutAllocation(id, std::move(record));
  const std::set<ObjectId> changed = candidate.Changed();
  for (const ObjectId& id : for_run) {
    if (!changed.contains(id)) ClearStall(change.State(id));
  }
  if (!for_run.empty()) {
    RunSeed seed;
    seed.workspace = request.workspace();
    seed.owner = request.owner();
    seed.actor = caller.actor;
    seed.objects = for_run;
    seed.bound = !request.plan_digest().empty();
    seed.waves.emplace();
    for (const v1::Wave& wave : judgement.verdict.waves()) {
      for (const v1::ObjectRef& object : wave.objects())
        (*seed.waves)[IdOf(request.workspace(), object)] = wave.number();
    }
    response.set_run(AddRun(core_, change, seed, preview.plan).id);
  }
  for (const std::string& warning : candidate.warnings) response.add_warnings(warning);
  *response.mutable_plan() = std::move(preview.plan);
  *response.mutable_policy() = judgement.verdict;
  PW_TRY(AddSpending(core_, change, caller, request, judgement));
  if (!request.idempotency_key().empty()) {
    v1::IdempotencyRecord record;
    record.set_method("apply");
    record.set_request_digest(digest);
    record.set_unix_ms(core_.NowMillis());
    v1::ApplyResponse kept = options.brief ? BriefOf(response) : response;
    // What the answer to a repetition may lack where it is too large: the payloads, then the plan's details.
    if (kept.ByteSizeLong() > kMaxRememberedBytes) {
      for (v1::Slice& slice : *kept.mutable_plan()->mutable_slices()) {
        for (v1::Action& action : *slice.mutable_actions()) action.clear_payload();
      }
    }
    if (kept.ByteSizeLong() > kMaxRememberedBytes) kept.mutable_plan()->clear_slices();
    record.set_response(kept.SerializeAsString());
    const std::string key = keys::Idempotency(request.workspace(), request.idempotency_key());
    change.Put(keys::IdempotencyTime(record.unix_ms(), key), key);
    change.Put(key, record.SerializeAsString());
  }
  PW_FAULT(kApplyBeforeCommit);
  if (!change.empty()) {
    PW_ASSIGN(const store::Revision revision, change.Commit());
    response.set_revision(revision);
  }
  PW_FAULT(kApplyAfterCommit);
  for (const auto& [place, facts] : answers) {
    const auto put = candidate.puts.find(place.first);
    if (put == candidate.puts.end()) continue;
    // Asked before the object had the uid that it has now.
    v1::ObservedFacts found = facts;
    found.set_spec_uid(put->second.object.uid());
    // Refused facts were refused by the preview already.
    static_cast<void>(core_.facts.PutObserved({request.workspace(), place.second}, found, core_.Steady(), true).ok());
  }
  if (!request.idempotency_key().empty()) {
    PW_ASSIGN(const auto kv,
              store::Get(core_.deps.store, keys::Idempotency(request.workspace(), request.idempotency_key())));
    if (kv) response.set_revision(kv->mod_revision);
  }
  core_.Wake(ReconcileWork(request.workspace()));
  if (options.brief) return response;
  for (const ObjectId& id : candidate.Put()) *response.add_objects() = MakeView(core_, id);
  for (const auto& [id, tombstone] : candidate.tombstones) *response.add_objects() = MakeView(core_, id);
  return response;
}

}  // namespace podwright::control
