// What the agent must not forget: actions and their outcomes, confirmed specs, pauses, the epoch,
// events that nobody acknowledged. Every change is on disk before it is true in memory.
//
// Threading: one thread at a time. Errors: a change that cannot be written did not happen.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "agent/journal/record_log.h"
#include "core/result.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::agent {

std::string ObjectKey(const v1::ObjectRef& object);
std::string ActionKey(const std::string& run, const std::string& action, std::uint32_t attempt,
                      bool compensation = false);
std::string ActionKey(const v1::Dispatch& dispatch);

class Journal {
 public:
  // `folder` is made with 0700 where it is not there.
  static Result<std::unique_ptr<Journal>> Open(const std::string& folder);

  const v1::AgentState& state() const { return state_; }
  LogDamage damage() const { return damage_; }
  // Changes whenever an object does.
  std::uint64_t objects_version() const { return objects_version_; }

  Status RaiseEpoch(std::uint64_t epoch);
  Status Begin(const v1::Dispatch& dispatch, const std::map<std::string, std::string>& proof);
  // The answer and what the object became, in one record.
  Status Finish(const std::string& key, const v1::ActionResult& result, const v1::ObjectState& object);
  Status FinishAndForget(const std::string& key, const v1::ActionResult& result, const v1::ObjectRef& object);
  Status Acknowledge(const v1::ResultAck& ack);
  Status PutObject(const v1::ObjectState& object);
  Status Forget(const v1::ObjectRef& object);
  Status SetControlPauses(const v1::PauseList& pauses);
  // `until` 0 ends it.
  Status SetHostPause(const v1::PauseState& pause);
  // Numbers the event. The oldest go when more than kMaxEvents wait.
  Result<std::uint64_t> AddEvent(v1::AgentEvent event);
  Status AcknowledgeEvent(std::uint64_t sequence);

  // The state of an object; a new one where there is none.
  v1::ObjectState Object(const v1::ObjectRef& ref) const;

  static constexpr std::size_t kMaxEvents = 1000;
  static constexpr std::size_t kMaxAnswers = 512;  // acknowledged answers that are kept
  static constexpr std::uint64_t kCompactAt = 4U * 1024 * 1024;

 private:
  explicit Journal(std::unique_ptr<RecordLog> log) : log_(std::move(log)) {}
  Status Write(const v1::JournalRecord& record);
  void Apply(const v1::JournalRecord& record);
  void DropOldAnswers();
  Status CompactIfLarge();

  std::unique_ptr<RecordLog> log_;
  v1::AgentState state_;
  LogDamage damage_ = LogDamage::kNone;
  std::uint64_t compacted_size_ = 0;
  std::uint64_t objects_version_ = 1;
};

}  // namespace podwright::agent
