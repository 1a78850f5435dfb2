#include "agent/drivers/cache/member.h"

#include <algorithm>

#include "core/digest.h"
#include "kinds/cache/cache_form.h"

namespace podwright::drivers::cache {
namespace {

using host::RedisCommand;
using host::RedisReply;

host::FileAttributes Private() {
  return {0600, "redis", "redis"};
}

std::string SortedText(const RedisReply& list) {
  std::vector<std::string> lines;
  // A user that was set has this word, and one that was read from a file has not; it means the same.
  constexpr std::string_view kWord = " sanitize-payload";
  for (const RedisReply& item : list.items) {
    std::string line = item.text;
    if (const auto at = line.find(kWord); at != std::string::npos) line.erase(at, kWord.size());
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

Result<std::map<std::string, std::string>> Member::WantedFiles() {
  PW_ASSIGN(const std::string_view password, context_.Password());
  const Paths& paths = context_.paths();
  return std::map<std::string, std::string>{
      {paths.settings, SettingsText(context_.cache(), context_.kept())},
      {paths.auth, AuthText(password)},
      {paths.gate, GateText(context_.kept())},
      {UnitPath(paths.unit), UnitText(context_.cache(), context_.kept())},
  };
}

Result<std::map<std::string, std::vector<std::string>>> Member::Users() {
  PW_ASSIGN(const std::string own, context_.OwnVerifier());
  return AllUsers(context_.kept(), own);
}

Result<FoundMember> Member::Look() {
  FoundMember found;
  const Paths& paths = context_.paths();
  PW_ASSIGN(const auto wanted, WantedFiles());
  found.files = true;
  for (const auto& [path, text] : wanted) {
    PW_ASSIGN(const std::string present, context_.ReadText(path));
    found.files = found.files && present == text;
  }
  PW_ASSIGN(const auto users, Users());
  PW_ASSIGN(const std::string users_file, context_.ReadText(paths.users));
  found.users = users_file == UsersText(users);
  PW_ASSIGN(const host::UnitState unit, context_.Unit(paths.unit));
  found.active = unit.Active();
  found.coming = unit.active_state == "activating";
  found.files = found.files && unit.Enabled();
  if (!found.active) return found;
  RedisCommand get = {"CONFIG", "GET", "masterauth", "replica-priority"};
  const auto settings = LiveSettings(context_.kept());
  for (const auto& [name, value] : settings) get.push_back(name);
  const auto replies = context_.Run(context_.Here(), {{"INFO"}, get, {"ACL", "LIST"}});
  if (!replies.ok()) return found;
  found.answers = true;
  found.info = ParseInfo(replies->at(0).text);
  const RedisReply& config = replies->at(1);
  found.settings = std::all_of(settings.begin(), settings.end(),
                               [&](const auto& one) { return config.Field(one.first) == one.second; });
  PW_ASSIGN(const std::string_view password, context_.Password());
  found.settings = found.settings && ConstantTimeEquals(config.Field("masterauth"), password);
  found.priority = config.Field("replica-priority") == "0" ? 0 : 100;
  found.listing = Sha256(SortedText(replies->at(2))).Hex() == context_.kept().acl_listing();
  return found;
}

void Member::Observe(const FoundMember& found, v1::kinds::CacheObservedMember& out) const {
  const auto& kept = context_.kept();
  out.set_running(found.answers);
  if (found.files && (!found.answers || found.settings)) out.set_settings(kinds::CacheMemberDigest(kept.member()));
  if (HasUsers() && found.users && (!found.answers || found.listing)) {
    out.set_users(kinds::CacheUsersDigest(kept.users()));
  }
  for (const auto& [name, address] : MemberAddresses(kept.member().topology(), kept)) {
    (*out.mutable_addresses())[name] = address;
  }
  for (const auto& [name, address] : SentinelAddresses(kept.member().topology(), kept)) {
    (*out.mutable_addresses())[name] = address;
  }
  if (!found.answers) return;
  const bool replica = TextOf(found.info, "role") == "slave";
  out.set_role(replica ? "replica" : "primary");
  if (replica) {
    out.set_primary_address(
        kinds::CacheEndpoint(TextOf(found.info, "master_host"), NumberOf(found.info, "master_port")));
    out.set_link(TextOf(found.info, "master_link_status") == "up");
  }
  out.set_offset(NumberOf(found.info, replica ? "slave_repl_offset" : "master_repl_offset"));
  out.set_used_memory(NumberOf(found.info, "used_memory"));
  out.set_clients(NumberOf(found.info, "connected_clients"));
  out.set_version(TextOf(found.info, "redis_version"));
}

// In the order in which things can be brought back. What runs is never restarted.
std::vector<Drift> Member::Compare(const FoundMember& found) {
  std::vector<Drift> drift;
  if (!found.files) {
    drift.push_back({"files:redis", "files of Redis's settings or its unit differ", [this] { return WriteFiles(); }});
  }
  if (!found.users) {
    drift.push_back({"file:users", "the file of the users differs", [this] { return WriteUsersFile(); }});
  }
  if (!found.active && !found.coming) {
    drift.push_back(
        {"service:redis", "Redis is stopped", [this] { return context_.StartUnit(context_.paths().unit); }});
  }
  if (!found.answers) return drift;
  if (!found.settings) {
    drift.push_back({"settings:redis", "settings of the running Redis differ", [this] { return ApplySettings(); }});
  }
  if (!found.listing && HasUsers()) {
    drift.push_back({"users:redis", "users of the running Redis differ", [this] { return ApplyUsers(); }});
  }
  const bool linked = TextOf(found.info, "role") == "master" || TextOf(found.info, "master_link_status") == "up";
  if (found.priority == 0 && linked) {
    drift.push_back({"priority:redis", "Redis has its primary's data again and may be promoted", [this] {
                       const auto done = context_.Run(context_.Here(), {{"CONFIG", "SET", "replica-priority", "100"}});
                       return done.ok() ? Ok() : Status(done.error());
                     }});
  }
  return drift;
}

Status Member::WriteFiles() {
  auto& files = context_.env().host.files;
  const Paths& paths = context_.paths();
  PW_TRY(files.MakeFolders(paths.folder));
  PW_ASSIGN(const auto wanted, WantedFiles());
  for (const auto& [path, text] : wanted) {
    if (path == UnitPath(paths.unit)) continue;
    PW_ASSIGN(const std::string present, context_.ReadText(path));
    if (present == text) continue;
    PW_TRY(files.Write(path, text, path == paths.auth ? Private() : host::FileAttributes{}));
  }
  return context_.WriteUnit(paths.unit, wanted.at(UnitPath(paths.unit)));
}

Status Member::WriteUsersFile() {
  PW_ASSIGN(const auto users, Users());
  return context_.env().host.files.Write(context_.paths().users, UsersText(users), Private());
}

Status Member::ApplySettings() {
  PW_ASSIGN(const std::string_view password, context_.Password());
  RedisCommand set = {"CONFIG", "SET", "masterauth", std::string(password)};
  for (const auto& [name, value] : LiveSettings(context_.kept())) {
    set.push_back(name);
    set.push_back(value);
  }
  PW_TRY(context_.Run(context_.Here(), {set}));
  return Ok();
}

// Only who changed is sent: a user's connections stay while the user stays.
Status Member::ApplyUsers() {
  PW_ASSIGN(const auto users, Users());
  PW_ASSIGN(const auto replies, context_.Run(context_.Here(), {{"ACL", "USERS"}}));
  std::vector<RedisCommand> commands;
  for (const auto& [name, words] : users) {
    RedisCommand set = {"ACL", "SETUSER", name, "reset"};
    set.insert(set.end(), words.begin(), words.end());
    commands.push_back(std::move(set));
  }
  for (const RedisReply& name : replies.at(0).items) {
    if (!users.contains(name.text)) commands.push_back({"ACL", "DELUSER", name.text});
  }
  PW_TRY(context_.Run(context_.Here(), commands));
  PW_ASSIGN(const std::string listing, Listing());
  context_.kept().set_acl_listing(listing);
  return Ok();
}

Result<std::string> Member::Listing() {
  PW_ASSIGN(const auto replies, context_.Run(context_.Here(), {{"ACL", "LIST"}}));
  return Sha256(SortedText(replies.at(0))).Hex();
}

Status Member::Set(const std::string& first_primary, std::vector<std::string>* log) {
  host::Host& host = context_.env().host;
  const Paths& paths = context_.paths();
  AddManaged(context_.state(), "redis:");
  for (const std::string& folder : {paths.base, paths.data, paths.conf_folder}) {
    PW_TRY(host.files.EnsureFolder(folder, {0700, "redis", "redis"}));
  }
  PW_ASSIGN(const host::UnitState unit, context_.Unit(paths.unit));
  // First in the running one: what it refuses is not written.
  if (unit.Active()) PW_TRY(ApplySettings());
  PW_TRY(WriteFiles());
  PW_ASSIGN(const auto users, host.files.Stat(paths.users));
  if (!users) PW_TRY(WriteUsersFile());
  PW_ASSIGN(const auto conf, host.files.Stat(paths.conf));
  if (!conf) {
    const std::string own = MemberAddresses(context_.topology(), context_.kept())[context_.kept().member().self()];
    PW_TRY(host.files.Write(paths.order, (first_primary == own ? "primary" : first_primary) + "\n", Private()));
  }
  if (!unit.Active()) {
    PW_TRY(context_.StartUnit(paths.unit));
    log->push_back("started Redis");
  }
  PW_TRY(context_.Run(context_.Here(), {{"PING"}}));
  return Ok();
}

Status Member::SetUsers() {
  PW_ASSIGN(const host::UnitState unit, context_.Unit(context_.paths().unit));
  if (unit.Active()) PW_TRY(ApplyUsers());
  return WriteUsersFile();
}

Status Member::Leave(bool purge) {
  host::Host& host = context_.env().host;
  const Paths& paths = context_.paths();
  PW_TRY(context_.RemoveUnit(paths.unit));
  PW_TRY(host.files.RemoveTree(paths.folder));
  PW_TRY(host.files.RemoveTree(paths.conf_folder));
  if (purge) PW_TRY(host.files.RemoveTree(paths.data));
  PW_TRY(host.files.RemoveEmptyFolder(paths.base));
  PW_TRY(host.files.RemoveEmptyFolder(host::ParentFolder(paths.folder)));
  PW_TRY(host.files.RemoveEmptyFolder("/etc/podwright"));
  DropManaged(context_.state(), "redis:");
  context_.kept().clear_member();
  context_.kept().clear_users();
  context_.kept().clear_verifiers();
  context_.kept().clear_acl_listing();
  return Ok();
}

}  // namespace podwright::drivers::cache
