// Packages, users, files, secrets.
#include <set>

#include "core/digest.h"
#include "reconciler/planner/kinds/server_draft.h"
#include "reconciler/planner/kinds/server_planner.h"
#include "reconciler/planner/secret_uses.h"

namespace podwright::planner {

namespace {

ActionDraft RemovePackage(const ServerDraft& server, const std::string& name, const std::string& why) {
  ActionDraft action = server.Agent("server.package.remove", name, "remove the package " + name + why);
  v1::kinds::PackageAction payload;
  payload.set_name(name);
  action.SetPayload(payload);
  action.action.set_deletes(true);
  return action;
}

ActionDraft InstallPackage(const ServerDraft& server, const std::string& name, const std::string& version,
                           const std::string& installed) {
  const std::string what = "install the package " + name + (version.empty() ? "" : " " + version);
  ActionDraft action =
      server.Agent("server.package.install", name, what + (installed.empty() ? "" : " (is " + installed + ")"));
  v1::kinds::PackageAction payload;
  payload.set_name(name);
  payload.set_version(version);
  action.SetPayload(payload);
  payload.clear_version();
  if (installed.empty()) {
    action.SetCompensation("server.package.remove", "remove the package " + name, payload);
  } else {
    action.action.set_disruption(v1::DISRUPTION_RESTART);
    action.action.set_downtime_ms(kUpgradeDowntimeMs);
  }
  return action;
}

}  // namespace

void PlanPackages(ServerDraft& server, ServerPlaces& places) {
  for (const std::string& name : SortedKeys(server.spec().packages())) {
    const v1::kinds::ServerPackage& wanted = server.spec().packages().at(name);
    const auto it = server.observed().packages().find(name);
    const std::string installed = it == server.observed().packages().end() ? "" : it->second;
    if (wanted.absent() ? installed.empty()
                        : !installed.empty() && (!wanted.has_version() || wanted.version() == installed)) {
      continue;
    }
    Places after = places.AfterPackages();
    if (wanted.absent()) after.insert(after.end(), places.unit_removals.begin(), places.unit_removals.end());
    places.last_package = server.Add(
        wanted.absent() ? RemovePackage(server, name, "") : InstallPackage(server, name, wanted.version(), installed),
        std::move(after));
  }
}

namespace {

std::vector<std::string> UserDifferences(const v1::kinds::ServerUser& wanted, const v1::kinds::ServerObservedUser& is) {
  std::vector<std::string> out;
  if (wanted.shell() != is.shell()) out.emplace_back("shell");
  if (wanted.has_home() && wanted.home() != is.home()) out.emplace_back("home");
  if (std::set<std::string>(wanted.groups().begin(), wanted.groups().end()) !=
      std::set<std::string>(is.groups().begin(), is.groups().end())) {
    out.emplace_back("groups");
  }
  if (!wanted.authorized_keys().empty() &&
      std::set<std::string>(wanted.authorized_keys().begin(), wanted.authorized_keys().end()) !=
          std::set<std::string>(is.authorized_keys().begin(), is.authorized_keys().end())) {
    out.emplace_back("authorized keys");
  }
  return out;
}

}  // namespace

void PlanUsers(ServerDraft& server, ServerPlaces& places) {
  for (const std::string& name : SortedKeys(server.spec().users())) {
    const v1::kinds::ServerUser& wanted = server.spec().users().at(name);
    const auto it = server.observed().users().find(name);
    const bool exists = it != server.observed().users().end();
    std::vector<std::string> differences;
    if (exists) differences = UserDifferences(wanted, it->second);
    if (exists && differences.empty()) continue;
    ActionDraft action =
        server.Agent("server.user.ensure", name,
                     exists ? "change the user " + name + " (" + Listed(differences) + ")" : "make the user " + name);
    v1::kinds::UserAction payload;
    payload.set_name(name);
    *payload.mutable_user() = wanted;
    payload.set_manage_keys(!wanted.authorized_keys().empty());
    action.SetPayload(payload);
    if (!exists) {
      payload.Clear();
      payload.set_name(name);
      action.SetCompensation("server.user.remove", "remove the user " + name, payload);
    }
    places.users[name] = server.Add(std::move(action), places.AfterPackages());
  }
}

namespace {

// A file's or a secret's: packages, and the users that will own it.
Places Before(const ServerPlaces& places, const std::string& owner, const std::string& group) {
  Places after = places.AfterPackages();
  for (const std::string* who : {&owner, &group}) {
    const auto it = places.users.find(*who);
    if (it != places.users.end()) after.push_back(it->second);
  }
  return after;
}

template <typename Wanted>
void NoteUnits(const Wanted& wanted, Place place, ServerPlaces& places) {
  places.files.push_back(place);
  for (const std::string& unit : wanted.restarts()) places.restarts[unit].push_back(place);
  for (const std::string& unit : wanted.reloads()) places.reloads[unit].push_back(place);
}

template <typename Wanted, typename Is>
void CompareAttributes(const Wanted& wanted, const Is& is, std::vector<std::string>& differences) {
  if (wanted.mode() != is.mode()) differences.emplace_back("mode");
  if (wanted.owner() != is.owner()) differences.emplace_back("owner");
  if (wanted.group() != is.group()) differences.emplace_back("group");
}

void SetFileCompensation(const std::string& path, const v1::kinds::ServerFile& wanted,
                         const v1::kinds::ServerObservedFile* is, ActionDraft& action) {
  v1::kinds::FileAction back;
  back.set_path(path);
  if (is == nullptr) {
    action.SetCompensation("server.file.remove", "remove " + path, back);
    return;
  }
  const bool same_content = is->sha256() == Sha256(wanted.content()).Hex();
  if (!same_content && !is->has_content()) return;  // too long or not UTF-8: nobody has it
  v1::kinds::ServerFile& file = *back.mutable_file();
  file.set_content(same_content ? wanted.content() : is->content());
  file.set_mode(is->mode());
  file.set_owner(is->owner());
  file.set_group(is->group());
  *file.mutable_reloads() = wanted.reloads();
  *file.mutable_restarts() = wanted.restarts();
  action.SetCompensation("server.file.write", "write " + path + " as it was", back);
}

Status NotAFile(const ServerDraft& server, const std::string& path, const std::string& type) {
  return FailedPrecondition(path + " on " + server.name() + " is a " + type +
                            ", and Podwright replaces files only: take it away first");
}

}  // namespace

Status PlanFiles(ServerDraft& server, ServerPlaces& places) {
  for (const std::string& path : SortedKeys(server.spec().files())) {
    const v1::kinds::ServerFile& wanted = server.spec().files().at(path);
    const auto it = server.observed().files().find(path);
    const v1::kinds::ServerObservedFile* is = it == server.observed().files().end() ? nullptr : &it->second;
    std::vector<std::string> differences;
    if (is != nullptr) {
      if (is->has_type() && is->type() != "file") return NotAFile(server, path, is->type());
      if (is->sha256() != Sha256(wanted.content()).Hex()) differences.emplace_back("content");
      CompareAttributes(wanted, *is, differences);
      if (differences.empty()) continue;
    }
    ActionDraft action = server.Agent(
        "server.file.write", path,
        "write " + path +
            (is == nullptr ? " (new)"
                           : " (" + Listed(differences) + (differences.size() == 1 ? " differs)" : " differ)")));
    v1::kinds::FileAction payload;
    payload.set_path(path);
    *payload.mutable_file() = wanted;
    action.SetPayload(payload);
    SetFileCompensation(path, wanted, is, action);
    server.GuardFile(path, action);
    NoteUnits(wanted, server.Add(std::move(action), Before(places, wanted.owner(), wanted.group())), places);
  }
  for (const std::string& path : NoLongerDeclared(server.observed(), "file:", server.spec().files())) {
    if (server.spec().secrets().contains(path)) continue;
    ActionDraft action = server.Agent("server.file.remove", path, "remove " + path + " (no longer declared)");
    v1::kinds::FileAction payload;
    payload.set_path(path);
    action.SetPayload(payload);
    action.action.set_deletes(true);
    places.file_removals.push_back(server.Add(std::move(action), places.unit_removals));
  }
  return Ok();
}

namespace {

Result<v1::SecretUse> UseOf(ServerDraft& server, const std::string& path, const v1::kinds::ServerSecretFile& wanted) {
  v1::SecretReference reference;
  reference.set_secret(wanted.secret());
  if (wanted.has_key()) reference.set_key(wanted.key());
  if (wanted.has_version()) reference.set_version(wanted.version());
  return ReadSecret(server.reader(), reference, path + " on " + server.name());
}

std::string SecretSummary(const std::string& path, const v1::SecretUse& use, const v1::kinds::ServerObservedSecret* is,
                          const std::vector<std::string>& differences) {
  std::string out = "deliver " + SecretText(use) + " to " + path;
  if (is != nullptr) out += " (" + Listed(differences) + (differences.size() == 1 ? " differs)" : " differ)");
  return out;
}

}  // namespace

Status PlanSecrets(ServerDraft& server, ServerPlaces& places) {
  for (const std::string& path : SortedKeys(server.spec().secrets())) {
    const v1::kinds::ServerSecretFile& wanted = server.spec().secrets().at(path);
    PW_ASSIGN(const v1::SecretUse use, UseOf(server, path, wanted));
    const auto it = server.observed().secrets().find(path);
    const v1::kinds::ServerObservedSecret* is = it == server.observed().secrets().end() ? nullptr : &it->second;
    std::vector<std::string> differences;
    if (is != nullptr) {
      if (is->name() != use.name() || is->version() != use.version() || is->key() != use.key()) {
        differences.emplace_back("value");
      }
      CompareAttributes(wanted, *is, differences);
      if (differences.empty()) continue;
    }
    ActionDraft action = server.Agent("server.secret.deliver", path, SecretSummary(path, use, is, differences));
    v1::kinds::SecretFileAction payload;
    payload.set_path(path);
    *payload.mutable_file() = wanted;
    payload.set_secret(use.name());
    payload.set_version(use.version());
    payload.set_key(use.key());
    action.SetPayload(payload);
    AddSecret(use, action);
    if (is == nullptr) {
      server.GuardFile(path, action);
      payload.Clear();
      payload.set_path(path);
      action.SetCompensation("server.secret.remove", "remove " + path, payload);
    }
    NoteUnits(wanted, server.Add(std::move(action), Before(places, wanted.owner(), wanted.group())), places);
  }
  for (const std::string& path : NoLongerDeclared(server.observed(), "secret:", server.spec().secrets())) {
    if (server.spec().files().contains(path)) continue;
    ActionDraft action = server.Agent("server.secret.remove", path, "remove the secret file " + path);
    v1::kinds::SecretFileAction payload;
    payload.set_path(path);
    action.SetPayload(payload);
    action.action.set_deletes(true);
    places.file_removals.push_back(server.Add(std::move(action), places.unit_removals));
  }
  return Ok();
}

void PlanLastRemovals(ServerDraft& server, const ServerPlaces& places) {
  Places before = places.unit_removals;
  for (const Places* more : {&places.file_removals, &places.units}) {
    before.insert(before.end(), more->begin(), more->end());
  }
  for (const std::string& name : NoLongerDeclared(server.observed(), "user:", server.spec().users())) {
    ActionDraft action = server.Agent("server.user.remove", name, "remove the user " + name + " (its home stays)");
    v1::kinds::UserAction payload;
    payload.set_name(name);
    action.SetPayload(payload);
    action.action.set_deletes(true);
    Places after = before;
    after.insert(after.end(), places.files.begin(), places.files.end());
    server.Add(std::move(action), std::move(after));
  }
  std::optional<Place> last = places.last_package;
  for (const std::string& name : NoLongerDeclared(server.observed(), "package:", server.spec().packages())) {
    Places after = before;
    if (last) after.push_back(*last);
    last = server.Add(RemovePackage(server, name, " (no longer declared)"), std::move(after));
  }
  ServerPlaces all = places;
  all.last_package = last;
  PlanAptSourceRemovals(server, all);
}

}  // namespace podwright::planner
