// Users and databases of the engine. Which accounts are Podwright's, and with which version of their password, stands
// in the replicated table `podwright.users`.
#include <algorithm>
#include <charconv>

#include "agent/drivers/database/mysql/mysql_engine.h"

namespace podwright::drivers::database::mysql {
namespace {

using v1::kinds::DatabaseDatabaseAction;
using v1::kinds::DatabaseUserAction;

constexpr char kLockedOut[] = "invalid";

bool Contains(const google::protobuf::RepeatedPtrField<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// "10.0.0.0/24" of "2: eth0    inet 10.0.0.5/24 brd …".
std::vector<std::string> NetworksOfInterfaces(const std::string& output) {
  std::vector<std::string> out;
  for (const char* family : {" inet ", " inet6 "}) {
    const std::string begin = family;
    for (auto at = output.find(begin); at != std::string::npos; at = output.find(begin, at + 1)) {
      const auto from = at + begin.size();
      out.push_back(output.substr(from, output.find(' ', from) - from));
    }
  }
  return out;
}

}  // namespace

// Of the networks that are configured; where there are none, those that the server is in.
Result<std::vector<std::string>> MysqlEngine::ClientHosts(const std::string& instance) const {
  PW_ASSIGN(const std::string configuration, ReadText(ConfigurationPath(instance)));
  std::vector<std::string> networks = ClientNetworks(configuration);
  if (!networks.empty()) return HostsOf(networks);
  PW_ASSIGN(const ProcessResult said,
            env_.host.programs.Run(host::Program({"ip", "-oneline", "address", "show", "scope", "global"})));
  if (!said.Succeeded()) return Internal("ip does not say in which networks this server is");
  std::vector<std::string> usable;
  for (const std::string& network : NetworksOfInterfaces(said.out)) {
    if (HostOfNetwork(network).ok()) usable.push_back(network);
  }
  return HostsOf(usable);
}

Result<MysqlEngine::AccountState> MysqlEngine::ReadAccount(const Client& client, const std::string& name) const {
  PW_ASSIGN(const auto rows,
            client.Query("SELECT Host, IFNULL(JSON_VALUE(Priv,'$.authentication_string'),''), "
                         "IFNULL(JSON_VALUE(Priv,'$.auth_or[1].authentication_string'),''), "
                         "IFNULL(JSON_VALUE(Priv,'$.max_user_connections'),0) FROM mysql.global_priv WHERE User=" +
                         QuoteString(name) + " ORDER BY Host;"));
  AccountState out;
  for (const Row& row : rows) {
    if (row.size() != 4) continue;
    if (out.hosts.empty()) {
      for (const std::string& verifier : {row[1], row[2]}) {
        if (!verifier.empty() && verifier != kLockedOut) out.verifiers.push_back(verifier);
      }
      static_cast<void>(std::from_chars(row[3].data(), row[3].data() + row[3].size(), out.limit));
    }
    out.hosts.push_back(row[0]);
  }
  return out;
}

Result<std::map<std::string, std::string>> MysqlEngine::GrantsOf(const Client& client, const std::string& user) const {
  std::map<std::string, std::string> out;
  PW_ASSIGN(const auto rows, client.Query("SELECT DISTINCT Db, " + GrantColumns() +
                                          " FROM mysql.db WHERE User=" + QuoteString(user) + ";"));
  for (const Row& row : rows) {
    if (row.size() == 2) out[DatabaseOfPattern(row[0])] = LevelOf(row[1]);
  }
  return out;
}

// Every account of Podwright's users for the hosts that clients come from now, with what it may and how it is let in.
Status MysqlEngine::Resettle(const std::string& instance, const Client& client) {
  PW_ASSIGN(const auto hosts, ClientHosts(instance));
  PW_ASSIGN(const auto users, client.Query("SELECT name FROM podwright.users;"));
  for (const Row& row : users) {
    const std::string& name = row[0];
    PW_ASSIGN(const AccountState is, ReadAccount(client, name));
    if (is.hosts.empty()) continue;  // dropped by hand: a plan makes it again
    std::vector<std::string> wanted = hosts;
    std::vector<std::string> present = is.hosts;
    std::sort(wanted.begin(), wanted.end());
    std::sort(present.begin(), present.end());
    if (wanted == present) continue;
    PW_ASSIGN(const auto grants, GrantsOf(client, name));
    const std::vector<std::string> verifiers =
        is.verifiers.empty() ? std::vector<std::string>{kLockedOut} : is.verifiers;
    std::string sql = EnsureAccount({name, wanted, verifiers, is.limit}, is.hosts);
    for (const auto& [database, level] : grants) {
      if (level != "other" && !level.empty()) sql += SetGrant(name, wanted, database, level);
    }
    PW_TRY(client.Run(sql));
  }
  return Ok();
}

Status MysqlEngine::EnsureUser(const Instance& instance, const DatabaseUserAction& action,
                               const SecretString& password) {
  const Client client = ClientOf(instance);
  const std::string& name = action.name();
  PW_ASSIGN(const auto hosts, ClientHosts(instance.name));
  PW_ASSIGN(const AccountState is, ReadAccount(client, name));
  PW_ASSIGN(const auto rows,
            client.Query("SELECT version, former FROM podwright.users WHERE name=" + QuoteString(name) + ";"));
  std::string version = rows.empty() ? "0" : rows[0][0];
  std::string former = rows.empty() ? "0" : rows[0][1];
  std::vector<std::string> verifiers = is.verifiers;
  if (Contains(action.drop_logins(), name + kFormerSuffix) && verifiers.size() > 1) {
    verifiers.resize(1);
    former = "0";
  }
  if (Contains(action.drop_logins(), name)) {
    verifiers.clear();
    version = former = "0";
  }
  if (!action.login().empty()) {
    PW_ASSIGN(const std::string verifier, PasswordVerifier(password.Reveal()));
    const bool current = !verifiers.empty() && verifiers.front() == verifier;
    if (!current) {
      // The former one lets in, too, until nobody needs it.
      if (verifiers.size() > 1) verifiers.resize(1);
      former = verifiers.empty() ? "0" : version;
      verifiers.insert(verifiers.begin(), verifier);
    }
    version = std::to_string(action.secret().version());
  }
  if (verifiers.empty()) verifiers = {kLockedOut};
  PW_ASSIGN(const std::string mark, MarkOf(verifiers));
  PW_ASSIGN(const auto grants, GrantsOf(client, name));
  std::string sql = EnsureAccount({name, hosts, verifiers, action.connection_limit()}, is.hosts);
  for (const auto& [database, level] : grants) {
    if (level != "other" && !level.empty() && is.hosts != hosts) sql += SetGrant(name, hosts, database, level);
  }
  sql += "REPLACE INTO podwright.users (name,version,former,mark) VALUES (" + QuoteString(name) + "," + version + "," +
         former + "," + QuoteString(mark) + ");\n";
  return client.Run(sql);
}

Status MysqlEngine::SetGrants(const Instance& instance, const DatabaseUserAction& action) {
  const Client client = ClientOf(instance);
  PW_ASSIGN(const AccountState is, ReadAccount(client, action.name()));
  if (is.hosts.empty()) return FailedPrecondition("there is no user " + action.name());
  PW_ASSIGN(const auto present, GrantsOf(client, action.name()));
  const auto owns = [&](const std::string& database) {
    const auto found = present.find(database);
    return found != present.end() && found->second == "owner";
  };
  std::string sql;
  for (const std::string& database : action.revoke()) {
    if (present.contains(database) && !owns(database)) sql += SetGrant(action.name(), is.hosts, database, "");
  }
  for (const auto& [database, level] :
       std::map<std::string, std::string>(action.grants().begin(), action.grants().end())) {
    if (!owns(database)) sql += SetGrant(action.name(), is.hosts, database, level);
  }
  return sql.empty() ? Ok() : client.Run(sql);
}

Status MysqlEngine::RemoveUser(const Instance& instance, const std::string& name) {
  const Client client = ClientOf(instance);
  PW_ASSIGN(const AccountState is, ReadAccount(client, name));
  return client.Run(DropAccount(name, is.hosts) + "DELETE FROM podwright.users WHERE name=" + QuoteString(name) +
                    ";\n");
}

Status MysqlEngine::EnsureDatabase(const Instance& instance, const DatabaseDatabaseAction& action) {
  const Client client = ClientOf(instance);
  std::string sql = "CREATE DATABASE IF NOT EXISTS " + QuoteName(action.name()) + " CHARACTER SET utf8mb4;\n";
  if (!action.owner().empty()) {
    PW_ASSIGN(const AccountState owner, ReadAccount(client, action.owner()));
    if (owner.hosts.empty()) return FailedPrecondition("there is no user " + action.owner());
    PW_ASSIGN(const auto rows, client.Query("SELECT DISTINCT User FROM mysql.db WHERE Db=" +
                                            QuoteString(DatabasePattern(action.name())) + " AND Grant_priv='Y';"));
    for (const Row& row : rows) {
      if (row[0] == action.owner()) continue;
      PW_ASSIGN(const AccountState former, ReadAccount(client, row[0]));
      sql += SetGrant(row[0], former.hosts, action.name(), "");
    }
    sql += SetGrant(action.owner(), owner.hosts, action.name(), "owner");
  }
  return client.Run(sql);
}

// Grants on it would come alive again with the next database of the name.
Status MysqlEngine::RemoveDatabase(const Instance& instance, const std::string& name) {
  const Client client = ClientOf(instance);
  PW_ASSIGN(const auto rows,
            client.Query("SELECT User, Host FROM mysql.db WHERE Db=" + QuoteString(DatabasePattern(name)) + ";"));
  std::string sql = "DROP DATABASE IF EXISTS " + QuoteName(name) + ";\n";
  for (const Row& row : rows) {
    if (row.size() == 2) sql += SetGrant(row[0], {row[1]}, name, "");
  }
  return client.Run(sql);
}

}  // namespace podwright::drivers::database::mysql
