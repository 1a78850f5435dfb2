#include "reconciler/planner/kinds/database_planner.h"

#include <algorithm>
#include <set>

#include "kinds/database/database_form.h"
#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/kinds/database.pb.h"
#include "reconciler/planner/kinds/database_checks.h"
#include "reconciler/planner/kinds/database_draft.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/secret_uses.h"

namespace podwright::planner {

namespace {

using v1::kinds::DatabaseAllocation;
using v1::kinds::DatabaseObserved;
using v1::kinds::DatabaseSpec;
using v1::kinds::DatabaseStatus;

constexpr char kReplicationSecret[] = "replication";
constexpr std::int64_t kRolePort = 7443;  // agent/roles/role_claim.h

const DatabaseSpec& SpecOf(const ObjectInput& object) {
  return static_cast<const DatabaseSpec&>(*object.spec);
}

bool IsMember(const DatabaseSpec& spec, const std::string& server) {
  return std::find(spec.members().begin(), spec.members().end(), server) != spec.members().end();
}

ActionDraft Retire(const ObjectInput& object, const std::string& server) {
  const DatabaseSpec& spec = SpecOf(object);
  v1::kinds::DatabaseRetireAction payload;
  payload.set_engine(spec.engine());
  payload.set_version(spec.version());
  payload.set_instance(kinds::DatabaseInstance(object.key.name, spec));
  payload.set_purge(spec.on_delete() == "purge" && spec.adopt() != "existing");
  ActionDraft action;
  action.action.set_server(server);
  action.action.set_verb("database.instance.retire");
  action.action.set_subject(payload.instance());
  action.action.set_summary(payload.purge()
                                ? "DELETE the instance " + payload.instance() + " with all its data"
                                : "stop the instance " + payload.instance() + " for good and keep its data");
  action.action.set_disruption(payload.purge() ? v1::DISRUPTION_DATA_LOSS : v1::DISRUPTION_NONE);
  action.action.set_deletes(true);
  action.SetPayload(payload);
  return action;
}

// Where something of the database is and it is no longer wanted; after everything else on that is planned. The primary
// last: until then replicas have where to go.
void PlanLeaving(const ObjectInput& object, RecordingReader& reader, SliceDraft& draft) {
  const bool live = object.lifecycle == ObjectLifecycle::kLive;
  std::vector<std::size_t> before;
  for (std::size_t place = 0; place < draft.actions.size(); ++place) before.push_back(place);
  std::vector<std::string> leaving;
  for (const std::string& server : reader.ObservedServers(object.key)) {
    if (live && IsMember(SpecOf(object), server)) continue;
    const ObservedInput* observed = reader.Observed(object.key, server);
    if (observed == nullptr || reader.Agent(server) == nullptr) continue;
    const auto& is = static_cast<const DatabaseObserved&>(*observed->observed);
    const bool purges = SpecOf(object).on_delete() == "purge";
    if (is.owner() != object.key.name || !is.has_state() || (is.state() == "kept" && !purges)) continue;
    leaving.insert(is.role() == "primary" ? leaving.end() : leaving.begin(), server);
  }
  for (const std::string& server : leaving) {
    ActionDraft action = Retire(object, server);
    action.after = before;
    draft.actions.push_back(std::move(action));
    before.push_back(draft.actions.size() - 1);
  }
}

Result<SliceDraft> PlanLive(const ObjectInput& object, RecordingReader& reader) {
  PW_ASSIGN(DatabaseMembers members, ReadMembers(object, reader));
  PW_TRY(CheckDatabase(object, members, reader));
  PW_ASSIGN(const v1::SecretUse replication, ReadInternalSecret(reader, object.key, kReplicationSecret));
  DatabaseDraft draft(object, std::move(members), replication, reader);
  PW_TRY(draft.Plan());
  PlanLeaving(object, reader, draft.draft());
  return std::move(draft.draft());
}

void AddMember(const std::string& server, const DatabaseObserved& is, DatabaseStatus& status) {
  auto& member = (*status.mutable_members())[server];
  member.set_state(is.has_state() ? is.state() : "absent");
  if (is.has_version()) member.set_version(is.version());
  if (is.has_streaming()) member.set_streaming(is.streaming());
  if (is.has_lag_bytes()) member.set_lag_bytes(is.lag_bytes());
  *member.mutable_pending_restart() = is.pending_restart();
  if (is.has_role()) (*status.mutable_roles())[server] = is.role();
}

void AddUsers(const DatabaseSpec& spec, const DatabaseObserved& primary, DatabaseStatus& status) {
  for (const auto& [name, user] : primary.users()) {
    if (!spec.users().contains(name)) continue;
    for (const auto& [login, version] : user.logins()) {
      auto& shown = (*status.mutable_users())[name];
      if (version <= shown.version()) continue;
      shown.set_login(login);
      shown.set_version(version);
    }
  }
}

// The running member that takes writes, on the highest timeline; nullptr: none.
const ObservedInput* PrimaryOf(const ObjectInput& object, const Facts& facts) {
  const ObservedInput* best = nullptr;
  for (const auto* fact : facts.ObservedOf(object.key)) {
    const auto& is = static_cast<const DatabaseObserved&>(*fact->input.observed);
    if (!IsMember(SpecOf(object), fact->input.server) || is.state() != "running" || is.role() != "primary") continue;
    if (best == nullptr || is.timeline() > static_cast<const DatabaseObserved&>(*best->observed).timeline()) {
      best = &fact->input;
    }
  }
  return best;
}

}  // namespace

Result<SliceDraft> DatabasePlanner::PlanObject(const ObjectInput& object, RecordingReader& reader) const {
  if (object.lifecycle == ObjectLifecycle::kLive) return PlanLive(object, reader);
  SliceDraft draft;
  PlanLeaving(object, reader, draft);
  return draft;
}

std::vector<InternalSecret> DatabasePlanner::InternalSecrets(const ObjectInput& /*object*/) const {
  InternalSecret secret;
  secret.name = kReplicationSecret;
  return {secret};
}

// The members and the clients; and the agent's own port, where it tells others of roles.
std::vector<ServicePort> DatabasePlanner::PortsOn(const ObjectInput& object, const std::string& server,
                                                  RecordingReader& /*reader*/) const {
  if (!IsMember(SpecOf(object), server)) return {};
  return {{"tcp", kinds::DatabasePort(SpecOf(object)), {}}, {"tcp", kRolePort, {}}};
}

std::unique_ptr<google::protobuf::Message> DatabasePlanner::ComputeStatus(const ObjectInput& object,
                                                                          const StatusReader& reader) const {
  auto status = std::make_unique<DatabaseStatus>();
  const DatabaseSpec& spec = SpecOf(object);
  for (const auto* fact : reader.facts().ObservedOf(object.key)) {
    if (!IsMember(spec, fact->input.server)) continue;
    const auto& is = static_cast<const DatabaseObserved&>(*fact->input.observed);
    AddMember(fact->input.server, is, *status);
    if (is.state() == "running" && is.role() == "replica" && is.has_endpoint()) status->add_read_only(is.endpoint());
  }
  if (const ObservedInput* primary = PrimaryOf(object, reader.facts())) {
    const auto& is = static_cast<const DatabaseObserved&>(*primary->observed);
    status->set_primary(primary->server);
    status->set_timeline(is.timeline());
    if (is.has_endpoint()) status->set_read_write(is.endpoint());
    AddUsers(spec, is, *status);
  }
  RecordingReader record(reader.facts());
  const Result<SliceDraft> draft = PlanObject(object, record);
  if (!draft.ok()) {
    status->add_differences(draft.error().ToString());
  } else {
    for (const ActionDraft& action : draft->actions) {
      status->add_differences(action.action.server() + ": " + action.action.summary());
    }
  }
  status->set_in_sync(status->differences().empty());
  return status;
}

std::unique_ptr<google::protobuf::Message> DatabasePlanner::ActualSpec(const ObjectInput& object,
                                                                       const StatusReader& reader) const {
  const ObservedInput* primary = PrimaryOf(object, reader.facts());
  if (primary == nullptr) return nullptr;
  const auto& is = static_cast<const DatabaseObserved&>(*primary->observed);
  auto spec = std::make_unique<DatabaseSpec>(object.declared ? static_cast<const DatabaseSpec&>(*object.declared)
                                                             : SpecOf(object));
  for (const auto& [name, user] : SpecOf(object).users()) {
    if (!is.users().contains(name)) spec->mutable_users()->erase(name);
  }
  for (const auto& [name, database] : SpecOf(object).databases()) {
    const auto found = is.databases().find(name);
    if (database.absent()) continue;
    if (found == is.databases().end()) {
      spec->mutable_databases()->erase(name);
    } else if (database.has_owner() && found->second.owner() != database.owner()) {
      (*spec->mutable_databases())[name].set_owner(found->second.owner());
    }
  }
  return spec;
}

std::unique_ptr<google::protobuf::Message> DatabasePlanner::Allocate(const ObjectInput& object,
                                                                     const google::protobuf::Message* before) const {
  auto record = std::make_unique<DatabaseAllocation>();
  if (before != nullptr) record->CopyFrom(*before);
  const DatabaseSpec& spec = SpecOf(object);
  if (record->first().empty() && spec.members_size() > 0) {
    record->set_first(spec.has_primary() ? spec.primary() : spec.members(0));
    record->set_wish(record->first());
  }
  if (spec.has_primary() && spec.primary() != record->wish()) {
    record->set_wish(spec.primary());
    record->set_wishes(record->wishes() + 1);
  }
  return record;
}

std::unique_ptr<google::protobuf::Message> DatabasePlanner::NewAllocation() const {
  return std::make_unique<DatabaseAllocation>();
}

std::vector<std::string> DatabasePlanner::ServersOf(const ObjectInput& object) const {
  std::set<std::string> servers(SpecOf(object).members().begin(), SpecOf(object).members().end());
  return {servers.begin(), servers.end()};
}

}  // namespace podwright::planner
