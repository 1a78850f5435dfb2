#include "reconciler/sources/sources.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <vector>

#include "core/digest.h"
#include "core/fault.h"
#include "core/log.h"
#include "core/log_keys.h"
#include "kinds/defaults.h"
#include "kinds/registry.h"
#include "podwright/v1/object.pb.h"
#include "podwright/v1/run.pb.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/sources/ledger.h"
#include "reconciler/sources/merge_gate.h"
#include "reconciler/sources/pull_request_ledger.h"
#include "reconciler/sources/source_row.h"
#include "reconciler/sources/taking.h"

namespace podwright::sources {
namespace {

constexpr char kKind[] = "git_source";
constexpr std::size_t kFewestDigits = 8;

}  // namespace

class Sources::Impl {
 public:
  Impl(const Dependencies& dependencies, const Options& options)
      : d_(dependencies),
        options_(options),
        tools_{d_.fetcher, d_.control, d_.kinds, d_.clock, d_.mirrors, d_.store, d_.ask_forge},
        next_refresh_(d_.clock.Steady()) {
    d_.control.OnApproved(
        [this](const std::string& workspace, const std::string& owner) { OnApproved(workspace, owner); });
  }
  ~Impl() {
    d_.control.OnApproved(nullptr);
    Stop();
  }

  void Start() {
    for (unsigned i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Loop(); });
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  int RunDue() {
    std::unique_lock lock(mutex_);
    Refresh();
    int count = 0;
    while (SourceRow* row = TakeDue()) {
      LookNow(lock, *row);
      ++count;
    }
    return count;
  }

  std::optional<SteadyTime> NextDue() {
    const std::lock_guard lock(mutex_);
    std::optional<SteadyTime> next;
    for (const auto& [id, row] : rows_) {
      if (!row->running && (!next || row->due < *next)) next = row->due;
    }
    return next;
  }

  // ---- for people ----
  template <typename Work>
  Result<v1::SourceView> With(const std::string& workspace, const std::string& name, const Work& work) {
    const std::lock_guard lock(mutex_);
    Refresh();
    const auto at = rows_.find({workspace, kKind, name});
    if (at == rows_.end()) return NotFound("there is no git_source/" + name + " in the workspace " + workspace);
    PW_TRY(work(*at->second));
    return MakeView(*at->second, d_.control, d_.clock);
  }

  v1::ListSourcesResponse List(const std::string& workspace) {
    const std::lock_guard lock(mutex_);
    Refresh();
    v1::ListSourcesResponse response;
    for (const auto& [id, row] : rows_) {
      if (id.workspace == workspace) *response.add_sources() = MakeView(*row, d_.control, d_.clock);
    }
    return response;
  }

  Result<Taker> TakerOf(const std::string& workspace, const std::string& name) {
    const std::lock_guard lock(mutex_);
    Refresh();
    const auto at = rows_.find({workspace, kKind, name});
    if (at == rows_.end()) return NotFound("there is no git_source/" + name + " in the workspace " + workspace);
    const SourceRow& row = *at->second;
    return Taker{.id = row.id,
                 .spec = row.spec,
                 .mirror = git::Mirror(MirrorOf(d_.mirrors, row.ledger.uid())),
                 .wanted = row.wanted,
                 .suspended = row.Suspended(),
                 .pinned = row.ledger.has_pin(),
                 .problem = row.problem};
  }

  Result<std::vector<std::string>> CheckTaking(const std::string& workspace, const std::string& name,
                                               const std::vector<v1::ObjectRef>& objects) {
    PW_ASSIGN(const Taker taker, TakerOf(workspace, name));
    return sources::CheckTaking(taker, objects, d_.kinds, d_.control);
  }

  // Somebody approved a plan of a source: it is tried at once.
  void OnApproved(const std::string& workspace, const std::string& owner) {
    if (!owner.starts_with("git:")) return;
    const std::lock_guard lock(mutex_);
    const auto at = rows_.find({workspace, kKind, owner.substr(4)});
    if (at != rows_.end()) Wake(*at->second, d_.clock.Steady());
  }

