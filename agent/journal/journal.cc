#include "agent/journal/journal.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>
#include <vector>

namespace podwright::agent {

std::string ObjectKey(const v1::ObjectRef& object) {
  return object.kind() + "/" + object.name();
}

std::string ActionKey(const std::string& run, const std::string& action, std::uint32_t attempt, bool compensation) {
  return run + "\n" + action + "\n" + std::to_string(attempt) + (compensation ? "\nback" : "");
}
std::string ActionKey(const v1::Dispatch& dispatch) {
  return ActionKey(dispatch.run(), dispatch.action().id(), dispatch.attempt(), dispatch.compensation());
}

Result<std::unique_ptr<Journal>> Journal::Open(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "make " + folder);
  if (::chmod(folder.c_str(), 0700) != 0) return ErrnoError(errno, "change the mode of " + folder);
  PW_ASSIGN(RecordLog::Opened opened, RecordLog::Open(folder + "/journal"));
  std::unique_ptr<Journal> journal(new Journal(std::move(opened.log)));
  journal->damage_ = opened.damage;
  journal->state_.set_format(1);
  for (const std::string& bytes : opened.records) {
    v1::JournalRecord record;
    if (!record.ParseFromString(bytes)) return DataLoss("a record of " + folder + "/journal cannot be read");
    journal->Apply(record);
  }
  return journal;
}

Status Journal::Write(const v1::JournalRecord& record) {
  PW_TRY(log_->Append(record.SerializeAsString()));
  Apply(record);
  return CompactIfLarge();
}

void Journal::Apply(const v1::JournalRecord& record) {
  if (record.has_object() || record.has_forgotten() || record.has_with_object() || record.has_snapshot()) {
    ++objects_version_;
  }
  switch (record.change_case()) {
    case v1::JournalRecord::kSnapshot: state_ = record.snapshot(); break;
    case v1::JournalRecord::kEpoch: state_.set_highest_epoch(std::max(state_.highest_epoch(), record.epoch())); break;
    case v1::JournalRecord::kAction: {
      (*state_.mutable_actions())[ActionKey(record.action().dispatch())] = record.action();
      state_.set_last_order(std::max(state_.last_order(), record.action().order()));
      break;
    }
    case v1::JournalRecord::kAcknowledged: {
      const v1::ResultAck& ack = record.acknowledged();
      for (const bool compensation : {false, true}) {
        const auto found =
            state_.mutable_actions()->find(ActionKey(ack.run(), ack.action_id(), ack.attempt(), compensation));
        if (found == state_.mutable_actions()->end() || !found->second.has_result()) continue;
        found->second.set_acknowledged(true);
        // Enough to answer who asks again and to tell whether a try acted, nothing that is sealed.
        found->second.clear_dispatch();
        found->second.mutable_result()->clear_facts();
      }
      DropOldAnswers();
      break;
    }
    case v1::JournalRecord::kObject:
      (*state_.mutable_objects())[ObjectKey(record.object().object())] = record.object();
      break;
    case v1::JournalRecord::kForgotten: state_.mutable_objects()->erase(ObjectKey(record.forgotten())); break;
    case v1::JournalRecord::kControlPauses: *state_.mutable_control_pauses() = record.control_pauses().paused(); break;
    case v1::JournalRecord::kHostPause:
      if (record.host_pause().until_unix_ms() == 0) {
        state_.clear_host_pause();
      } else {
        *state_.mutable_host_pause() = record.host_pause();
      }
      break;
    case v1::JournalRecord::kEvent: {
      auto& events = *state_.mutable_events();
      events[record.event().sequence()] = record.event();
      state_.set_last_event(std::max(state_.last_event(), record.event().sequence()));
      while (static_cast<std::size_t>(events.size()) > kMaxEvents) {
        std::uint64_t oldest = record.event().sequence();
        for (const auto& entry : events) oldest = std::min<std::uint64_t>(oldest, entry.first);
        events.erase(oldest);
      }
      break;
    }
    case v1::JournalRecord::kEventAcknowledged: state_.mutable_events()->erase(record.event_acknowledged()); break;
    case v1::JournalRecord::CHANGE_NOT_SET: break;
  }
  if (record.has_with_object()) {
    (*state_.mutable_objects())[ObjectKey(record.with_object().object())] = record.with_object();
  }
}

