// What is there, and how it is.
#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "agent/drivers/database/postgresql/grants.h"
#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::postgresql {
namespace {

constexpr std::size_t kMaxText = std::size_t{1024} * 1024;
constexpr std::chrono::seconds kQuick{2};
constexpr std::chrono::seconds kKnownFor{5};

std::int64_t Number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The timeline of a primary is in the name of the file that it writes; a replica's is that which it was told of last.
constexpr char kIdentityColumns[] =
    "pg_is_in_recovery(), case when pg_is_in_recovery() then greatest((select timeline_id from "
    "pg_control_checkpoint()), coalesce((select received_tli from pg_stat_wal_receiver), 0), (select "
    "min_recovery_end_timeline from pg_control_recovery())) else ('x' || "
    "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end";

std::string ServerQuery(const Question& question) {
  std::string names;
  std::map<std::string, bool> asked;
  for (const auto& entry : question.spec.parameters()) asked[entry.first] = true;
  for (const auto& entry : question.kept.configuration().parameters()) asked[entry.first] = true;
  for (const auto& entry : asked) names += (names.empty() ? "" : ",") + Literal(entry.first);
  std::string sql = std::string("select 'server', ") + kIdentityColumns +
                    ", split_part(current_setting('server_version'), ' ', 1), (select system_identifier from "
                    "pg_control_system()), current_setting('data_checksums'), case when pg_is_in_recovery() then "
                    "pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, case when pg_is_in_recovery() then "
                    "coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0) end, (select "
                    "sum(pg_database_size(oid)) from pg_database);\n"
                    "select 'replica', application_name from pg_stat_replication where state = 'streaming';\n"
                    "select 'receiver', status from pg_stat_wal_receiver;\n"
                    "select 'slot', slot_name from pg_replication_slots where slot_type = 'physical' and wal_status "
                    "is distinct from 'lost';\n"
                    "select 'pending', name from pg_settings where pending_restart;\n"
                    "select 'role', r.rolname, r.rolconnlimit, shobj_description(r.oid, 'pg_authid') from pg_roles r "
                    "where shobj_description(r.oid, 'pg_authid') like 'podwright %';\n"
                    "select 'database', d.datname, pg_get_userbyid(d.datdba) from pg_database d where not "
                    "d.datistemplate;\n";
  if (!names.empty()) {
    sql += "select 'parameter', name, current_setting(name), context = 'postmaster' from pg_settings where name in (" +
           names + ");\n";
  }
  return sql;
}

void TakeServer(const Row& row, DatabaseObserved& observed) {
  if (row.size() < 9) return;
  observed.set_role(row[1] == "t" ? "replica" : "primary");
  observed.set_timeline(Number(row[2]));
  observed.set_version(row[3]);
  observed.set_system(row[4]);
  observed.set_checksums(row[5] == "on");
  observed.set_position(row[6]);
  if (!row[7].empty()) observed.set_lag_bytes(Number(row[7]));
  observed.set_data_bytes(Number(row[8]));
  if (observed.role() == "replica") observed.set_streaming(false);
}

void TakeRole(const Row& row, DatabaseObserved& observed) {
  if (row.size() < 4) return;
  const RoleNote note = ParseRoleNote(row[3]);
  if (note.user.empty()) return;
  auto& user = (*observed.mutable_users())[note.user];
  if (note.version >= 0) {
    (*user.mutable_logins())[row[1]] = note.version;
    return;
  }
  for (const auto& [database, right] : note.grants) (*user.mutable_grants())[database] = right;
  if (const std::int64_t limit = Number(row[2]); limit > 0) user.set_connection_limit(limit);
}

void TakeRow(const Row& row, DatabaseObserved& observed) {
  const std::string& what = row[0];
  if (what == "server") return TakeServer(row, observed);
  if (what == "role") return TakeRole(row, observed);
  if (row.size() < 2) return;
  if (what == "replica") observed.add_replicas(row[1]);
  if (what == "receiver") observed.set_streaming(row[1] == "streaming");
  if (what == "pending") observed.add_pending_restart(row[1]);
  if (what == "slot") {
    if (const std::string member = kinds::MemberOfSlot(row[1]); !member.empty()) observed.add_slots(member);
  }
  if (what == "database" && row.size() > 2 && row[1] != "postgres") {
    auto& database = (*observed.mutable_databases())[row[1]];
    if (row[2] != "postgres") database.set_owner(row[2]);
  }
  if (what == "parameter" && row.size() > 3) {
    auto& parameter = (*observed.mutable_parameters())[row[1]];
    parameter.set_value(row[2]);
    parameter.set_restart(row[3] == "t");
  }
}

}  // namespace