  Status AskForLook(SourceRow& row) {
    ++row.asked;
    Wake(row, d_.clock.Steady());
    return Ok();
  }

  Status Suspend(SourceRow& row, const std::string& actor, const v1::SuspendSourceRequest& request) {
    v1::SourceLedger ledger = row.ledger;
    if (request.suspend()) {
      ledger.mutable_suspension()->set_actor(actor);
      ledger.mutable_suspension()->set_reason(request.reason());
      ledger.mutable_suspension()->set_unix_ms(ToUnixMillis(d_.clock.Now()));
    } else {
      if (row.spec.suspend()) return FailedPrecondition("the document of " + row.id.Text() + " says `suspend: true`");
      ledger.clear_suspension();
    }
    PW_TRY(Save(row, std::move(ledger)));
    return AskForLook(row);
  }

  Status Accept(SourceRow& row, const std::string& actor, const std::string& digest) {
    const bool changed = row.problem && row.problem->reason() == kPlanChanged;
    if (!changed) return FailedPrecondition(row.id.Text() + " waits for no changed plan to be accepted");
    if (digest.size() < kFewestDigits || !HexEncode(row.problem->digest()).starts_with(digest)) {
      return InvalidArgument("the changed plan is " + HexEncode(row.problem->digest()) + ", not " + digest +
                             ": look at it before it is accepted");
    }
    v1::SourceLedger ledger = row.ledger;
    ledger.mutable_accepted()->set_digest(row.problem->digest());
    ledger.mutable_accepted()->set_commit(row.problem->commit());
    ledger.mutable_accepted()->set_actor(actor);
    ledger.mutable_accepted()->set_unix_ms(ToUnixMillis(d_.clock.Now()));
    PW_TRY(Save(row, std::move(ledger)));
    return AskForLook(row);
  }

  Status Pin(SourceRow& row, const std::string& actor, const v1::PinSourceRequest& request) {
    std::string commit = request.commit();
    if (commit.empty()) {
      for (const v1::AppliedCommit& one : row.ledger.history()) {
        if (one.commit() == row.ledger.applied().commit()) continue;
        commit = one.commit();
        break;
      }
      if (commit.empty()) {
        return FailedPrecondition("nothing was applied before the present commit; name one with --to");
      }
    }
    PW_ASSIGN(commit, git::Mirror(MirrorOf(d_.mirrors, row.ledger.uid())).Resolve(commit));
    v1::SourceLedger ledger = row.ledger;
    ledger.mutable_pin()->set_commit(commit);
    ledger.mutable_pin()->set_actor(actor);
    ledger.mutable_pin()->set_reason(request.reason());
    ledger.mutable_pin()->set_unix_ms(ToUnixMillis(d_.clock.Now()));
    PW_TRY(Save(row, std::move(ledger)));
    Tell(row, "source.pinned", row.id.name + " stays at " + commit.substr(0, 12) + " until it is released");
    return AskForLook(row);
  }

  Status Release(SourceRow& row) {
    if (!row.ledger.has_pin()) return FailedPrecondition(row.id.Text() + " is not pinned");
    v1::SourceLedger ledger = row.ledger;
    ledger.clear_pin();
    PW_TRY(Save(row, std::move(ledger)));
    Tell(row, "source.released", row.id.name + " follows its branch again");
    return AskForLook(row);
  }

