// The engine's configuration: checked by the program itself, then taken over by the running server as far as it can.
#include <algorithm>

#include "agent/drivers/database/mysql/mysql_engine.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::mysql {
namespace {

constexpr std::chrono::seconds kCheckLimit(60);

std::string Unquoted(const std::string& value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return value;
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

// Lines of the server that say what is wrong: "2026-… 0 [ERROR] mariadbd: unknown variable 'x=1'".
std::string Complaints(const std::string& err) {
  std::string words;
  for (std::size_t from = 0; from < err.size();) {
    const auto end = std::min(err.find('\n', from), err.size());
    const std::string line = err.substr(from, end - from);
    from = end + 1;
    const auto at = line.find("[ERROR]");
    if (at != std::string::npos) words += (words.empty() ? "" : "; ") + line.substr(at + 8);
  }
  return words.substr(0, 600);
}

}  // namespace

// The program reads the file as at a start, says what it does not understand, and ends.
Status MysqlEngine::CheckCandidate(const Setup& setup) {
  const Settings settings = SettingsOf(setup);
  for (const auto& [name, value] : settings.parameters) PW_TRY(CheckParameter(name, value));
  const std::string path = ConfigurationPath(setup.instance.name) + ".candidate";
  PW_TRY(env_.host.files.Write(path, ConfigurationText(settings), {0644, "root", "root"}));
  const auto said = env_.host.programs.Run(
      host::Program({"mariadbd", "--defaults-file=" + path, "--verbose", "--help"}, kCheckLimit));
  PW_TRY(env_.host.files.Remove(path));
  if (!said.ok()) return said.error();
  const std::string complaints = Complaints(said->err);
  if (complaints.empty() && said->exit_code == 0) return Ok();
  return FailedPrecondition(
      "MariaDB refuses the configuration: " +
      (complaints.empty() ? "mariadbd ended with " + std::to_string(said->exit_code) : complaints) +
      "; nothing was changed");
}

Result<MysqlEngine::Variables> MysqlEngine::ReadVariables(const Client& client,
                                                          const std::set<std::string>& names) const {
  Variables out;
  if (names.empty()) return out;
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + QuoteString(name);
  PW_ASSIGN(const auto rows,
            client.Query("SELECT LOWER(VARIABLE_NAME), VARIABLE_TYPE, READ_ONLY, IFNULL(GLOBAL_VALUE,'') FROM "
                         "information_schema.SYSTEM_VARIABLES WHERE LOWER(VARIABLE_NAME) IN (" +
                         list + ");"));
  for (const Row& row : rows) {
    if (row.size() == 4) out[row[0]] = {row[1], row[2] == "YES", row[3]};
  }
  return out;
}

// What a running server can take it takes now; the rest waits for a restart. What was declared and is not any more
// goes back to its default.
Status MysqlEngine::SetVariables(const Setup& setup, const Client& client) {
  PW_ASSIGN(const std::string present, ReadText(ConfigurationPath(setup.instance.name)));
  std::map<std::string, std::string> wanted;
  for (const auto& [name, value] : DeclaredOptions(ConfigurationText(SettingsOf(setup))))
    wanted[name] = Unquoted(value);
  std::set<std::string> names;
  for (const auto& entry : wanted) names.insert(entry.first);
  for (const auto& entry : DeclaredOptions(present)) names.insert(entry.first);
  PW_ASSIGN(const Variables variables, ReadVariables(client, names));
  std::string sql;
  std::string back;
  for (const auto& [name, variable] : variables) {
    if (variable.restart) continue;
    const auto value = wanted.find(name);
    std::string text = "DEFAULT";
    if (value != wanted.end()) {
      PW_ASSIGN(text, GlobalValue(variable.type, value->second));
    }
    sql += "SET GLOBAL " + QuoteName(name) + "=" + text + ";\n";
    if (const auto was = GlobalValue(variable.type, variable.value); was.ok()) {
      back += "SET GLOBAL " + QuoteName(name) + "=" + *was + ";\n";
    }
  }
  if (sql.empty()) return Ok();
  const Status set = client.Run(sql);
  if (set.ok()) return set;
  static_cast<void>(client.Run(back));  // as far as it goes: the error is told
  return Error(ErrorCode::kFailedPrecondition,
               "MariaDB refuses a parameter: " + set.error().message() + "; what was changed before it is put back",
               Retry::kAfterChange);
}

// The unit keeps the configuration of the start beside the socket.
Result<std::vector<std::string>> MysqlEngine::PendingRestart(const std::string& instance, const Client& client) const {
  PW_ASSIGN(const std::string now, ReadText(ConfigurationPath(instance)));
  PW_ASSIGN(const std::string then, ReadText(StartedPath(instance)));
  std::vector<std::string> out;
  if (then.empty()) return out;
  const auto wanted = DeclaredOptions(now);
  const auto started = DeclaredOptions(then);
  std::set<std::string> different;
  for (const auto& [name, value] : wanted) {
    const auto was = started.find(name);
    if (was == started.end() || was->second != value) different.insert(name);
  }
  for (const auto& entry : started) {
    if (!wanted.contains(entry.first)) different.insert(entry.first);
  }
  PW_ASSIGN(const Variables variables, ReadVariables(client, different));
  for (const std::string& name : different) {
    const auto variable = variables.find(name);
    // An option that is no variable is read at a start only.
    if (variable == variables.end() || variable->second.restart) out.push_back(name);
  }
  return out;
}

Status MysqlEngine::EnsureReplicationAccount(const Setup& setup, const SecretString& replication,
                                             const Client& client) {
  PW_ASSIGN(const std::string verifier, PasswordVerifier(replication.Reveal()));
  PW_ASSIGN(const AccountState is, ReadAccount(client, kinds::kReplicationUser));
  std::set<std::string> hosts;
  for (const auto& entry : setup.kept.configuration().members()) hosts.insert(entry.second);
  Account account{kinds::kReplicationUser, {hosts.begin(), hosts.end()}, {verifier}, 0};
  std::vector<std::string> present = is.hosts;
  std::sort(present.begin(), present.end());
  const bool current = !is.verifiers.empty() && is.verifiers.front() == verifier;
  if (current && present == account.hosts) return Ok();
  // The former password lets in, too, until all members have the new one: at the change after this it goes.
  if (!is.verifiers.empty() && !current) account.verifiers.push_back(is.verifiers.front());
  std::string sql = EnsureAccount(account, is.hosts);
  for (const std::string& host : account.hosts) {
    const std::string who = QuoteString(account.name) + "@" + QuoteString(host);
    sql += "ALTER USER " + who + " REQUIRE SSL;\n";
    sql +=
        "GRANT SELECT, RELOAD, LOCK TABLES, REPLICATION SLAVE, BINLOG MONITOR, SLAVE MONITOR, SHOW VIEW, EVENT, "
        "TRIGGER ON *.* TO " +
        who + ";\n";
  }
  return client.Run(sql);
}

Result<bool> MysqlEngine::HasJoinedReplica(const Client& client) const {
  PW_ASSIGN(const auto rows, client.Query("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE "
                                          "VARIABLE_NAME='Rpl_semi_sync_master_clients';"));
  return !rows.empty() && rows[0][0] != "0";
}

// Before the first replica is there a commit would wait for good: then it is the agent's to do as soon as one has
// joined.
Status MysqlEngine::SetSync(const Setup& setup, const Client& client) {
  PW_ASSIGN(auto role, ReadRole(setup.instance.name));
  if (!role || role->part != Part::kPrimary) return Ok();
  const bool wanted = WantsSync(setup.kept.configuration());
  if (wanted && !role->sync) {
    PW_ASSIGN(const bool joined, HasJoinedReplica(client));
    if (!joined) return Ok();
  }
  if (wanted != role->sync) {
    role->sync = wanted;
    PW_TRY(WriteRole(setup.instance.name, *role));
  }
  return client.Run(std::string("SET GLOBAL rpl_semi_sync_master_wait_no_slave=ON;\nSET GLOBAL "
                                "rpl_semi_sync_master_enabled=") +
                    (wanted ? "ON" : "OFF") + ";\n");
}

Status MysqlEngine::ConfigurePrimary(const Setup& setup, const SecretString& replication, const Client& client) {
  PW_TRY(EnsureReplicationAccount(setup, replication, client));
  return Resettle(setup.instance.name, client);
}

// A replication that goes on need not be made anew.
Result<bool> MysqlEngine::IsJoinedAsToldTo(const Setup& setup, const Client& client) const {
  const std::string version = "# version: " + std::to_string(setup.kept.configuration().replication().version()) + "\n";
  PW_ASSIGN(const std::string credentials, ReadText(CredentialsPath(setup.instance.name)));
  const auto upstream = setup.kept.configuration().members().find(setup.kept.upstream());
  if (!credentials.starts_with(version) || upstream == setup.kept.configuration().members().end()) return false;
  const auto slave = client.Show("SHOW SLAVE STATUS;");
  if (!slave.ok()) return false;
  const auto host = slave->find("Master_Host");
  const auto port = slave->find("Master_Port");
  return host != slave->end() && host->second == upstream->second && port != slave->end() &&
         port->second == std::to_string(setup.instance.port);
}

Status MysqlEngine::Configure(const Setup& setup, const SecretString& replication, Log& log) {
  PW_ASSIGN(const auto mark, OwnMark(setup));
  if (!mark || mark->state == "unfinished") return FailedPrecondition("the instance is not whole");
  PW_TRY(CheckCandidate(setup));
  PW_TRY(EnsureKey(setup.instance.name));
  PW_TRY(EnsureUnit());
  PW_ASSIGN(const Identity identity, Identify(setup.instance));
  const Client client = ClientOf(setup.instance);
  if (identity.running) PW_TRY(SetVariables(setup, client));
  PW_TRY(env_.host.files.Write(ConfigurationPath(setup.instance.name), ConfigurationText(SettingsOf(setup)),
                               {0644, "root", "root"}));
  PW_ASSIGN(const bool joined, IsJoinedAsToldTo(setup, client));
  PW_TRY(WriteCredentials(setup, replication));
  if (!identity.running) return Ok();
  if (identity.Is(Role::kPrimary)) {
    PW_TRY(ConfigurePrimary(setup, replication, client));
    PW_TRY(SetSync(setup, client));
  } else if (!setup.kept.upstream().empty() && !joined) {
    PW_TRY(Join(setup, replication));
  }
  PW_ASSIGN(const auto pending, PendingRestart(setup.instance.name, client));
  for (const std::string& name : pending) log.push_back(name + " waits for a restart");
  return Ok();
}

Status MysqlEngine::RestoreFiles(const Setup& setup) {
  PW_TRY(EnsureKey(setup.instance.name));
  PW_TRY(EnsureUnit());
  PW_ASSIGN(const Identity identity, Identify(setup.instance));
  const Client client = ClientOf(setup.instance);
  PW_ASSIGN(const auto role, ReadRole(setup.instance.name));
  if (!role) {
    if (setup.kept.upstream().empty() && !identity.Is(Role::kPrimary)) {
      return FailedPrecondition(RolePath(setup.instance.name) +
                                " is gone, and the instance is not running as a primary: whether it may be one is not "
                                "known here");
    }
    const bool replica = !setup.kept.upstream().empty();
    PW_TRY(WriteRole(setup.instance.name, {replica ? Part::kReplica : Part::kPrimary,
                                           !replica && WantsSync(setup.kept.configuration()), identity.timeline, ""}));
  }
  if (identity.running) PW_TRY(SetVariables(setup, client));
  PW_TRY(env_.host.files.Write(ConfigurationPath(setup.instance.name), ConfigurationText(SettingsOf(setup)),
                               {0644, "root", "root"}));
  if (identity.Is(Role::kPrimary)) PW_TRY(SetSync(setup, client));
  return Ok();
}

Result<bool> MysqlEngine::FilesStand(const Setup& setup) {
  const std::string& instance = setup.instance.name;
  PW_ASSIGN(const std::string configuration, ReadText(ConfigurationPath(instance)));
  PW_ASSIGN(const std::string unit, ReadText(UnitPath()));
  PW_ASSIGN(const auto role, ReadRole(instance));
  PW_ASSIGN(const std::string credentials, ReadText(CredentialsPath(instance)));
  PW_ASSIGN(const auto key, env_.host.files.Stat(KeyPath(instance)));
  const std::string version = "# version: " + std::to_string(setup.kept.configuration().replication().version()) + "\n";
  if (!role || !key || !credentials.starts_with(version) || unit != UnitText()) return false;
  if (configuration != ConfigurationText(SettingsOf(setup))) return false;
  const bool wanted = WantsSync(setup.kept.configuration());
  if (role->part != Part::kPrimary || role->sync == wanted) return true;
  if (!wanted) return false;
  const auto joined = HasJoinedReplica(ClientOf(setup.instance));
  return !joined.ok() || !*joined;
}

Result<bool> MysqlEngine::RestartIfPending(const Instance& instance) {
  PW_ASSIGN(const auto pending, PendingRestart(instance.name, ClientOf(instance)));
  if (pending.empty()) return false;
  const Status restarted = env_.host.units.Restart(UnitOf(instance.name));
  if (restarted.ok()) return true;
  const std::string words = JournalWords(instance.name);
  return FailedPrecondition(restarted.error().message() + (words.empty() ? "" : ": " + words));
}

}  // namespace podwright::drivers::database::mysql