std::vector<std::string> PostgresqlEngine::Packages(const std::string& version) const {
  return {"postgresql-" + version, "postgresql-client-" + version, "postgresql-common"};
}

std::string PostgresqlEngine::Unit(const Instance& instance) const {
  return PathsOf(instance.version, instance.name).unit;
}

Watches PostgresqlEngine::Watch(const Instance& instance) const {
  const Paths paths = PathsOf(instance.version, instance.name);
  Watches watches;
  watches.folders = {paths.etc, paths.etc + "/conf.d"};
  watches.units = {paths.unit};
  return watches;
}

Result<bool> PostgresqlEngine::Exists(const std::string& path) const {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
  return stat.has_value();
}

Result<std::string> PostgresqlEngine::ReadText(const std::string& path) const {
  PW_ASSIGN(const bool there, Exists(path));
  if (!there) return std::string();
  return env_.host.files.Read(path, kMaxText);
}

bool PostgresqlEngine::UnitIsDown(const Instance& instance) const {
  return env_.host.units.Stamp({Unit(instance)}).find_first_not_of(';') == std::string::npos;
}

Result<bool> PostgresqlEngine::UnitRuns(const Instance& instance) const {
  if (UnitIsDown(instance)) return false;
  const std::string unit = Unit(instance);
  PW_ASSIGN(const auto shown, env_.host.units.Show({unit}));
  const auto found = shown.find(unit);
  return found != shown.end() && (found->second.Active() || found->second.active_state == "activating");
}

Result<ControlData> PostgresqlEngine::Control(const Instance& instance) const {
  const Paths paths = PathsOf(instance.version, instance.name);
  const ProcessRequest request = host::Program({paths.bin + "/pg_controldata", paths.data});
  PW_ASSIGN(const ProcessResult result, env_.host.programs.Run(request));
  if (!result.Succeeded()) return ProcessFailure(request, result);
  return ParseControlData(result.out);
}

Result<Identity> PostgresqlEngine::Identify(const Instance& instance) const {
  const Paths paths = PathsOf(instance.version, instance.name);
  Identity identity;
  PW_ASSIGN(identity.exists, Exists(paths.data + "/PG_VERSION"));
  if (!identity.exists) return identity;
  PW_ASSIGN(identity.fenced, Exists(paths.fence));
  if (UnitIsDown(instance)) {
    PW_ASSIGN(const bool standby, Exists(paths.data + "/standby.signal"));
    identity.role = standby ? Role::kReplica : Role::kUnknown;
    return identity;
  }
  const auto rows = Sql(instance).Query(std::string("select ") + kIdentityColumns, "postgres", kQuick);
  if (!rows.ok()) {
    if (rows.error().code() != ErrorCode::kUnavailable) return rows.error();
    return identity;  // it starts, or stops
  }
  identity.running = true;
  if (rows->empty() || rows->front().size() < 2) return identity;
  identity.role = rows->front()[0] == "t" ? Role::kReplica : Role::kPrimary;
  identity.timeline = Number(rows->front()[1]);
  return identity;
}

// postmaster.pid: the process first, on the eighth line whether it takes connections (PostgreSQL's source,
// src/include/utils/pidfile.h). standby.signal goes before a replica that is promoted takes writes.
Result<PostgresqlEngine::RoleSign> PostgresqlEngine::LookForSign(const Instance& instance) const {
  const Paths paths = PathsOf(instance.version, instance.name);
  RoleSign sign;
  PW_ASSIGN(sign.standby, Exists(paths.data + "/standby.signal"));
  PW_ASSIGN(const bool fenced, Exists(paths.fence));
  PW_ASSIGN(const std::string pid_file, ReadText(paths.data + "/postmaster.pid"));
  std::istringstream lines(pid_file);
  std::string process;
  std::getline(lines, process);
  std::string status;
  for (int line = 2; line <= 8 && std::getline(lines, status); ++line) {
  }
  const bool process_there = !process.empty() && process.find_first_not_of("0123456789") == std::string::npos;
  bool alive = false;
  if (process_there) {
    PW_ASSIGN(alive, Exists("/proc/" + process));
  }
  sign.ready = alive && status.starts_with("ready");
  sign.text =
      process + (alive ? " lives " : " ") + status + (sign.standby ? " standby" : "") + (fenced ? " fenced" : "");
  return sign;
}

