// The change of roles that somebody asked for.
#include <algorithm>

#include "kinds/database/database_form.h"
#include "reconciler/planner/kinds/database_draft.h"
#include "reconciler/planner/kinds/database_planner.h"

namespace podwright::planner {

using v1::kinds::DatabaseInstanceAction;

// Somebody named another primary since the last one that was made.
bool DatabaseDraft::WishIsOpen() const {
  const auto* allocation = static_cast<const v1::kinds::DatabaseAllocation*>(reader_.Allocation(object_.key));
  return allocation != nullptr && allocation->wishes() > members_.wish && spec_.has_primary() &&
         spec_.primary() != members_.primary;
}

Status DatabaseDraft::PlanSwitchover() {
  const DatabaseMember& primary = members_.all.at(members_.primary);
  if (WishIsOpen()) {
    PlanHandover(members_.primary, spec_.primary());
    return Ok();
  }
  if (!primary.is->fenced()) return Ok();
  // A switchover was begun, and nobody wants it any more.
  ActionDraft action = Action(members_.primary, "database.primary.unfence", members_.primary,
                              "start as the primary again: no other member took its place");
  action.SetPayload(v1::kinds::DatabaseFenceAction());
  Add(members_.primary, std::move(action));
  return Ok();
}

void DatabaseDraft::PlanHandover(const std::string& from, const std::string& to) {
  Places before;
  for (const std::string& name : names_) before.insert(before.end(), own_[name].begin(), own_[name].end());
  Places last = before;
  if (!members_.all.at(from).is->fenced()) {
    ActionDraft fence = Action(from, "database.primary.fence", from,
                               "stop taking writes and hand over to " + to + ", which must have everything");
    v1::kinds::DatabaseFenceAction payload;
    payload.set_successor(to);
    fence.SetPayload(payload);
    fence.SetCompensation("database.primary.unfence", "start as the primary again", payload);
    v1::Guard& guard = *fence.action.add_guards();
    guard.set_fact("database.timeline:");
    guard.set_expected(std::to_string(members_.all.at(from).is->timeline()));
    guard.set_why("the roles have changed since this was planned");
    fence.action.set_disruption(v1::DISRUPTION_FAILOVER);
    fence.action.set_downtime_ms(kDatabaseSwitchoverMs);
    last = {Add(from, std::move(fence), before)};
  }
  const auto* allocation = static_cast<const v1::kinds::DatabaseAllocation*>(reader_.Allocation(object_.key));
  ActionDraft promote = Action(to, "database.primary.promote", to, "become the primary in the place of " + from);
  v1::kinds::DatabasePromoteAction payload;
  payload.set_former(from);
  payload.set_wish(allocation->wishes());
  for (const std::string& name : names_) {
    if (name != to) payload.add_slots(name);
  }
  promote.SetPayload(payload);
  promote.Bind("position", object_.key, from, "stopped_at");
  promote.action.set_disruption(v1::DISRUPTION_FAILOVER);
  last = {Add(to, std::move(promote), last)};
  for (const std::string& name : names_) {
    if (name == to || name == from) continue;
    ActionDraft follow = Action(name, "database.replica.follow", to, "follow " + to + " as its replica");
    v1::kinds::DatabaseFollowAction follows;
    follows.set_upstream(to);
    follow.SetPayload(follows);
    Add(name, std::move(follow), last);
  }
  ActionDraft rejoin = Action(from, "database.instance.rejoin", "replica", "come back as a replica of " + to);
  DatabaseInstanceAction instance;
  *instance.mutable_configuration() = ConfigurationOf(from);
  instance.set_upstream(to);
  SetInstance(instance, rejoin);
  Add(from, std::move(rejoin), last);
  members_.primary = to;
}

}  // namespace podwright::planner