  Status Webhook(const std::string& workspace, const std::string& name, const WebhookCall& call) {
    const Error refused = Unauthenticated("refused");
    const std::lock_guard lock(mutex_);
    const auto at = rows_.find({workspace, kKind, name});
    if (at == rows_.end() || !at->second->spec.has_webhook()) return refused;
    SourceRow& row = *at->second;
    const control::Caller caller{"git:" + name, control::Role::kOperator, workspace, ""};
    const auto secret = row.webhook_secrets.Open(caller, workspace, row.spec.webhook().secret());
    if (!secret.ok() || !IsAuthentic(row.spec.webhook().type(), *secret, call, d_.clock.Now())) {
      ++row.webhooks_refused;
      return refused;
    }
    // A repetition by a forge that waited too long is no error, and asks for nothing new.
    if (!row.replays.IsNew(call)) return Ok();
    row.webhook = d_.clock.Now();
    Wake(row, std::max(d_.clock.Steady(), row.last_look + options_.wake_gap));
    return Ok();
  }

  const StepTimes& steps() const { return steps_; }

 private:
  // All with the lock held, but the look itself.

  void Wake(SourceRow& row, SteadyTime when) {
    if (row.running) {
      row.again = true;
    } else {
      row.due = std::min(row.due, when);
    }
    changed_.notify_all();
  }

  Status Save(SourceRow& row, v1::SourceLedger ledger) {
    PW_TRY(SaveLedger(d_.store, row.id, ledger));
    row.ledger = std::move(ledger);
    return Ok();
  }

  void Tell(const SourceRow& row, const std::string& type, const std::string& message, const std::string& run = "") {
    v1::Event event;
    event.set_workspace(row.id.workspace);
    event.set_type(type);
    event.mutable_object()->set_kind(row.id.kind);
    event.mutable_object()->set_name(row.id.name);
    event.set_message(message);
    event.set_actor("git:" + row.id.name);
    event.set_run(run);
    const Status told = d_.control.Tell(std::move(event));
    if (!told.ok()) log::Warn("an event of a source is lost", {{log::key::kError, told.error().ToString()}});
  }

  // Brings the rows in line with the documents.
  void Refresh() {
    next_refresh_ = d_.clock.Steady() + options_.refresh;
    std::set<control::ObjectId> there;
    for (const v1::StoredObject& object : d_.control.StoredObjects(kKind)) {
      const control::ObjectId id{object.workspace(), object.kind(), object.name()};
      there.insert(id);
      const auto at = rows_.find(id);
      if (at != rows_.end() && at->second->ledger.uid() == object.uid() &&
          at->second->generation == object.generation()) {
        continue;
      }
      if (at != rows_.end() && at->second->running) continue;  // when its look is over
      const Status taken = Take(id, object);
      if (!taken.ok())
        log::Error("a source cannot be read",
                   {{log::key::kObject, id.Text()}, {log::key::kError, taken.error().ToString()}});
    }
    for (auto at = rows_.begin(); at != rows_.end();) {
      if (there.contains(at->first) || at->second->running) {
        ++at;
        continue;
      }
      Status removed = RemoveLedger(d_.store, at->first);
      if (removed.ok()) removed = RemovePullRequests(d_.store, at->first);
      const Status cleaned = git::Mirror(MirrorOf(d_.mirrors, at->second->ledger.uid())).Remove();
      if (!removed.ok() || !cleaned.ok())
        log::Warn("something of a deleted source is left", {{log::key::kObject, at->first.Text()}});
      at = rows_.erase(at);
    }
    if (!cleaned_) RemoveStrays();
  }

  Status Take(const control::ObjectId& id, const v1::StoredObject& object) {
    std::unique_ptr<SourceRow>& row = rows_[id];
    if (!row || row->ledger.uid() != object.uid()) {
      PW_ASSIGN(v1::SourceLedger ledger, LoadLedger(d_.store, id, object.uid()));
      row = std::make_unique<SourceRow>(d_.control, d_.kinds);
      row->id = id;
      row->ledger = std::move(ledger);
    }
    row->generation = object.generation();
    if (!row->spec.ParseFromString(object.spec())) return DataLoss("its spec cannot be read");
    kinds::FillDefaults(*d_.kinds.Find(kKind), &row->spec, object.defaults_revision());
    row->due = d_.clock.Steady();
    return Ok();
  }

