#include "reconciler/planner/kinds/database_draft.h"

#include <algorithm>
#include <set>

#include "kinds/database/database_form.h"
#include "podwright/v1/kinds/mesh.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/database_planner.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/secret_uses.h"

namespace podwright::planner {

using v1::kinds::DatabaseConfiguration;
using v1::kinds::DatabaseInstanceAction;
using v1::kinds::DatabaseObserved;

DatabaseDraft::DatabaseDraft(const ObjectInput& object, DatabaseMembers members, v1::SecretUse replication,
                             RecordingReader& reader)
    : object_(object),
      spec_(static_cast<const v1::kinds::DatabaseSpec&>(*object.spec)),
      reader_(reader),
      members_(std::move(members)),
      replication_(std::move(replication)) {
  for (const auto& entry : members_.all) names_.push_back(entry.first);
}

Status DatabaseDraft::Plan() {
  for (const std::string& name : names_) PlanSoftware(name);
  PlanPrimary();
  PlanConfiguration(members_.primary);
  PlanSlots();
  primary_ready_ = own_[members_.primary];
  for (const std::string& name : names_) {
    if (name == members_.primary) continue;
    PlanConfiguration(name);
    PlanReplica(name);
  }
  PlanRestarts();
  PW_TRY(PlanSwitchover());
  return PlanContents();
}

ActionDraft DatabaseDraft::Action(const std::string& server, std::string verb, std::string subject,
                                  std::string summary) const {
  ActionDraft draft;
  draft.action.set_server(server);
  draft.action.set_verb(std::move(verb));
  draft.action.set_subject(std::move(subject));
  draft.action.set_summary(std::move(summary));
  return draft;
}

std::size_t DatabaseDraft::Add(const std::string& server, ActionDraft action, const Places& also) {
  action.after = own_[server];
  Places others = also;
  action.after_objects.push_back({"server", server});
  // Who still installs does not answer what it is asked for: a value of another member waits for what that one does.
  for (const v1::FactBinding& binding : action.action.bindings()) {
    if (binding.server() == server) continue;
    const Places& own = own_[binding.server()];
    others.insert(others.end(), own.begin(), own.end());
    action.after_objects.push_back({"server", binding.server()});
  }
  for (const std::size_t place : others) {
    if (std::find(action.after.begin(), action.after.end(), place) == action.after.end()) action.after.push_back(place);
  }
  if (spec_.has_mesh()) action.after_objects.push_back({"mesh", spec_.mesh()});
  draft_.actions.push_back(std::move(action));
  own_[server] = {draft_.actions.size() - 1};
  return draft_.actions.size() - 1;
}

DatabaseConfiguration DatabaseDraft::ConfigurationOf(const std::string& name) const {
  DatabaseConfiguration out;
  out.set_engine(spec_.engine());
  out.set_version(spec_.version());
  out.set_instance(kinds::DatabaseInstance(object_.key.name, spec_));
  out.set_member(name);
  out.set_port(kinds::DatabasePort(spec_));
  for (const auto& [member, known] : members_.all) (*out.mutable_members())[member] = known.address;
  std::set<std::string> clients(spec_.clients().begin(), spec_.clients().end());
  if (const ObjectInput* mesh = spec_.has_mesh() ? reader_.Object({"mesh", spec_.mesh()}) : nullptr;
      mesh != nullptr && clients.empty()) {
    clients.insert(static_cast<const v1::kinds::MeshSpec&>(*mesh->spec).range());
  }
  for (const std::string& network : clients) out.add_clients(network);
  out.set_sync_mode(spec_.has_sync() ? spec_.sync().mode() : "asynchronous");
  out.set_sync_count(out.sync_mode() == "asynchronous" ? 0 : spec_.sync().count());
  *out.mutable_parameters() = spec_.parameters();
  out.set_wish(members_.wish);
  *out.mutable_replication() = replication_;
  return out;
}

bool DatabaseDraft::AddressesKnown() const {
  return std::all_of(members_.all.begin(), members_.all.end(),
                     [](const auto& entry) { return !entry.second.address.empty(); });
}

bool DatabaseDraft::IsConfigured(const std::string& name) const {
  return AddressesKnown() &&
         members_.all.at(name).is->configuration() == kinds::DatabaseConfigurationDigest(ConfigurationOf(name));
}

void DatabaseDraft::SetInstance(const DatabaseInstanceAction& payload, ActionDraft& action) const {
  action.SetPayload(payload);
  for (const auto& [name, member] : members_.all) {
    if (member.address.empty()) action.Bind("address/" + name, {"server", name}, name, "address");
  }
  AddSecret(replication_, action);
}

void DatabaseDraft::PlanSoftware(const std::string& name) {
  const DatabaseMember& member = members_.all.at(name);
  v1::kinds::DatabaseSoftwareAction payload;
  const ObjectInput* server = spec_.has_apt_source() ? reader_.Object({"server", name}) : nullptr;
  if (server != nullptr) {
    const auto& sources = static_cast<const v1::kinds::ServerSpec&>(*server->spec).apt_sources();
    payload.set_apt_source(spec_.apt_source());
    if (const auto it = sources.find(spec_.apt_source()); it != sources.end()) payload.set_apt_uri(it->second.uri());
  }
  const std::string origin = server == nullptr ? "" : payload.apt_source() + " " + payload.apt_uri();
  if (member.seen && member.is->lacking().empty() && member.is->apt_source() == origin) return;
  const std::vector<std::string> lacking(member.is->lacking().begin(), member.is->lacking().end());
  const bool only_source = member.seen && lacking.empty();
  const std::string from = server == nullptr ? "" : " from the apt source " + payload.apt_source();
  ActionDraft action = Action(
      name, "database.software.install", "software",
      only_source
          ? (server == nullptr ? std::string("take later packages from any apt source") : "take later packages" + from)
          : (lacking.empty() ? "install " + spec_.engine() + " " + spec_.version() : "install " + Listed(lacking)) +
                from);
  payload.set_engine(spec_.engine());
  payload.set_version(spec_.version());
  action.SetPayload(payload);
  Add(name, std::move(action));
}

// Its option files are not read any more: what they say and nobody declares goes back to the server's defaults.
void DatabaseDraft::NoteUndeclared(const std::string& name, const std::string& instance) {
  std::vector<std::string> undeclared;
  for (const auto& [parameter, seen] : members_.all.at(name).is->parameters()) {
    if (!spec_.parameters().contains(parameter)) undeclared.push_back(parameter + "=" + seen.value());
  }
  if (undeclared.empty()) return;
  std::sort(undeclared.begin(), undeclared.end());
  draft_.notes.push_back("the option files of the instance " + instance + " on " + name + " say " + Listed(undeclared) +
                         ", which `parameters` does not: the server's defaults apply when it is taken over");
}

// A kept one is resumed by the same verb: what is there is never initialised again.
void DatabaseDraft::PlanPrimary() {
  const std::string& name = members_.primary;
  const DatabaseMember& member = members_.all.at(name);
  if (member.Running() || member.is->state() == "stopped") return PlanStart(name);
  const std::string instance = kinds::DatabaseInstance(object_.key.name, spec_);
  const bool adopted = spec_.adopt() == "existing";
  const bool kept = member.is->state() == "kept";
  ActionDraft action =
      Action(name, adopted ? "database.instance.adopt" : "database.instance.create", instance,
             adopted ? "take over the instance " + instance
             : kept  ? "resume the instance " + instance + " with the data that was kept"
                     : "initialise the instance " + instance + " of " + spec_.engine() + " " + spec_.version());
  DatabaseInstanceAction payload;
  *payload.mutable_configuration() = ConfigurationOf(name);
  SetInstance(payload, action);
  if (adopted) {
    const bool under_another_unit = spec_.engine() == kinds::kMysql;
    action.action.set_disruption(under_another_unit ? v1::DISRUPTION_RESTART : v1::DISRUPTION_RELOAD);
    if (under_another_unit) NoteUndeclared(name, instance);
    if (member.seen && !member.is->checksums()) {
      draft_.notes.push_back("the instance " + instance + " on " + name +
                             " has no checksums of its pages, and gets none while it runs");
    }
  }
  configures_[name] = true;
  Add(name, std::move(action));
}

void DatabaseDraft::PlanStart(const std::string& name) {
  const DatabaseMember& member = members_.all.at(name);
  if (member.is->state() != "stopped" || member.is->fenced()) return;
  ActionDraft action = Action(name, "database.instance.start", "service", "start the instance, which is stopped");
  action.SetPayload(v1::kinds::DatabaseServiceAction());
  Add(name, std::move(action));
}

void DatabaseDraft::PlanConfiguration(const std::string& name) {
  const DatabaseMember& member = members_.all.at(name);
  const bool there = member.Running() || member.is->state() == "stopped";
  if (!there || configures_[name]) return;
  const auto* allocation = static_cast<const v1::kinds::DatabaseAllocation*>(reader_.Allocation(object_.key));
  const std::int64_t wishes = allocation == nullptr ? 0 : allocation->wishes();
  // The wish was fulfilled before it was spoken: that is noted, so that a later change of roles is not taken back.
  const bool note = name == members_.primary && wishes > members_.wish && spec_.primary() == name;
  if (IsConfigured(name) && !note) return;
  ActionDraft action = Action(name, "database.instance.configure", "configuration",
                              IsConfigured(name) ? "note that " + name + " is the primary that is wished for"
                                                 : "write the configuration and reload it");
  DatabaseInstanceAction payload;
  *payload.mutable_configuration() = ConfigurationOf(name);
  if (note) payload.mutable_configuration()->set_wish(wishes);
  payload.set_upstream(name == members_.primary ? "" : members_.primary);
  SetInstance(payload, action);
  if (!IsConfigured(name)) {
    action.action.set_disruption(v1::DISRUPTION_RELOAD);
    configures_[name] = true;
  }
  Add(name, std::move(action));
}

void DatabaseDraft::PlanSlots() {
  if (spec_.engine() != kinds::kPostgresql) return;
  const DatabaseMember& primary = members_.all.at(members_.primary);
  if (primary.is->fenced()) return;  // its successor has them
  v1::kinds::DatabaseSlotsAction payload;
  for (const std::string& name : names_) {
    if (name != members_.primary) payload.add_members(name);
  }
  const bool same = std::equal(payload.members().begin(), payload.members().end(), primary.is->slots().begin(),
                               primary.is->slots().end());
  if (same) return;
  ActionDraft action =
      Action(members_.primary, "database.slots.set", "slots",
             payload.members().empty()
                 ? "hold no replication slot"
                 : "hold replication slots for " + Listed({payload.members().begin(), payload.members().end()}));
  action.SetPayload(payload);
  Add(members_.primary, std::move(action));
}

void DatabaseDraft::PlanReplica(const std::string& name) {
  const DatabaseMember& member = members_.all.at(name);
  DatabaseInstanceAction payload;
  payload.set_upstream(members_.primary);
  *payload.mutable_configuration() = ConfigurationOf(name);
  const bool fenced_primary = members_.all.at(members_.primary).is->fenced();
  if (!member.Has()) {
    ActionDraft action = Action(name, "database.instance.clone", kinds::DatabaseInstance(object_.key.name, spec_),
                                "clone the data of " + members_.primary + ", which goes on meanwhile");
    SetInstance(payload, action);
    configures_[name] = true;
    Add(name, std::move(action), primary_ready_);
    return;
  }
  const bool former_primary = !member.Replica();
  if (former_primary || member.Stranded() || member.is->state() == "kept") {
    ActionDraft action = Action(
        name, "database.instance.rejoin", "replica",
        former_primary
            ? "come back as a replica of " + members_.primary + ", and give up what only this former primary has"
        : member.Stranded() ? "clone the data of " + members_.primary + " anew: this replica cannot follow it any more"
                            : "resume the data that was kept, as a replica of " + members_.primary);
    SetInstance(payload, action);
    if (former_primary || member.Stranded()) action.action.set_disruption(v1::DISRUPTION_REPLACE);
    configures_[name] = true;
    Add(name, std::move(action), primary_ready_);
    return;
  }
  PlanStart(name);
  if (member.is->upstream() == members_.primary || configures_[name] || fenced_primary) return;
  ActionDraft action =
      Action(name, "database.replica.follow", members_.primary, "follow " + members_.primary + " as its replica");
  v1::kinds::DatabaseFollowAction follow;
  follow.set_upstream(members_.primary);
  action.SetPayload(follow);
  Add(name, std::move(action), primary_ready_);
}

// Which parameters ask for it, as far as the plan can know: the server has the last word when it comes to it.
std::vector<std::string> DatabaseDraft::RestartReasons(const std::string& name) const {
  const DatabaseObserved& is = *members_.all.at(name).is;
  std::set<std::string> out(is.pending_restart().begin(), is.pending_restart().end());
  const auto configures = configures_.find(name);
  if (configures == configures_.end() || !configures->second) return {out.begin(), out.end()};
  for (const auto& [parameter, found] : is.parameters()) {
    if (!found.restart()) continue;
    const auto wanted = spec_.parameters().find(parameter);
    if (wanted == spec_.parameters().end() || wanted->second != found.value()) out.insert(parameter);
  }
  return {out.begin(), out.end()};
}

// Replicas first: with a smaller limit than its primary a replica stops. What is lowered goes the other way round.
void DatabaseDraft::PlanRestarts() {
  std::vector<std::string> order;
  bool lowers = false;
  for (const std::string& name : names_) {
    if (!members_.all.at(name).Running() || RestartReasons(name).empty()) continue;
    if (name != members_.primary) order.push_back(name);
    for (const char* limit : {"max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions",
                              "max_locks_per_transaction"}) {
      const auto wanted = spec_.parameters().find(limit);
      const auto found = members_.all.at(name).is->parameters().find(limit);
      if (found == members_.all.at(name).is->parameters().end()) continue;
      if (wanted == spec_.parameters().end()) {  // back to the default, which was raised
        lowers = true;
        continue;
      }
      const std::string& was = found->second.value();
      lowers =
          lowers || wanted->second.size() < was.size() || (wanted->second.size() == was.size() && wanted->second < was);
    }
  }
  const DatabaseMember& primary = members_.all.at(members_.primary);
  if (primary.Running() && !RestartReasons(members_.primary).empty()) {
    order.insert(lowers ? order.begin() : order.end(), members_.primary);
  }
  Places before;
  for (const std::string& name : names_) before.insert(before.end(), own_[name].begin(), own_[name].end());
  for (const std::string& name : order) {
    const std::vector<std::string> why = RestartReasons(name);
    ActionDraft action =
        Action(name, "database.instance.restart", "service", "restart, if the server asks for it, for " + Listed(why));
    v1::kinds::DatabaseServiceAction payload;
    for (const std::string& one : why) payload.add_why(one);
    action.SetPayload(payload);
    action.action.set_disruption(v1::DISRUPTION_RESTART);
    if (name == members_.primary) action.action.set_downtime_ms(kDatabaseRestartMs);
    before = {Add(name, std::move(action), before)};
  }
}

}  // namespace podwright::planner
