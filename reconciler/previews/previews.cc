#include "reconciler/previews/previews.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "core/log.h"
#include "core/log_keys.h"
#include "kinds/defaults.h"
#include "kinds/registry.h"
#include "podwright/v1/object.pb.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/previews/page.h"

namespace podwright::previews {
namespace {

constexpr char kKind[] = "git_source";
constexpr int kCostShare = 10;

// What people see of a pull request; made at the end of a look.
struct Seen {
  v1::PullRequestView view;
  std::string token;
  std::shared_ptr<const Content> content;
};

struct SourceRow {
  SourceRow(control::ControlPlane& control, const kinds::Registry& kinds) : memory(control, kinds) {}

  // Protected by the lock of Previews, but `memory`, which belongs to the look that runs.
  LookInput input;
  SteadyTime list_due{};
  std::optional<SteadyTime> publish_at;
  SteadyTime last_look{};
  SteadyTime next_plan{};  // not before, because of facts
  std::uint64_t facts = 0;
  bool running = false;
  bool list_again = false;
  std::uint64_t lists_begun = 0;
  std::uint64_t lists_known = 0;  // the newest whose answer is in the ledgers, or that failed
  std::optional<v1::SourceProblem> problem;
  std::map<std::uint64_t, Seen> seen;

  LookMemory memory;
};

std::string StateOf(const PullRow& row) {
  if (row.ledger.closed_unix_ms() != 0) return row.ledger.merge_commit().empty() ? "closed" : "merged";
  return row.content == nullptr ? "waiting" : StateWord(row.content->state);
}

Seen See(const PullRow& row, const std::string& public_url, const control::ObjectId& source) {
  Seen out;
  out.token = row.ledger.token();
  out.content = row.content;
  v1::PullRequestView& view = out.view;
  view.set_number(row.ledger.number());
  view.set_title(row.pull.title);
  view.set_author(row.pull.author);
  view.set_url(row.pull.web_url);
  view.set_head(row.ledger.head());
  view.set_base(row.ledger.planned().base());
  view.set_state(StateOf(row));
  view.set_digest(row.ledger.planned().digest());
  view.set_planned_unix_ms(row.ledger.planned().unix_ms());
  if (row.content != nullptr) {
    view.set_headline(Headline(*row.content));
    view.set_problem(row.content->problem);
    if (!public_url.empty()) view.set_page(public_url + PagePath(source, row.ledger));
  }
  if (!row.problem.empty()) view.set_problem(row.problem);
  return out;
}

}  // namespace

class Previews::Impl {
 public:
  Impl(const Dependencies& dependencies, const Options& options)
      : d_(dependencies),
        options_(options),
        tools_{d_.store, d_.clock, d_.random, d_.control, d_.fetcher, d_.mirrors, d_.open_forge, options.public_url},
        next_refresh_(d_.clock.Steady()) {}
  ~Impl() { Stop(); }

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
      if (!row->running && (!next || Due(*row) < *next)) next = Due(*row);
    }
    return next;
  }

  void Wake(const std::string& workspace, const std::string& source) {
    const std::lock_guard lock(mutex_);
    const auto at = rows_.find({workspace, kKind, source});
    if (at == rows_.end()) return;
    SourceRow& row = *at->second;
    if (row.running) row.list_again = true;
    row.list_due = std::min(row.list_due, std::max(d_.clock.Steady(), row.last_look + options_.gap));
    changed_.notify_all();
  }

  void Ask(const control::ObjectId& source) {
    std::unique_lock lock(mutex_);
    const auto at = rows_.find(source);
    if (at == rows_.end()) return;
    std::shared_ptr<SourceRow> row = at->second;
    const std::uint64_t wanted = row->lists_begun + 1;
    if (threads_.empty()) {
      if (row->running) return;
      row->running = true;
      row->list_due = d_.clock.Steady();
      return LookNow(lock, *row);
    }
    if (row->running) row->list_again = true;
    row->list_due = d_.clock.Steady();
    changed_.notify_all();
    const SteadyTime end = d_.clock.Steady() + options_.ask_patience;
    while (!stopping_ && row->lists_known < wanted && d_.clock.Steady() < end) {
      d_.clock.WaitUntil(lock, changed_, end);
    }
  }

  void Fill(v1::SourceView* view) {
    const std::lock_guard lock(mutex_);
    const auto at = rows_.find({view->workspace(), kKind, view->name()});
    if (at == rows_.end()) return;
    for (const auto& [number, seen] : at->second->seen) *view->add_pull_requests() = seen.view;
    if (at->second->problem) *view->mutable_pull_requests_problem() = *at->second->problem;
  }

  Result<Seen> Find(const std::string& workspace, const std::string& source, std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto at = rows_.find({workspace, kKind, source});
    if (at == rows_.end()) {
      return NotFound("there is no git_source/" + source + " with pull_requests in the workspace " + workspace);
    }
    const auto found = at->second->seen.find(number);
    if (found == at->second->seen.end()) {
      return NotFound("git_source/" + source + " knows no pull request " + std::to_string(number));
    }
    return found->second;
  }

 private:
  // All with the lock held, but the look itself.

  static SteadyTime Due(const SourceRow& row) {
    return row.publish_at ? std::min(*row.publish_at, row.list_due) : row.list_due;
  }

  // Brings the rows in line with the documents, and has plans made again whose facts have changed.
  void Refresh() {
    next_refresh_ = d_.clock.Steady() + options_.refresh;
    std::set<control::ObjectId> there;
    for (const v1::StoredObject& object : d_.control.StoredObjects(kKind)) Take(object, &there);
    for (auto at = rows_.begin(); at != rows_.end();) {
      const bool keep = there.contains(at->first) || at->second->running;
      at = keep ? std::next(at) : rows_.erase(at);
    }
    const SteadyTime now = d_.clock.Steady();
    for (const auto& [id, row] : rows_) {
      if (row->running || row->seen.empty() || now < row->next_plan || row->problem) continue;
      if (d_.control.FactsRevision(id.workspace) != row->facts) row->publish_at = now;
    }
  }

  void Take(const v1::StoredObject& object, std::set<control::ObjectId>* there) {
    const control::ObjectId id{object.workspace(), object.kind(), object.name()};
    LookInput input;
    input.id = id;
    input.uid = object.uid();
    input.generation = object.generation();
    if (!input.spec.ParseFromString(object.spec())) return;
    if (!input.spec.has_pull_requests() || input.spec.suspend()) return;
    kinds::FillDefaults(*d_.kinds.Find(kKind), &input.spec, object.defaults_revision());
    there->insert(id);
    std::shared_ptr<SourceRow>& row = rows_[id];
    if (row && row->input.uid == input.uid && row->input.generation == input.generation) return;
    if (row && row->running) return;  // when its look is over
    if (!row || row->input.uid != input.uid) row = std::make_shared<SourceRow>(d_.control, d_.kinds);
    row->input = std::move(input);
    row->list_due = d_.clock.Steady();
  }

  SourceRow* TakeDue() {
    const SteadyTime now = d_.clock.Steady();
    SourceRow* first = nullptr;
    for (const auto& [id, row] : rows_) {
      if (!row->running && Due(*row) <= now && (first == nullptr || Due(*row) < Due(*first))) first = row.get();
    }
    if (first != nullptr) first->running = true;
    return first;
  }

  void LookNow(std::unique_lock<std::mutex>& lock, SourceRow& row) {
    const SteadyTime began = d_.clock.Steady();
    row.last_look = began;
    LookInput input = row.input;
    input.list = row.list_due <= began || !row.memory.loaded;
    const std::uint64_t list = input.list ? ++row.lists_begun : 0;
    row.publish_at.reset();
    lock.unlock();
    const std::uint64_t facts = d_.control.FactsRevision(input.id.workspace);
    const auto known = [&] {
      const std::lock_guard again(mutex_);
      row.lists_known = std::max(row.lists_known, list);
      changed_.notify_all();
    };
    LookOutcome outcome = LookAt(tools_, input, row.memory, known);
    std::map<std::uint64_t, Seen> seen;
    for (const auto& [number, pull] : row.memory.rows) {
      seen[number] = See(pull, options_.public_url, input.id);
    }
    lock.lock();
    row.seen = std::move(seen);
    row.facts = facts;
    row.publish_at = outcome.publish_at;
    row.running = false;
    row.lists_known = std::max(row.lists_known, list);
    const SteadyTime now = d_.clock.Steady();
    row.next_plan = now + std::max<SteadyTime::duration>(options_.gap, (now - began) * kCostShare);
    SetProblem(row, std::move(outcome.problem));
    if (input.list) row.list_due = now + Wait(row);
    if (std::exchange(row.list_again, false)) row.list_due = now;
    changed_.notify_all();
  }

  void SetProblem(SourceRow& row, std::optional<v1::SourceProblem> problem) {
    if (!problem) {
      row.problem.reset();
      return;
    }
    const bool same = row.problem && row.problem->reason() == problem->reason();
    problem->set_since_unix_ms(same ? row.problem->since_unix_ms() : ToUnixMillis(d_.clock.Now()));
    problem->set_failures(row.problem ? row.problem->failures() + 1 : 1);
    row.problem = std::move(problem);
    if (!same) {
      log::Warn("pull requests cannot be answered",
                {{log::key::kObject, row.input.id.Text()}, {log::key::kError, row.problem->message()}});
    }
    if (!row.input.list) return;
    row.list_due = d_.clock.Steady() + Wait(row);
  }

  std::chrono::milliseconds Wait(const SourceRow& row) {
    const std::chrono::milliseconds interval(row.input.spec.pull_requests().interval());
    if (!row.problem) return Jittered(interval);
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
        continue;
      }
      SteadyTime next = next_refresh_;
      for (const auto& [id, row] : rows_) {
        if (!row->running) next = std::min(next, Due(*row));
      }
      d_.clock.WaitUntil(lock, changed_, next);
    }
  }

  const Dependencies d_;
  const Options options_;
  const LookTools tools_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // All below: protected by mutex_. Shared with who waits in Ask while the source is deleted.
  std::map<control::ObjectId, std::shared_ptr<SourceRow>> rows_;
  SteadyTime next_refresh_;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