  // Mirrors of sources that are no more.
  void RemoveStrays() {
    cleaned_ = true;
    std::set<std::filesystem::path> known;
    for (const auto& [id, row] : rows_) known.insert(MirrorOf(d_.mirrors, row->ledger.uid()));
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(d_.mirrors, error)) {
      if (!known.contains(entry.path())) std::filesystem::remove_all(entry.path(), error);
    }
  }

  SourceRow* TakeDue() {
    const SteadyTime now = d_.clock.Steady();
    SourceRow* first = nullptr;
    for (const auto& [id, row] : rows_) {
      if (!row->running && row->due <= now && (first == nullptr || row->due < first->due)) first = row.get();
    }
    if (first != nullptr) first->running = true;
    return first;
  }

  void LookNow(std::unique_lock<std::mutex>& lock, SourceRow& row) {
    row.last_look = d_.clock.Steady();
    const std::uint64_t asked = row.asked;
    if (!row.Suspended()) {
      const LookInput input{row.id, row.generation, row.spec, row.ledger};
      lock.unlock();
      LookOutcome outcome = LookAt(tools_, input, row.memory);
      lock.lock();
      Finish(row, input, std::move(outcome));
    } else {
      row.problem.reset();
      row.due = d_.clock.Steady() + Jittered(std::chrono::milliseconds(row.spec.interval()));
    }
    row.running = false;
    row.done = asked;
    if (std::exchange(row.again, false)) row.due = d_.clock.Steady();
  }

  void Finish(SourceRow& row, const LookInput& input, LookOutcome outcome) {
    steps_.Note(outcome.times);
    if (outcome.times.load.count() > 0) {
      const auto took = outcome.times.verify + outcome.times.load + outcome.times.apply;
      log::Debug("a commit was loaded", {{log::key::kObject, row.id.Text()},
                                         {log::key::kDuration, std::to_string(took.count() / 1000)},
                                         {log::key::kCount, std::to_string(outcome.times.parsed)}});
    }
    row.wanted = outcome.wanted;
    row.wanted_subject = outcome.wanted_subject;
    if (outcome.fetched) row.fetched = d_.clock.Now();
    if (outcome.applied) {
      v1::SourceLedger ledger = row.ledger;
      Enter(&ledger, *outcome.applied, input.generation);
      const Status saved = Save(row, std::move(ledger));
      PW_FAULT(kSourceEntered);
      if (saved.ok()) {
        Tell(row, "source.applied",
             row.id.name + " is at " + outcome.applied->commit().substr(0, 12) + " \"" + outcome.applied->subject() +
                 "\"",
             outcome.applied->run());
      } else {
        outcome.problem.emplace();
        outcome.problem->set_reason("StoreFailed");
        outcome.problem->set_message(saved.error().ToString());
        outcome.passing = true;
      }
    }
    SetProblem(row, std::move(outcome.problem));
    row.due = d_.clock.Steady();
    if (!outcome.more || row.problem) row.due += Wait(row, outcome.passing);
  }

  void SetProblem(SourceRow& row, std::optional<v1::SourceProblem> problem) {
    if (!problem) {
      row.problem.reset();
      return;
    }
    const bool same =
        row.problem && row.problem->reason() == problem->reason() && row.problem->commit() == problem->commit();
    problem->set_since_unix_ms(same ? row.problem->since_unix_ms() : ToUnixMillis(d_.clock.Now()));
    problem->set_failures(row.problem ? row.problem->failures() + 1 : 1);
    row.problem = std::move(problem);
    if (!same) Tell(row, "source.blocked", row.problem->reason() + ": " + row.problem->message().substr(0, 2000));
  }

