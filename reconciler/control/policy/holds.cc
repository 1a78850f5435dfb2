// What of a run policy holds: objects outside their windows, and those of later waves.
#include <algorithm>

#include "reconciler/control/executor.h"
#include "reconciler/control/policy/policy.h"
#include "reconciler/control/run_builder.h"

namespace podwright::control {
namespace {

constexpr std::size_t kWaitsNamed = 100;
constexpr std::size_t kWaitsTold = 20;
// The clock on the wall may be set: it is looked at again so often.
constexpr std::int64_t kLookAgain = 600'000;

// One object's actions in a run.
struct ObjectWork {
  bool begun = false;
  bool pending = false;
  v1::Disruption worst = v1::DISRUPTION_NONE;  // of what is pending
};

std::map<ObjectId, ObjectWork> WorkOf(const RunId& id, const RunRow& row) {
  std::map<ObjectId, ObjectWork> out;
  for (const v1::ActionRecord& record : row.actions) {
    if (!record.compensates().empty()) continue;
    ObjectWork& work = out[IdOf(id.workspace, record.action().object())];
    if (record.state() == v1::ACTION_STATE_PENDING) {
      // One that is tried again has begun.
      work.begun = work.begun || record.attempt() > 0;
      work.pending = true;
      work.worst = std::max(work.worst, record.action().disruption());
    } else if (record.state() != v1::ACTION_STATE_SKIPPED) {
      work.begun = true;
    }
  }
  return out;
}

bool IsOver(v1::RunPartState state) {
  return state == v1::RUN_PART_STATE_STALLED || state == v1::RUN_PART_STATE_BLOCKED ||
         state == v1::RUN_PART_STATE_CANCELLED;
}

// The first wave that is not ready yet, and the first in which something failed; 0: none.
struct WaveStand {
  std::uint32_t current = 0;
  std::uint32_t failed = 0;
  std::string why;
};

WaveStand StandOf(const RunRow& row) {
  WaveStand out;
  for (const v1::RunPart& part : row.parts) {
    if (part.wave() == 0) continue;
    const bool active = part.state() == v1::RUN_PART_STATE_ACTIVE;
    if (active && (out.current == 0 || part.wave() < out.current)) out.current = part.wave();
    if (IsOver(part.state()) && (out.failed == 0 || part.wave() < out.failed)) {
      out.failed = part.wave();
      out.why = "wave " + std::to_string(part.wave()) + " did not become ready: " + part.object().kind() + "/" +
                part.object().name() + (part.message().empty() ? "" : ": " + part.message());
    }
  }
  return out;
}

}  // namespace

// What waits for something that is held is held with it: it neither goes nor keeps the rest from being settled.
void Executor::HoldDependants(const RunId& id, const RunRow& row, Holds* holds) {
  const auto work = WorkOf(id, row);
  bool changed = !holds->objects.empty();
  while (changed) {
    changed = false;
    for (const v1::ActionRecord& record : row.actions) {
      if (record.state() != v1::ACTION_STATE_PENDING || !record.compensates().empty()) continue;
      const ObjectId object = IdOf(id.workspace, record.action().object());
      if (holds->objects.contains(object) || work.at(object).begun) continue;
      for (const std::string& dependency : record.action().depends_on()) {
        const std::size_t* place = IndexOf(id).ById(dependency);
        if (place == nullptr || !IsOpen(row.actions[*place].state())) continue;
        if (!holds->objects.contains(IdOf(id.workspace, row.actions[*place].action().object()))) continue;
        holds->objects.insert(object);
        changed = true;
        break;
      }
    }
  }
}

Executor::Holds Executor::FindHolds(const RunId& id, const RunRow& row) {
  Holds out;
  if (row.header.cancel_requested()) return out;
  const WaveStand waves = StandOf(row);
  const Policy policy = PolicyOf(core_, id.workspace);
  const bool windows = !policy.windows.empty() && row.header.released_by().empty();
  if (!windows && waves.current == 0) return out;
  const auto work = WorkOf(id, row);
  for (const v1::RunPart& part : row.parts) {
    if (part.state() != v1::RUN_PART_STATE_ACTIVE) continue;
    const ObjectId object = IdOf(id.workspace, part.object());
    if (part.wave() > 0 && waves.failed > 0 && part.wave() > waves.failed) {
      out.stopped[object] = waves.why;
      continue;
    }
    if (part.wave() > waves.current) {
      out.objects.insert(object);
      out.told.push_back("wave " + std::to_string(part.wave()) + " begins when wave " + std::to_string(waves.current) +
                         " is ready");
    }
    const auto mine = work.find(object);
    if (!windows || mine == work.end() || mine->second.begun || !mine->second.pending) continue;
    const ObjectRow* stored = core_.tables.Find(object);
    v1::WindowWait wait;
    if (!HeldByWindow(policy, object, stored == nullptr ? Labels() : stored->object.labels(), mine->second.worst,
                      core_.NowMillis(), &wait)) {
      continue;
    }
    out.objects.insert(object);
    out.told.push_back(WindowText(wait));
    if (out.windows.size() < kWaitsNamed) out.windows.push_back(std::move(wait));
  }
  HoldDependants(id, row, &out);
  return out;
}

// What was held and is so no more was planned long ago: it is planned again before it goes.
Status Executor::LookAtHolds(const RunId& id) {
  const RunRow& row = core_.tables.runs.at(id);
  Runtime& runtime = runtimes_[id];
  Holds now = FindHolds(id, row);
  std::set<ObjectId> before = runtime.holds.objects;
  for (const v1::WindowWait& wait : row.header.windows()) before.insert(IdOf(id.workspace, wait.object()));
  const bool first = !runtime.looked;
  for (const v1::RunPart& part : row.parts) {
    // After a restart nobody remembers what was held.
    if (first && row.header.state() == v1::RUN_STATE_RUNNING && part.wave() > 1) {
      before.insert(IdOf(id.workspace, part.object()));
    }
  }
  runtime.looked = true;
  runtime.holds = std::move(now);
  const std::int64_t clock = core_.NowMillis();
  for (const v1::WindowWait& wait : runtime.holds.windows) {
    const std::int64_t left = wait.opens_unix_ms() == 0 ? kLookAgain : wait.opens_unix_ms() - clock;
    core_.WakeAt(RunWork(id),
                 core_.Steady() + std::chrono::milliseconds(std::clamp<std::int64_t>(left, 1, kLookAgain)));
  }
  for (std::size_t i = 0; i < runtime.holds.told.size() && i < kWaitsTold; ++i) {
    runtime.waiting.insert(runtime.holds.told[i]);
  }
  if (before.empty() || row.header.bound()) return Ok();
  const auto work = WorkOf(id, row);
  std::set<ObjectId> released;
  for (const ObjectId& object : before) {
    const auto mine = work.find(object);
    if (runtime.holds.objects.contains(object) || mine == work.end() || mine->second.begun || !mine->second.pending)
      continue;
    released.insert(object);
  }
  if (released.empty()) return Ok();
  Change change(core_);
  RefreshObjects(core_, id, released, change);
  if (change.empty()) return Ok();
  PW_TRY(change.Commit());
  return Ok();
}

}  // namespace podwright::control