Previews::Previews(const Dependencies& dependencies, const Options& options)
    : impl_(std::make_unique<Impl>(dependencies, options)) {}
Previews::~Previews() = default;

void Previews::Start() {
  impl_->Start();
}
void Previews::Stop() {
  impl_->Stop();
}
int Previews::RunDue() {
  return impl_->RunDue();
}
std::optional<SteadyTime> Previews::NextDue() {
  return impl_->NextDue();
}
void Previews::Wake(const std::string& workspace, const std::string& source) {
  impl_->Wake(workspace, source);
}
void Previews::Ask(const control::ObjectId& source) {
  impl_->Ask(source);
}
void Previews::Fill(v1::SourceView* view) {
  impl_->Fill(view);
}

Result<v1::PullRequestView> Previews::Get(const std::string& workspace, const std::string& source,
                                          std::uint64_t number) {
  PW_ASSIGN(Seen seen, impl_->Find(workspace, source, number));
  if (seen.content != nullptr) seen.view.set_text(PlainPreview(*seen.content));
  return std::move(seen.view);
}

Result<std::string> Previews::Page(const std::string& workspace, const std::string& source, std::uint64_t number,
                                   const std::string& token) {
  const Error nothing = NotFound("there is no such page");
  const auto seen = impl_->Find(workspace, source, number);
  if (!seen.ok() || seen->token.empty() || seen->content == nullptr) return nothing;
  if (!ConstantTimeEquals(Sha256(token).View(), Sha256(seen->token).View())) return nothing;
  return PageOf(*seen->content);
}

}  // namespace podwright::previews