  std::chrono::milliseconds Wait(const SourceRow& row, bool passing) {
    const std::chrono::milliseconds interval(row.spec.interval());
    if (!row.problem || !passing) return Jittered(interval);
    std::chrono::milliseconds backoff = options_.backoff_first;
    for (std::uint32_t i = 1; i < row.problem->failures() && backoff < options_.backoff_most; ++i) backoff *= 2;
    return Jittered(std::min(backoff, options_.backoff_most));
  }

  // Give or take a tenth.
  std::chrono::milliseconds Jittered(std::chrono::milliseconds wait) {
    const auto tenth = static_cast<std::uint64_t>(wait.count() / 10);
    return wait - std::chrono::milliseconds(tenth) +
           std::chrono::milliseconds(static_cast<std::int64_t>(d_.random.Below(2 * tenth + 1)));
  }

  void Loop() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (d_.clock.Steady() >= next_refresh_) Refresh();
      if (SourceRow* row = TakeDue()) {
        LookNow(lock, *row);
        changed_.notify_all();
        continue;
      }
      SteadyTime next = next_refresh_;
      for (const auto& [id, row] : rows_) {
        if (!row->running) next = std::min(next, row->due);
      }
      d_.clock.WaitUntil(lock, changed_, next);
    }
  }

  const Dependencies d_;
  const Options options_;
  const LookTools tools_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // All below: protected by mutex_.
  std::map<control::ObjectId, std::unique_ptr<SourceRow>> rows_;
  SteadyTime next_refresh_;
  bool cleaned_ = false;
  bool stopping_ = false;

  StepTimes steps_;
  std::vector<std::thread> threads_;
};

Sources::Sources(const Dependencies& dependencies, const Options& options)
    : impl_(std::make_unique<Impl>(dependencies, options)) {}
Sources::~Sources() = default;

void Sources::Start() {
  impl_->Start();
}
void Sources::Stop() {
  impl_->Stop();
}
int Sources::RunDue() {
  return impl_->RunDue();
}
std::optional<SteadyTime> Sources::NextDue() {
  return impl_->NextDue();
}

Result<v1::SourceView> Sources::Get(const std::string& workspace, const std::string& name) {
  return impl_->With(workspace, name, [](SourceRow&) { return Ok(); });
}

Result<v1::ListSourcesResponse> Sources::List(const std::string& workspace) {
  return impl_->List(workspace);
}

Result<v1::SourceView> Sources::Sync(const std::string& workspace, const std::string& name) {
  return impl_->With(workspace, name, [&](SourceRow& row) { return impl_->AskForLook(row); });
}

Result<v1::SourceView> Sources::Accept(const std::string& actor, const std::string& workspace, const std::string& name,
                                       const std::string& digest) {
  return impl_->With(workspace, name, [&](SourceRow& row) { return impl_->Accept(row, actor, digest); });
}

Result<v1::SourceView> Sources::Suspend(const std::string& actor, const v1::SuspendSourceRequest& request) {
  return impl_->With(request.workspace(), request.name(),
                     [&](SourceRow& row) { return impl_->Suspend(row, actor, request); });
}

Result<v1::SourceView> Sources::Pin(const std::string& actor, const v1::PinSourceRequest& request) {
  return impl_->With(request.workspace(), request.name(),
                     [&](SourceRow& row) { return impl_->Pin(row, actor, request); });
}

Result<std::vector<std::string>> Sources::CheckTaking(const std::string& workspace, const std::string& name,
                                                      const std::vector<v1::ObjectRef>& objects) {
  return impl_->CheckTaking(workspace, name, objects);
}

Result<v1::SourceView> Sources::Release(const std::string& workspace, const std::string& name) {
  return impl_->With(workspace, name, [&](SourceRow& row) { return impl_->Release(row); });
}

std::map<std::string, StepTime> Sources::Steps() const {
  return impl_->steps().All();
}

Status Sources::Webhook(const std::string& workspace, const std::string& name, const WebhookCall& call) {
  return impl_->Webhook(workspace, name, call);
}

}  // namespace podwright::sources
