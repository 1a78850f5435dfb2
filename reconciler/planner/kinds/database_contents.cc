// Users and databases: on the primary that there is when they are made.
#include <algorithm>

#include "kinds/database/database_form.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/kinds/database_draft.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/secret_uses.h"

namespace podwright::planner {
namespace {

using v1::kinds::DatabaseObservedUser;
using v1::kinds::DatabaseUserAction;

// A login's name, its version and what else is there. PostgreSQL has one password a role: a new version gets the other
// of two logins, so that the former one works until nobody needs it.
std::string NextLogin(const std::string& engine, const std::string& user, const DatabaseObservedUser& is) {
  if (engine == kinds::kMysql) return user;
  const std::string first = user + "_a";
  const std::string second = user + "_b";
  const auto version = [&](const std::string& login) {
    const auto found = is.logins().find(login);
    return found == is.logins().end() ? std::int64_t{0} : found->second;
  };
  return version(first) > version(second) ? second : first;
}

template <typename Map>
std::map<std::string, std::string> Sorted(const Map& map) {
  return {map.begin(), map.end()};
}

}  // namespace

Status DatabaseDraft::PlanContents() {
  for (const std::string& name : SortedKeys(spec_.users())) PW_TRY(PlanUser(name));
  for (const std::string& name : SortedKeys(spec_.databases())) PlanDatabase(name);
  for (const std::string& name : SortedKeys(spec_.users())) PlanGrants(name);
  PlanRemovals();
  return Ok();
}

// Every server to which the secret is delivered has this version; false where it is delivered to none.
bool DatabaseDraft::EveryConsumerHas(const v1::SecretUse& use) {
  bool any = false;
  for (const Referrer& referrer : reader_.Referrers({"secret", use.name()})) {
    if (referrer.key.kind != "server" || referrer.lifecycle != ObjectLifecycle::kLive) continue;
    const ObjectInput* server = reader_.Object(referrer.key);
    if (server == nullptr) continue;
    const ObservedInput* observed = reader_.Observed(referrer.key, referrer.key.name);
    const auto& declared = static_cast<const v1::kinds::ServerSpec&>(*server->spec);
    for (const auto& [path, file] : declared.secrets()) {
      if (file.secret() != use.name()) continue;
      any = true;
      if (observed == nullptr) return false;
      const auto& found = static_cast<const v1::kinds::ServerObserved&>(*observed->observed).secrets();
      const auto delivered = found.find(path);
      if (delivered == found.end() || delivered->second.version() < use.version()) return false;
    }
  }
  return any;
}

Status DatabaseDraft::PlanUser(const std::string& name) {
  const v1::kinds::DatabaseUser& wanted = spec_.users().at(name);
  const auto& users = members_.all.at(members_.primary).is->users();
  const auto found = users.find(name);
  const DatabaseObservedUser& is = found == users.end() ? DatabaseObservedUser::default_instance() : found->second;
  DatabaseUserAction payload;
  payload.set_name(name);
  payload.set_connection_limit(wanted.connection_limit());
  std::vector<std::string> what;
  if (found == users.end()) what.push_back("make it");
  if (found != users.end() && wanted.connection_limit() != is.connection_limit()) {
    what.push_back("change its connection limit");
  }
  v1::SecretUse use;
  if (wanted.has_password()) {
    PW_ASSIGN(use, ReadSecret(reader_, wanted.password(), "the user " + name + " of " + object_.key.Text()));
    const auto current = std::find_if(is.logins().begin(), is.logins().end(),
                                      [&](const auto& login) { return login.second == use.version(); });
    if (current == is.logins().end()) {
      payload.set_login(NextLogin(spec_.engine(), name, is));
      *payload.mutable_secret() = use;
      what.push_back("let " + payload.login() + " log in with " + SecretText(use));
    } else if (is.logins_size() > 1 && EveryConsumerHas(use)) {
      for (const std::string& login : SortedKeys(is.logins())) {
        if (login != current->first) payload.add_drop_logins(login);
      }
    }
  } else {
    for (const std::string& login : SortedKeys(is.logins())) payload.add_drop_logins(login);
  }
  if (!payload.drop_logins().empty()) {
    what.push_back("take away the former login " +
                   Listed({payload.drop_logins().begin(), payload.drop_logins().end()}));
  }
  if (what.empty()) return Ok();
  ActionDraft action = Action(members_.primary, "database.user.ensure", name, "user " + name + ": " + Listed(what));
  action.SetPayload(payload);
  if (!payload.login().empty()) AddSecret(use, action);
  Add(members_.primary, std::move(action));
  return Ok();
}

void DatabaseDraft::PlanDatabase(const std::string& name) {
  const v1::kinds::DatabaseDatabase& wanted = spec_.databases().at(name);
  const auto& databases = members_.all.at(members_.primary).is->databases();
  const auto found = databases.find(name);
  v1::kinds::DatabaseDatabaseAction payload;
  payload.set_name(name);
  if (wanted.absent()) {
    if (found == databases.end()) return;
    ActionDraft action =
        Action(members_.primary, "database.database.remove", name, "DROP the database " + name + " with all its data");
    action.SetPayload(payload);
    action.action.set_deletes(true);
    action.action.set_disruption(v1::DISRUPTION_DATA_LOSS);
    Add(members_.primary, std::move(action));
    return;
  }
  payload.set_owner(wanted.owner());
  std::vector<std::string> what;
  if (found == databases.end()) {
    what.push_back("make it");
  } else if (wanted.has_owner() && found->second.owner() != wanted.owner()) {
    what.push_back("give it to " + wanted.owner());
  }
  for (const std::string& extension : wanted.extensions()) {
    if (found != databases.end() && std::find(found->second.extensions().begin(), found->second.extensions().end(),
                                              extension) != found->second.extensions().end()) {
      continue;
    }
    payload.add_extensions(extension);
    what.push_back("create the extension " + extension);
  }
  if (what.empty()) return;
  ActionDraft action =
      Action(members_.primary, "database.database.ensure", name, "database " + name + ": " + Listed(what));
  action.SetPayload(payload);
  Add(members_.primary, std::move(action));
}

void DatabaseDraft::PlanGrants(const std::string& name) {
  const auto& users = members_.all.at(members_.primary).is->users();
  const auto found = users.find(name);
  const auto wanted = Sorted(spec_.users().at(name).grants());
  const auto is = found == users.end() ? std::map<std::string, std::string>() : Sorted(found->second.grants());
  if (wanted == is) return;
  DatabaseUserAction payload;
  payload.set_name(name);
  std::vector<std::string> what;
  for (const auto& [database, right] : wanted) {
    (*payload.mutable_grants())[database] = right;
    what.push_back(right + " in " + database);
  }
  for (const auto& entry : is) {
    if (!wanted.contains(entry.first)) payload.add_revoke(entry.first);
  }
  ActionDraft action = Action(members_.primary, "database.grants.set", name,
                              "user " + name + (what.empty() ? ": take its grants away" : " may " + Listed(what)));
  action.SetPayload(payload);
  Add(members_.primary, std::move(action));
}

void DatabaseDraft::PlanRemovals() {
  for (const std::string& name : SortedKeys(members_.all.at(members_.primary).is->users())) {
    if (spec_.users().contains(name)) continue;
    ActionDraft action = Action(members_.primary, "database.user.remove", name,
                                "remove the user " + name + "; what it owns goes to the owners of the databases");
    DatabaseUserAction payload;
    payload.set_name(name);
    action.SetPayload(payload);
    action.action.set_deletes(true);
    Add(members_.primary, std::move(action));
  }
}

}  // namespace podwright::planner