void Journal::DropOldAnswers() {
  std::vector<std::pair<std::uint64_t, std::string>> old;
  for (const auto& [key, action] : state_.actions()) {
    if (action.acknowledged()) old.emplace_back(action.order(), key);
  }
  if (old.size() <= kMaxAnswers) return;
  std::sort(old.begin(), old.end());
  for (std::size_t i = 0; i + kMaxAnswers < old.size(); ++i) state_.mutable_actions()->erase(old[i].second);
}

Status Journal::CompactIfLarge() {
  if (log_->size() < kCompactAt || log_->size() < 2 * compacted_size_) return Ok();
  v1::JournalRecord record;
  *record.mutable_snapshot() = state_;
  PW_TRY(log_->Replace(record.SerializeAsString()));
  compacted_size_ = log_->size();
  return Ok();
}

Status Journal::RaiseEpoch(std::uint64_t epoch) {
  if (epoch <= state_.highest_epoch()) return Ok();
  v1::JournalRecord record;
  record.set_epoch(epoch);
  return Write(record);
}

Status Journal::Begin(const v1::Dispatch& dispatch, const std::map<std::string, std::string>& proof) {
  v1::JournalRecord record;
  v1::JournalledAction& action = *record.mutable_action();
  *action.mutable_dispatch() = dispatch;
  action.mutable_proof_before()->insert(proof.begin(), proof.end());
  action.set_order(state_.last_order() + 1);
  return Write(record);
}

Status Journal::Finish(const std::string& key, const v1::ActionResult& result, const v1::ObjectState& object) {
  v1::JournalRecord record;
  *record.mutable_action() = state_.actions().at(key);
  *record.mutable_action()->mutable_result() = result;
  *record.mutable_with_object() = object;
  return Write(record);
}

Status Journal::FinishAndForget(const std::string& key, const v1::ActionResult& result, const v1::ObjectRef& object) {
  v1::JournalRecord record;
  *record.mutable_action() = state_.actions().at(key);
  *record.mutable_action()->mutable_result() = result;
  PW_TRY(Write(record));
  return Forget(object);
}

Status Journal::Acknowledge(const v1::ResultAck& ack) {
  bool news = false;
  for (const bool compensation : {false, true}) {
    const auto found = state_.actions().find(ActionKey(ack.run(), ack.action_id(), ack.attempt(), compensation));
    news = news || (found != state_.actions().end() && !found->second.acknowledged() && found->second.has_result());
  }
  if (!news) return Ok();
  v1::JournalRecord record;
  *record.mutable_acknowledged() = ack;
  return Write(record);
}

Status Journal::PutObject(const v1::ObjectState& object) {
  v1::JournalRecord record;
  *record.mutable_object() = object;
  return Write(record);
}

Status Journal::Forget(const v1::ObjectRef& object) {
  if (!state_.objects().contains(ObjectKey(object))) return Ok();
  v1::JournalRecord record;
  *record.mutable_forgotten() = object;
  return Write(record);
}

Status Journal::SetControlPauses(const v1::PauseList& pauses) {
  v1::JournalRecord record;
  *record.mutable_control_pauses() = pauses;
  return Write(record);
}

Status Journal::SetHostPause(const v1::PauseState& pause) {
  v1::JournalRecord record;
  *record.mutable_host_pause() = pause;
  return Write(record);
}

Result<std::uint64_t> Journal::AddEvent(v1::AgentEvent event) {
  const std::uint64_t sequence = state_.last_event() + 1;
  event.set_sequence(sequence);
  v1::JournalRecord record;
  *record.mutable_event() = std::move(event);
  PW_TRY(Write(record));
  return sequence;
}

Status Journal::AcknowledgeEvent(std::uint64_t sequence) {
  if (!state_.events().contains(sequence)) return Ok();
  v1::JournalRecord record;
  record.set_event_acknowledged(sequence);
  return Write(record);
}

v1::ObjectState Journal::Object(const v1::ObjectRef& ref) const {
  const auto found = state_.objects().find(ObjectKey(ref));
  if (found != state_.objects().end()) return found->second;
  v1::ObjectState fresh;
  *fresh.mutable_object() = ref;
  return fresh;
}

}  // namespace podwright::agent