Result<Identity> PostgresqlEngine::IdentifyOften(const Instance& instance) {
  PW_ASSIGN(const RoleSign before, LookForSign(instance));
  if (const auto known = memo_.Find(instance.name, before.text, env_.clock.Steady())) return *known;
  PW_ASSIGN(const Identity identity, Identify(instance));
  PW_ASSIGN(const RoleSign after, LookForSign(instance));
  // While the server and its files disagree it changes: nothing is kept of that.
  const bool agree =
      identity.running ? after.ready && (identity.role == Role::kReplica) == after.standby : !after.ready;
  if (agree && before.text == after.text) {
    memo_.Keep(instance.name, after.text, identity, env_.clock.Steady() + kKnownFor);
  }
  return identity;
}

Result<DatabaseObserved> PostgresqlEngine::Look(const Question& question) {
  DatabaseObserved observed;
  const Paths paths = PathsOf(question.instance.version, question.instance.name);
  PW_ASSIGN(const bool data, Exists(paths.data + "/PG_VERSION"));
  PW_ASSIGN(const std::string mark_text, ReadText(paths.mark));
  const Mark mark = ParseMark(mark_text);
  if (!data && mark.state != "making") return observed;
  observed.set_owner(mark.object);
  if (mark.state == "making") {
    observed.set_state("unfinished");
    return observed;
  }
  PW_ASSIGN(const bool runs, UnitRuns(question.instance));
  PW_TRY(LookAtDisk(question, runs, observed));
  observed.set_state(runs ? "running" : mark.state == "kept" ? "kept" : "stopped");
  if (runs) PW_TRY(LookAtServer(question, observed));
  if (runs && observed.role() == "replica" && !observed.streaming() && !question.kept.upstream().empty()) {
    PW_ASSIGN(const bool stranded, IsStranded({question.instance, question.kept}));
    if (stranded) observed.set_state("stranded");
  }
  if (mark.object.empty()) {
    observed.set_state("foreign");
    observed.clear_owner();
  }
  return observed;
}

// Of a running server the control file is behind: LookAtServer says it better.
Status PostgresqlEngine::LookAtDisk(const Question& question, bool runs, DatabaseObserved& observed) {
  const Paths paths = PathsOf(question.instance.version, question.instance.name);
  PW_ASSIGN(const bool standby, Exists(paths.data + "/standby.signal"));
  observed.set_role(standby ? "replica" : "primary");
  PW_ASSIGN(const bool fenced, Exists(paths.fence));
  if (fenced) observed.set_fenced(true);
  if (runs) return Ok();
  PW_ASSIGN(const ControlData control, Control(question.instance));
  observed.set_timeline(control.timeline);
  observed.set_system(control.system);
  observed.set_checksums(control.checksums);
  if (control.clean && !standby) observed.set_stopped_at(control.checkpoint);
  return Ok();
}

Status PostgresqlEngine::LookAtServer(const Question& question, DatabaseObserved& observed) {
  PW_ASSIGN(const auto rows, Sql(question.instance).Query(ServerQuery(question)));
  for (const Row& row : rows) {
    if (!row.empty()) TakeRow(row, observed);
  }
  for (auto* list : {observed.mutable_replicas(), observed.mutable_pending_restart(), observed.mutable_slots()}) {
    std::sort(list->begin(), list->end());
  }
  return LookAtExtensions(question, observed);
}

Status PostgresqlEngine::LookAtExtensions(const Question& question, DatabaseObserved& observed) {
  std::map<std::string, std::map<std::string, std::string>> rights;  // by database and user, as they were granted
  if (observed.role() == "primary") {
    for (const auto& [user, is] : observed.users()) {
      for (const auto& [database, right] : is.grants()) rights[database][user] = right;
    }
  }
  std::map<std::string, std::string> texts;  // by database
  for (const auto& [name, wanted] : question.spec.databases()) {
    if (!wanted.extensions().empty()) {
      texts[name] += "select current_database(), extname from pg_extension order by 2;\n";
    }
  }
  for (const auto& [name, granted] : rights) {
    std::vector<std::string> users;
    for (const auto& entry : granted) users.push_back(entry.first);
    texts[name] += GrantQuery(users);
  }
  std::string sql;
  for (const auto& [name, text] : texts) {
    if (observed.databases().contains(name)) sql += ConnectLine(name) + text;
  }
  if (sql.empty()) return Ok();
  PW_ASSIGN(const auto rows, Sql(question.instance).Query(sql));
  std::map<std::string, std::vector<Row>> granted_rows;
  for (const Row& row : rows) {
    if (row.size() == 2) (*observed.mutable_databases())[row[0]].add_extensions(row[1]);
    if (row.size() > 2) granted_rows[row[1]].push_back(row);
  }
  for (const auto& [database, found] : granted_rows) {
    for (const auto& entry : ChangedGrants(found, rights[database])) {
      (*(*observed.mutable_users())[entry.first].mutable_grants())[database] = "changed";
    }
  }
  return Ok();
}

}  // namespace podwright::drivers::database::postgresql
