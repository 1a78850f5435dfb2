#include "kinds/rules/database_rules.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "kinds/database/database_form.h"
#include "kinds/diagnostic.h"
#include "podwright/v1/kinds/database.pb.h"

namespace podwright::kinds {
namespace {

using v1::kinds::DatabaseSpec;

void CheckMembers(const DatabaseSpec& spec, Diagnostics* out) {
  const Path at = Path().Attribute("members");
  for (int i = 0; i < spec.members_size(); ++i) {
    for (int k = 0; k < i; ++k) {
      if (spec.members(i) == spec.members(k)) out->AddError(spec.members(i) + " is listed twice", at);
    }
  }
  const bool known = std::find(spec.members().begin(), spec.members().end(), spec.primary()) != spec.members().end();
  if (spec.has_primary() && !known) {
    out->AddError(spec.primary() + " is no member of the database", Path().Attribute("primary"), "add it to `members`");
  }
  if (spec.has_sync() && spec.sync().mode() != "asynchronous" && spec.sync().count() >= spec.members_size()) {
    out->AddError("no commit could ever succeed: " + std::to_string(spec.sync().count()) +
                      " replicas must have it, and there are " + std::to_string(spec.members_size() - 1),
                  Path().Attribute("sync").Attribute("count"), "lower the count, or add members");
  }
}

void CheckVersion(const DatabaseSpec& spec, Diagnostics* out) {
  const bool dotted = spec.version().find('.') != std::string::npos;
  const Path at = Path().Attribute("version");
  if (spec.engine() == kPostgresql && dotted) {
    out->AddError("PostgreSQL's major version is a number", at, "write \"15\"");
  }
  if (spec.engine() == kMysql && !dotted) {
    out->AddError("MariaDB's major version is two numbers", at, "write \"10.11\"");
  }
}

void CheckNames(const DatabaseSpec& spec, Diagnostics* out) {
  for (const auto& [name, database] : spec.databases()) {
    const Path at = Path().Attribute("databases").Key(name);
    if (name == "postgres" || name == "template0" || name == "template1" || name == "mysql" || name == "sys") {
      out->AddError("the database " + name + " belongs to the program", at, "choose another name");
    }
    if (database.has_owner() && !spec.users().contains(database.owner())) {
      out->AddError("there is no user " + database.owner(), at.Attribute("owner"), "add it to `users`");
    }
    if (spec.engine() == kMysql && !database.extensions().empty()) {
      out->AddError("extensions are PostgreSQL's", at.Attribute("extensions"));
    }
  }
  for (const auto& [name, user] : spec.users()) {
    const Path at = Path().Attribute("users").Key(name);
    if (name == "postgres" || name == "root" || name == "mysql" || name == "public" || name.starts_with("pg_") ||
        name.starts_with("podwright")) {
      out->AddError("the user " + name + " belongs to the program or to Podwright", at, "choose another name");
    }
    for (const auto& grant : user.grants()) {
      const auto database = spec.databases().find(grant.first);
      if (database != spec.databases().end() && !database->second.absent()) continue;
      out->AddError("there is no database " + grant.first, at.Attribute("grants").Key(grant.first),
                    "add it to `databases`");
    }
  }
}

// What PostgreSQL can and MariaDB cannot.
void CheckMysql(const DatabaseSpec& spec, Diagnostics* out) {
  if (spec.has_sync() && spec.sync().mode() != "asynchronous" && spec.sync().count() > 1) {
    out->AddError("MariaDB's semi-synchronous replication waits for one replica and no more",
                  Path().Attribute("sync").Attribute("count"), "write 1");
  }
  for (int i = 0; i < spec.clients_size(); ++i) {
    const std::string& network = spec.clients(i);
    const auto slash = network.find('/');
    if (network.find(':') == std::string::npos || slash == std::string::npos) continue;
    constexpr int kGroupBits = 16;
    int bits = 0;
    static_cast<void>(std::from_chars(network.data() + slash + 1, network.data() + network.size(), bits));
    if (bits % kGroupBits == 0) continue;
    out->AddError("MariaDB cannot tell the network " + network + " from others",
                  Path().Attribute("clients").Index(static_cast<std::size_t>(i)),
                  "an IPv6 network has a prefix of 16, 32, 48, 64, 80, 96, 112 or 128 here");
  }
}

}  // namespace

void CheckDatabaseRules(const google::protobuf::Message& message, Diagnostics* out) {
  const auto& spec = static_cast<const DatabaseSpec&>(message);
  CheckMembers(spec, out);
  CheckVersion(spec, out);
  CheckNames(spec, out);
  if (spec.engine() == kMysql) CheckMysql(spec, out);
  for (const auto& entry : spec.parameters()) {
    if (!IsReservedParameter(spec.engine(), entry.first)) continue;
    out->AddError("Podwright sets " + entry.first + " itself", Path().Attribute("parameters").Key(entry.first),
                  "leave it out");
  }
  if (spec.adopt() == "existing" && spec.on_delete() == "purge") {
    out->AddError("an adopted instance is never purged", Path().Attribute("on_delete"), "leave it out");
  }
  if (spec.adopt() == "existing" && spec.engine() != kMysql && !spec.has_instance()) {
    out->AddError("which instance?", Path().Attribute("instance"), "name it as the cluster tools do: `main`");
  }
}

}  // namespace podwright::kinds
