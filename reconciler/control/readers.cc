#include "reconciler/control/readers.h"

#include <atomic>

#include "podwright/v1/records.pb.h"
#include "reconciler/control/tables.h"
#include "reconciler/store/helpers.h"

namespace podwright::control {
namespace {

constexpr std::size_t kEventsAtOnce = 500;

Result<v1::Event> ParseEvent(const store::KeyValue& kv) {
  v1::Event event;
  if (!event.ParseFromString(kv.value)) return DataLoss("the event " + kv.key + " is damaged");
  event.set_revision(kv.mod_revision);
  return event;
}

class StoreRunReader final : public RunReader {
 public:
  StoreRunReader(store::Store& store, RunId id, v1::Run first, std::unique_ptr<store::Watcher> watcher)
      : store_(store), id_(std::move(id)), next_(std::move(first)), watcher_(std::move(watcher)) {}

  Result<std::optional<v1::Run>> Next(SteadyTime deadline) override {
    if (ended_) return OutOfRange("the run has ended");
    if (!next_) {
      const auto batch = watcher_->Next(deadline);
      if (!batch.ok()) return batch.error();
      if (batch->events.empty()) return std::optional<v1::Run>();
      PW_ASSIGN(next_, ReadRun(store_, id_));
    }
    std::optional<v1::Run> run = std::exchange(next_, std::nullopt);
    ended_ = IsEnded(run->state());
    return run;
  }
  void Cancel() override { watcher_->Cancel(); }

 private:
  store::Store& store_;
  const RunId id_;
  std::optional<v1::Run> next_;
  std::unique_ptr<store::Watcher> watcher_;
  bool ended_ = false;
};

class StoreEventReader final : public EventReader {
 public:
  StoreEventReader(store::Store& store, v1::EventsRequest request) : store_(store), request_(std::move(request)) {}

  Status Open() {
    PW_ASSIGN(const auto horizon, store::Get(store_, keys::kEventHorizon));
    v1::EventHorizon gone;
    if (horizon && !gone.ParseFromString(horizon->value)) return DataLoss("the events' horizon is damaged");
    if (request_.from_revision() != 0 && request_.from_revision() <= gone.revision()) {
      return OutOfRange("compacted: the oldest event that is kept has a revision above " +
                        std::to_string(gone.revision()));
    }
    PW_TRY(FindFirst());
    if (request_.follow()) {
      PW_ASSIGN(watcher_, store_.Watch(store::Prefix(keys::kEvents), history_revision_ + 1));
    }
    return Ok();
  }

  Result<std::vector<v1::Event>> Next(SteadyTime deadline) override {
    if (cancelled_) return Cancelled("the reader was cancelled");
    std::vector<v1::Event> out;
    while (!history_read_) {
      PW_TRY(ReadHistory(&out));
      if (!out.empty()) return out;
    }
    if (!watcher_) return out;
    while (out.empty()) {
      PW_ASSIGN(const auto batch, watcher_->Next(deadline));
      if (batch.events.empty()) break;
      for (const store::Event& change : batch.events) {
        if (change.type != store::Event::Type::kPut) continue;
        PW_ASSIGN(auto event, ParseEvent(change.kv));
        if (Wanted(event)) out.push_back(std::move(event));
      }
    }
    return out;
  }
  bool done() const override { return history_read_ && !watcher_; }
  void Cancel() override {
    cancelled_ = true;
    if (watcher_) watcher_->Cancel();
  }

 private:
  bool Wanted(const v1::Event& event) const {
    if (event.revision() < request_.from_revision()) return false;
    if (event.workspace() != request_.workspace()) return false;
    const v1::ObjectRef& object = request_.object();
    return object.kind().empty() || (event.object().kind() == object.kind() && event.object().name() == object.name());
  }

  // Events' revisions rise with their sequences: the first that is wanted is found by halving.
  Status FindFirst() {
    const store::KeyRange all = store::Prefix(keys::kEvents);
    PW_ASSIGN(const auto first, store_.Range({all, 0, 1, true}));
    history_revision_ = first.revision;
    next_ = all;
    if (first.kvs.empty()) return Ok();
    std::uint64_t low = keys::EventSequence(first.kvs.front().key).value_or(1);
    if (request_.from_revision() == 0 || first.kvs.front().mod_revision >= request_.from_revision()) return Ok();
    std::uint64_t step = 1;
    // Invariant: the event `low` is older than what is wanted.
    while (true) {
      PW_ASSIGN(const bool older, IsOlder(low + step));
      if (!older) break;
      low += step;
      step *= 2;
    }
    std::uint64_t high = low + step;
    while (low + 1 < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      PW_ASSIGN(const bool older, IsOlder(middle));
      (older ? low : high) = middle;
    }
    next_.from = keys::Event(low + 1);
    return Ok();
  }

  Result<bool> IsOlder(std::uint64_t sequence) {
    PW_ASSIGN(const auto found, store_.Range({store::Single(keys::Event(sequence)), history_revision_, 1, true}));
    return !found.kvs.empty() && found.kvs.front().mod_revision < request_.from_revision();
  }

  Status ReadHistory(std::vector<v1::Event>* out) {
    PW_ASSIGN(const auto page, store_.Range({next_, history_revision_, kEventsAtOnce, false}));
    for (const store::KeyValue& kv : page.kvs) {
      PW_ASSIGN(auto event, ParseEvent(kv));
      if (Wanted(event)) out->push_back(std::move(event));
    }
    if (!page.kvs.empty()) next_.from = page.kvs.back().key + '\0';
    if (!page.more) history_read_ = true;
    return Ok();
  }

  store::Store& store_;
  const v1::EventsRequest request_;
  store::Revision history_revision_ = 0;
  store::KeyRange next_;
  bool history_read_ = false;
  std::atomic<bool> cancelled_{false};
  std::unique_ptr<store::Watcher> watcher_;
};

}  // namespace

Result<std::unique_ptr<RunReader>> OpenRunReader(store::Store& store, const RunId& id) {
  store::Revision revision = 0;
  PW_ASSIGN(auto run, ReadRun(store, id, &revision));
  // Both the run's own key and those below it begin so; ids have one length.
  PW_ASSIGN(auto watcher, store.Watch(store::Prefix(keys::Run(id)), revision + 1));
  return std::unique_ptr<RunReader>(std::make_unique<StoreRunReader>(store, id, std::move(run), std::move(watcher)));
}

Result<std::unique_ptr<EventReader>> OpenEventReader(store::Store& store, const v1::EventsRequest& request) {
  auto reader = std::make_unique<StoreEventReader>(store, request);
  PW_TRY(reader->Open());
  return std::unique_ptr<EventReader>(std::move(reader));
}

}  // namespace podwright::control
