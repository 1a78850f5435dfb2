#include "tests/kinds/widget_planner.h"

#include <algorithm>
#include <set>

#include "podwright/testing/widget.pb.h"
#include "reconciler/planner/secret_uses.h"

namespace podwright::planner {

namespace {

using testing::WidgetObserved;
using testing::WidgetSpec;

const WidgetSpec& Spec(const ObjectInput& object) {
  return static_cast<const WidgetSpec&>(*object.spec);
}

v1::Disruption DisruptionOf(const std::string& text) {
  if (text == "reload") return v1::DISRUPTION_RELOAD;
  if (text == "restart") return v1::DISRUPTION_RESTART;
  if (text == "failover") return v1::DISRUPTION_FAILOVER;
  if (text == "replace") return v1::DISRUPTION_REPLACE;
  if (text == "data_loss") return v1::DISRUPTION_DATA_LOSS;
  return v1::DISRUPTION_NONE;
}

ActionDraft WidgetAction(const ObjectInput& object, const std::string& server, bool remove) {
  const WidgetSpec& spec = Spec(object);
  const std::string verb = remove ? "remove" : "put";
  ActionDraft action;
  action.action.set_server(server);
  action.action.set_verb("widget." + verb);
  action.action.set_subject(server);
  action.action.set_summary(verb + " widget " + object.key.name + " on " + server);
  action.action.set_deletes(remove);
  WidgetSpec payload;
  if (!remove) payload.set_payload(spec.payload());
  payload.set_fail(spec.fail());
  action.SetPayload(payload);
  return action;
}

void AddPut(const ObjectInput& object, const std::string& server, const WidgetObserved* is,
            const std::vector<ObjectKey>& after, SliceDraft& draft) {
  const WidgetSpec& spec = Spec(object);
  ActionDraft action = WidgetAction(object, server, false);
  WidgetSpec back;
  if (is != nullptr) back.set_payload(is->payload());
  action.SetCompensation(is == nullptr ? "widget.remove" : "widget.put", "take widget " + object.key.name + " back",
                         back);
  if (is != nullptr) {
    action.action.set_disruption(DisruptionOf(spec.disruption()));
    const bool stops = action.action.disruption() >= v1::DISRUPTION_RESTART;
    action.action.set_downtime_ms(stops ? kWidgetDowntimeMs : 0);
  }
  if (spec.has_max_parallel()) {
    action.action.mutable_batch()->set_name("widget/" + object.key.name);
    action.action.mutable_batch()->set_max_parallel(static_cast<std::uint32_t>(spec.max_parallel()));
    action.action.mutable_batch()->set_healthy_ms(spec.healthy_time());
  }
  action.after_objects = after;
  draft.actions.push_back(std::move(action));
}

}  // namespace

Result<SliceDraft> WidgetPlanner::PlanObject(const ObjectInput& object, RecordingReader& reader) const {
  const WidgetSpec& spec = Spec(object);
  const bool live = object.lifecycle == ObjectLifecycle::kLive;
  SliceDraft draft;
  std::set<std::string> wanted;
  std::vector<ObjectKey> after;
  if (live) {
    wanted.insert(spec.servers().begin(), spec.servers().end());
    for (const std::string& server : wanted) after.push_back({"server", server});
    if (spec.has_copies()) after.push_back({"widget", spec.copies()});
    for (const std::string& need : spec.needs()) after.push_back({"widget", need});
    for (const ObjectKey& key : after) {
      if (reader.Object(key) == nullptr) return FailedPrecondition(key.Text() + " does not exist");
    }
  }
  const auto* numbers =
      spec.numbered() ? static_cast<const testing::WidgetAllocation*>(reader.Allocation(object.key)) : nullptr;
  for (const std::string& server : wanted) {
    const ObservedInput* observed = reader.Observed(object.key, server);
    const auto* is = observed == nullptr ? nullptr : static_cast<const WidgetObserved*>(observed->observed.get());
    const bool there = is != nullptr && is->has_payload();
    if (there && is->payload() == spec.payload()) continue;
    AddPut(object, server, there ? is : nullptr, after, draft);
    v1::Action& action = draft.actions.back().action;
    if (numbers != nullptr) {
      action.set_summary(action.summary() + " as number " + std::to_string(numbers->numbers().at(server)));
    }
    if (spec.locked()) {
      PW_ASSIGN(const v1::SecretUse key, ReadInternalSecret(reader, object.key, "key"));
      AddSecret(key, draft.actions.back());
    }
    if (spec.has_copies()) draft.actions.back().Bind("payload", {"widget", spec.copies()}, server, "payload");
  }
  for (const std::string& server : reader.ObservedServers(object.key)) {
    if (wanted.contains(server)) continue;
    const ObservedInput* observed = reader.Observed(object.key, server);
    if (!static_cast<const WidgetObserved&>(*observed->observed).has_payload()) continue;
    draft.actions.push_back(WidgetAction(object, server, true));
  }
  return draft;
}

std::unique_ptr<google::protobuf::Message> WidgetPlanner::ComputeStatus(const ObjectInput& object,
                                                                        const StatusReader& reader) const {
  auto status = std::make_unique<testing::WidgetStatus>();
  std::int64_t ready = 0;
  for (const auto* fact : reader.facts().ObservedOf(object.key)) {
    const auto& is = static_cast<const WidgetObserved&>(*fact->input.observed);
    ready += is.has_payload() && is.payload() == Spec(object).payload() ? 1 : 0;
  }
  status->set_ready_servers(ready);
  return status;
}

std::unique_ptr<google::protobuf::Message> WidgetPlanner::Allocate(const ObjectInput& object,
                                                                   const google::protobuf::Message* before) const {
  if (!Spec(object).numbered()) return nullptr;
  auto record = std::make_unique<testing::WidgetAllocation>();
  if (before != nullptr) record->CopyFrom(*before);
  for (const std::string& server : ServersOf(object)) {
    if (record->numbers().contains(server)) continue;
    record->set_next(record->next() + 1);
    (*record->mutable_numbers())[server] = record->next();
  }
  return record;
}

std::unique_ptr<google::protobuf::Message> WidgetPlanner::NewAllocation() const {
  return std::make_unique<testing::WidgetAllocation>();
}

std::vector<InternalSecret> WidgetPlanner::InternalSecrets(const ObjectInput& object) const {
  if (!Spec(object).locked()) return {};
  return {{"key", {}}};
}

std::vector<std::string> WidgetPlanner::ServersOf(const ObjectInput& object) const {
  const std::set<std::string> servers(Spec(object).servers().begin(), Spec(object).servers().end());
  return {servers.begin(), servers.end()};
}

}  // namespace podwright::planner
