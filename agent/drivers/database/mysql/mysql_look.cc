// What the engine finds of an instance.
#include <algorithm>
#include <charconv>

#include "agent/drivers/database/mysql/mysql_engine.h"
#include "agent/drivers/database/mysql/slave_status.h"

namespace podwright::drivers::database::mysql {
namespace {

constexpr std::chrono::seconds kQuick(2);
constexpr std::chrono::milliseconds kKnownFor(900);
constexpr char kSystem[] = "'information_schema','mysql','performance_schema','sys','podwright'";

std::int64_t Number(const std::string& text) {
  std::int64_t value = 0;
  static_cast<void>(std::from_chars(text.data(), text.data() + text.size(), value));
  return value;
}

}  // namespace

Result<Identity> MysqlEngine::Identify(const Instance& instance) const {
  Identity out;
  PW_ASSIGN(const auto mark, ReadMark(instance.name));
  PW_ASSIGN(const auto role, ReadRole(instance.name));
  out.exists = mark && mark->state == "whole";
  out.fenced = role && role->part == Part::kFenced;
  if (role) out.timeline = role->epoch;
  if (!mark || mark->state == "kept") return out;
  const Client client = ClientOf(instance);
  const auto rows = client.Query("SELECT @@read_only;\nSELECT epoch FROM podwright.epoch;", kQuick);
  // A clone that is being loaded has no epoch yet.
  const auto plain = rows.ok() ? rows : client.Query("SELECT @@read_only;", kQuick);
  if (!plain.ok() || plain->empty()) return out;
  out.running = true;
  if (plain->size() > 1) out.timeline = Number((*plain)[1][0]);
  if (out.fenced || !out.exists) return out;
  out.role = (*plain)[0][0] == "0" ? Role::kPrimary : Role::kReplica;
  if (out.role == Role::kReplica && role && role->part == Part::kPrimary) out.role = Role::kUnknown;
  return out;
}

Result<Identity> MysqlEngine::IdentifyOften(const Instance& instance) {
  PW_ASSIGN(const auto role, ReadRole(instance.name));
  const std::string stamp =
      role ? std::to_string(static_cast<int>(role->part)) + " " + std::to_string(role->epoch) : "";
  if (const auto known = memo_.Find(instance.name, stamp, env_.clock.Steady())) return *known;
  PW_ASSIGN(const Identity identity, Identify(instance));
  // What changes just now is not kept.
  if (identity.role != Role::kUnknown) {
    memo_.Keep(instance.name, stamp, identity, env_.clock.Steady() + kKnownFor);
  }
  return identity;
}

Result<DatabaseObserved> MysqlEngine::Look(const Question& question) {
  DatabaseObserved out;
  const std::string& instance = question.instance.name;
  PW_ASSIGN(const auto mark, ReadMark(instance));
  PW_ASSIGN(const bool data, HasData(instance));
  if (!data && !mark) {
    PW_ASSIGN(const bool found, IsFound());
    if (found && question.spec.adopt() == "existing") PW_TRY(LookAtFound(question, &out));
    return out;
  }
  if (!mark) {
    out.set_state("foreign");
    return out;
  }
  out.set_owner(mark->owner);
  if (mark->owner != question.instance.object) {
    out.set_state("foreign");
    return out;
  }
  PW_ASSIGN(const auto role, ReadRole(instance));
  const RoleFile is = role.value_or(RoleFile{Part::kReplica, false, 0, ""});
  const bool primary = is.part == Part::kPrimary || is.part == Part::kFenced;
  if (mark->state == "taking") {
    out.set_state("foreign");
    out.set_role("primary");
    return out;
  }
  if (mark->state == "unfinished" || !data) {
    out.set_state("unfinished");
    return out;
  }
  out.set_role(primary ? "primary" : "replica");
  if (is.epoch > 0) out.set_timeline(is.epoch);
  if (mark->state == "kept") {
    out.set_state("kept");
    return out;
  }
  out.set_checksums(true);  // innodb_checksum_algorithm has been on by default since 10.5
  if (is.part == Part::kFenced) out.set_fenced(true);
  PW_ASSIGN(const Identity identity, Identify(question.instance));
  if (!identity.running) {
    out.set_state("stopped");
    if (!is.stopped_at.empty()) out.set_stopped_at(is.stopped_at);
    return out;
  }
  out.set_state("running");
  out.set_timeline(identity.timeline);
  if (identity.role == Role::kPrimary) out.set_role("primary");
  PW_TRY(LookInside(question, is, &out));
  return out;
}

Status MysqlEngine::LookInside(const Question& question, const RoleFile& /*role*/, DatabaseObserved* out) {
  const Client client = ClientOf(question.instance);
  PW_ASSIGN(const auto rows,
            client.Query(std::string("SELECT VERSION(), @@gtid_current_pos;\n"
                                     "SELECT SUM(DATA_LENGTH+INDEX_LENGTH), '' FROM information_schema.TABLES WHERE "
                                     "TABLE_SCHEMA NOT IN (") +
                         kSystem + ");"));
  if (rows.size() == 2 && rows[0].size() == 2) {
    out->set_version(rows[0][0]);
    out->set_position(rows[0][1]);
    out->set_data_bytes(Number(rows[1][0]));
  }
  PW_TRY(LookAtReplication(question, client, out));
  PW_TRY(LookAtParameters(question, client, out));
  return LookAtAccounts(client, out);
}

Status MysqlEngine::LookAtReplication(const Question& question, const Client& client, DatabaseObserved* out) {
  PW_ASSIGN(const auto slave, client.Show("SHOW SLAVE STATUS;"));
  if (out->role() == "replica") {
    out->set_streaming(Replicates(slave));
    if (!StrandedWords(slave).empty()) out->set_state("stranded");
    if (Column(slave, "Master_Log_File") == Column(slave, "Relay_Master_Log_File")) {
      out->set_lag_bytes(std::max<std::int64_t>(
          0, Number(Column(slave, "Read_Master_Log_Pos")) - Number(Column(slave, "Exec_Master_Log_Pos"))));
    }
  }
  PW_ASSIGN(const auto joined, client.Query("SHOW SLAVE HOSTS;"));
  std::set<std::string> names;
  for (const Row& row : joined) {
    for (const auto& member : question.kept.configuration().members()) {
      if (!row.empty() && row[0] == std::to_string(ServerId(member.first))) names.insert(member.first);
    }
  }
  for (const std::string& name : names) out->add_replicas(name);
  return Ok();
}

Status MysqlEngine::LookAtParameters(const Question& question, const Client& client, DatabaseObserved* out) {
  std::map<std::string, std::string> declared(question.kept.configuration().parameters().begin(),
                                              question.kept.configuration().parameters().end());
  std::set<std::string> names;
  for (const auto& entry : declared) names.insert(entry.first);
  for (const auto& entry : question.spec.parameters()) names.insert(entry.first);
  PW_ASSIGN(const Variables variables, ReadVariables(client, names));
  PW_ASSIGN(const auto pending, PendingRestart(question.instance.name, client));
  for (const auto& [name, variable] : variables) {
    auto& seen = (*out->mutable_parameters())[name];
    seen.set_restart(variable.restart);
    seen.set_value(variable.value);
    const bool waits = std::find(pending.begin(), pending.end(), name) != pending.end();
    // `256M` and 268435456 are the same: it is shown as it was declared.
    const auto said = declared.find(name);
    if (waits || said == declared.end()) continue;
    const auto form = GlobalValue(variable.type, said->second);
    const auto is = GlobalValue(variable.type, variable.value);
    if (variable.restart || (form.ok() && is.ok() && *form == *is)) seen.set_value(said->second);
  }
  for (const std::string& name : pending) out->add_pending_restart(name);
  return Ok();
}

Status MysqlEngine::LookAtAccounts(const Client& client, DatabaseObserved* out) {
  PW_ASSIGN(const auto users,
            client.Query("SELECT u.name, u.version, u.former, IFNULL(MIN(g.mark)=u.mark AND MAX(g.mark)=u.mark,0), "
                         "IFNULL(MAX(g.connections),0) FROM podwright.users u JOIN (SELECT User, " +
                         AccountMark() +
                         " AS mark, IFNULL(JSON_VALUE(Priv,'$.max_user_connections'),0) AS connections FROM "
                         "mysql.global_priv) g ON g.User=u.name GROUP BY u.name, u.version, u.former, u.mark;"));
  for (const Row& row : users) {
    if (row.size() != 5) continue;
    auto& user = (*out->mutable_users())[row[0]];
    if (row[3] == "1" && Number(row[1]) > 0) {
      (*user.mutable_logins())[row[0]] = Number(row[1]);
      if (Number(row[2]) > 0) (*user.mutable_logins())[row[0] + kFormerSuffix] = Number(row[2]);
    }
    if (Number(row[4]) > 0) user.set_connection_limit(Number(row[4]));
  }
  PW_ASSIGN(const auto databases, client.Query(std::string("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE "
                                                           "SCHEMA_NAME NOT IN (") +
                                               kSystem + ");"));
  for (const Row& row : databases) static_cast<void>((*out->mutable_databases())[row[0]]);
  PW_ASSIGN(const auto grants, client.Query("SELECT DISTINCT User, Db, " + GrantColumns() +
                                            " FROM mysql.db WHERE User<>'' ORDER BY User, Db;"));
  for (const Row& row : grants) {
    if (row.size() != 3) continue;
    const std::string database = DatabaseOfPattern(row[1]);
    const std::string level = LevelOf(row[2]);
    const auto there = out->mutable_databases()->find(database);
    if (level == "owner" && there != out->mutable_databases()->end()) {
      there->second.set_owner(row[0]);
    } else if (const auto user = out->mutable_users()->find(row[0]); user != out->mutable_users()->end()) {
      // Differing rows of one account's hosts are told as none of ours.
      auto& grant = (*user->second.mutable_grants())[database];
      grant = grant.empty() || grant == level ? level : "other";
    }
  }
  return Ok();
}

}  // namespace podwright::drivers::database::mysql
