// How an instance changes its role: fence, promote, follow.
#include <algorithm>

#include "agent/drivers/database/mysql/mysql_engine.h"
#include "agent/drivers/database/mysql/slave_status.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::mysql {
namespace {

constexpr int kJoinTries = 150;   // a fifth of a second each
constexpr int kDrainTries = 100;  // a tenth of a second each
constexpr int kWriteStopTries = 4;
constexpr int kApplySeconds = 60;

}  // namespace

// What the server answered to "who has joined": its number is what a member is known by.
Status MysqlEngine::StopWrites(const Client& client, const std::string& successor) {
  const std::string number = std::to_string(ServerId(successor));
  PW_ASSIGN(const auto hosts, client.Query("SHOW SLAVE HOSTS;"));
  const bool joined =
      std::any_of(hosts.begin(), hosts.end(), [&](const Row& row) { return !row.empty() && row[0] == number; });
  if (!joined) {
    return FailedPrecondition(successor +
                              " does not replicate from here at this moment: it cannot have everything, and "
                              "nothing was stopped");
  }
  // A statement that runs for long must not hold up the change: its connection is cut, as it would be by the stop.
  Status stopped = Ok();
  for (int i = 0; i < kWriteStopTries; ++i) {
    stopped = client.Run("SET SESSION lock_wait_timeout=2;\nSET GLOBAL read_only=ON;\n");
    const auto others = client.Query(
        "SELECT CONCAT('KILL CONNECTION ', ID, ';') FROM information_schema.PROCESSLIST WHERE COMMAND NOT IN ('Binlog "
        "Dump','Daemon','Slave_IO','Slave_SQL') AND USER NOT IN ('system user','event_scheduler') AND "
        "ID<>CONNECTION_ID();");
    if (others.ok()) {
      for (const Row& row : *others) static_cast<void>(client.Run(row[0]));  // it may have ended by itself
    }
    if (stopped.ok()) break;
  }
  PW_TRY(stopped);
  for (int i = 0; i < kDrainTries; ++i) {
    PW_ASSIGN(
        const auto busy,
        client.Query("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND='Binlog Dump' AND STATE NOT "
                     "LIKE 'Master has sent all binlog%';\n"));
    if (!busy.empty() && busy[0][0] == "0") return Ok();
    PW_TRY(client.Run("DO SLEEP(0.1);"));
  }
  return Unavailable("the replicas do not come after: they have not taken everything within " +
                     std::to_string(kDrainTries / 10) + " s");
}

Status MysqlEngine::FenceRunning(const Instance& instance, const std::string& successor, RoleFile role) {
  const Client client = ClientOf(instance);
  PW_TRY(StopWrites(client, successor));
  PW_ASSIGN(const auto rows, client.Query("SELECT @@gtid_binlog_pos, (SELECT epoch FROM podwright.epoch);"));
  if (rows.empty() || rows[0].size() != 2) return Internal("MariaDB did not say where its log ends");
  PW_ASSIGN(GtidPosition position, ParseGtidPosition(rows[0][0]));
  // From here on it is none that takes writes, whatever breaks off: the file decides at a start.
  role.part = Part::kFenced;
  role.epoch = std::max<std::int64_t>(role.epoch, std::stoll(rows[0][1].empty() ? "0" : rows[0][1]));
  role.stopped_at = FormatGtidPosition(position);
  PW_TRY(WriteRole(instance.name, role));
  PW_TRY(env_.host.units.Stop(UnitOf(instance.name)));
  PW_ASSIGN(const std::string state, ReadText(BinlogStatePath(instance.name)));
  PW_ASSIGN(const GtidPosition end, ParseBinlogState(state));
  role.stopped_at = FormatGtidPosition(Later(position, end));
  return WriteRole(instance.name, role);
}

Status MysqlEngine::Fence(const Instance& instance, const std::string& successor) {
  PW_ASSIGN(const auto role, ReadRole(instance.name));
  if (!role) return FailedPrecondition("what this member is is not known: " + RolePath(instance.name) + " is gone");
  PW_ASSIGN(const Identity identity, Identify(instance));
  if (role->part == Part::kFenced) {
    if (!identity.running) return Ok();
    return env_.host.units.Stop(UnitOf(instance.name));
  }
  if (!identity.Is(Role::kPrimary)) return FailedPrecondition("the instance does not run as the primary");
  Status fenced = FenceRunning(instance, successor, *role);
  if (fenced.ok()) return fenced;
  PW_ASSIGN(const auto now, ReadRole(instance.name));
  // Nothing was stopped: it goes on. What was stopped is started by the compensation.
  if (now && now->part == Part::kPrimary) static_cast<void>(ClientOf(instance).Run("SET GLOBAL read_only=OFF;"));
  return fenced;
}

Status MysqlEngine::Unfence(const Setup& setup) {
  PW_ASSIGN(auto role, ReadRole(setup.instance.name));
  if (!role) return FailedPrecondition("what this member is is not known");
  if (role->part != Part::kPrimary && role->part != Part::kFenced) {
    return FailedPrecondition("the instance is a replica: nothing was fenced");
  }
  role->part = Part::kPrimary;
  role->stopped_at.clear();
  PW_TRY(WriteRole(setup.instance.name, *role));
  PW_TRY(StartUnit(setup.instance.name));
  return ClientOf(setup.instance)
      .Run(std::string("SET GLOBAL rpl_semi_sync_master_enabled=") + (role->sync ? "ON" : "OFF") +
           ";\nSET GLOBAL read_only=OFF;\n");
}

Status MysqlEngine::Promote(const Setup& setup, const std::string& position,
                            const std::vector<std::string>& /*slots*/) {
  PW_ASSIGN(const GtidPosition need, ParseGtidPosition(position));
  PW_ASSIGN(const Identity identity, Identify(setup.instance));
  if (identity.Is(Role::kPrimary)) return Ok();
  if (!identity.running) return FailedPrecondition("the instance does not run");
  const Client client = ClientOf(setup.instance);
  const std::string text = FormatGtidPosition(need);
  PW_TRY(client.Query("SELECT MASTER_GTID_WAIT(" + QuoteString(text) + "," + std::to_string(kApplySeconds) + ");",
                      std::chrono::seconds(kApplySeconds + 10)));
  PW_ASSIGN(const auto rows, client.Query("SELECT @@gtid_current_pos, '';"));
  PW_ASSIGN(const GtidPosition have, ParseGtidPosition(rows.empty() ? "" : rows[0][0]));
  if (!Covers(have, need)) {
    return FailedPrecondition("this member is at " + FormatGtidPosition(have) + ", and the former primary stopped at " +
                              text + ": it lacks transactions and does not take its place");
  }
  const std::string member = setup.kept.configuration().member();
  // The epoch is raised before anything can be written here; raised twice it is no less true.
  PW_TRY(client.Run("STOP SLAVE;\nRESET SLAVE ALL;\nUPDATE podwright.epoch SET epoch=epoch+1, member=" +
                    QuoteString(member) + ";\n"));
  PW_ASSIGN(const auto epoch, client.Query("SELECT epoch FROM podwright.epoch;"));
  if (epoch.empty()) return Internal("the epoch is not in podwright.epoch");
  const bool sync = WantsSync(setup.kept.configuration());
  PW_TRY(WriteRole(setup.instance.name, {Part::kPrimary, sync, std::stoll(epoch[0][0]), ""}));
  PW_ASSIGN(const SecretString password, ReadCredentials(setup.instance.name));
  PW_TRY(ConfigurePrimary(setup, password, client));
  return client.Run(std::string("SET GLOBAL rpl_semi_sync_master_wait_no_slave=ON;\nSET GLOBAL "
                                "rpl_semi_sync_master_enabled=") +
                    (sync ? "ON" : "OFF") + ";\nSET GLOBAL read_only=OFF;\n");
}

Status MysqlEngine::AwaitJoined(const Client& client, const std::string& upstream) {
  std::string words;
  int served = 0;
  for (int i = 0; i < kJoinTries; ++i) {
    PW_ASSIGN(const auto slave, client.Show("SHOW SLAVE STATUS;"));
    // Twice in a row: a transaction that the upstream does not know shows when it comes to that place.
    served = IsServed(slave) ? served + 1 : 0;
    if (served == 2) return Ok();
    if (const std::string stranded = StrandedWords(slave); !stranded.empty()) {
      return DataLoss("this member cannot follow " + upstream + ": " + stranded);
    }
    words = Column(slave, "Last_IO_Error");
    if (words.empty()) words = Column(slave, "Last_SQL_Error");
    if (Column(slave, "Slave_SQL_Running") == "No" && !Column(slave, "Last_SQL_Error").empty()) break;
    PW_TRY(client.Run("DO SLEEP(0.2);"));
  }
  return Unavailable("replication from " + upstream + " does not run" + (words.empty() ? "" : ": " + words));
}

Status MysqlEngine::Join(const Setup& setup, const SecretString& password) {
  const DatabaseConfiguration& configuration = setup.kept.configuration();
  const auto upstream = configuration.members().find(setup.kept.upstream());
  if (upstream == configuration.members().end()) return FailedPrecondition("the upstream's address is not known here");
  const Client client = ClientOf(setup.instance);
  PW_ASSIGN(const auto rows, client.Query("SELECT @@gtid_slave_pos, @@gtid_binlog_pos;"));
  if (rows.empty() || rows[0].size() != 2) return Internal("MariaDB did not say where it stands");
  PW_ASSIGN(const GtidPosition replicated, ParseGtidPosition(rows[0][0]));
  PW_ASSIGN(const GtidPosition written, ParseGtidPosition(rows[0][1]));
  std::string sql = "STOP SLAVE;\n";
  // A former primary stands where its own log ends.
  if (const GtidPosition at = Later(replicated, written); at != replicated) {
    sql += "SET GLOBAL gtid_slave_pos=" + QuoteString(FormatGtidPosition(at)) + ";\n";
  }
  sql += "CHANGE MASTER TO MASTER_HOST=" + QuoteString(upstream->second) +
         ", MASTER_PORT=" + std::to_string(setup.instance.port) +
         ", MASTER_USER=" + QuoteString(kinds::kReplicationUser) +
         ", MASTER_PASSWORD=" + QuoteString(password.Reveal()) +
         ", MASTER_SSL=1, MASTER_SSL_VERIFY_SERVER_CERT=0, MASTER_CONNECT_RETRY=1, MASTER_HEARTBEAT_PERIOD=5, "
         "MASTER_USE_GTID=slave_pos;\nSTART SLAVE;\n";
  PW_TRY(client.Run("SET GLOBAL read_only=ON;\nSET GLOBAL rpl_semi_sync_master_enabled=OFF;\n" + sql));
  return AwaitJoined(client, setup.kept.upstream());
}

Status MysqlEngine::Follow(const Setup& setup) {
  PW_ASSIGN(const auto role, ReadRole(setup.instance.name));
  if (!role || role->part != Part::kReplica) return FailedPrecondition("the instance is no replica");
  PW_TRY(StartUnit(setup.instance.name));
  PW_ASSIGN(const SecretString password, ReadCredentials(setup.instance.name));
  return Join(setup, password);
}

Status MysqlEngine::Rejoin(const Setup& setup, const SecretString& replication, Log& log) {
  PW_ASSIGN(const auto mark, OwnMark(setup));
  if (!mark || mark->state == "unfinished") return Clone(setup, replication, log);
  const std::string& instance = setup.instance.name;
  PW_TRY(CheckProgram(setup.instance.version));
  PW_TRY(Prepare(setup));
  PW_TRY(WriteCredentials(setup, replication));
  PW_ASSIGN(const auto role, ReadRole(instance));
  PW_TRY(WriteRole(instance, {Part::kReplica, false, role ? role->epoch : 0, ""}));
  PW_TRY(WriteMark(instance, {setup.instance.object, "whole", mark->adopted}));
  PW_TRY(StartUnit(instance));
  PW_ASSIGN(const auto slave, ClientOf(setup.instance).Show("SHOW SLAVE STATUS;"));
  const std::string differs = DifferenceWords(slave);
  Status joined = differs.empty() ? Join(setup, replication)
                                  : DataLoss("this member cannot follow " + setup.kept.upstream() + ": " + differs);
  if (joined.ok() || joined.error().code() != ErrorCode::kDataLoss) return joined;
  // What nobody else has is put aside, not wiped: a person may look for it there.
  log.push_back(joined.error().message());
  PW_TRY(env_.host.units.Stop(UnitOf(instance)));
  const std::string aside = DataFolder(instance) + ".apart-" + std::to_string(role ? role->epoch : 0);
  PW_TRY(RunTool({"rm", "-rf", "--one-file-system", "--", aside}, std::chrono::seconds(600)));
  PW_TRY(WriteMark(instance, {setup.instance.object, "unfinished"}));
  PW_TRY(RunTool({"mv", "--no-target-directory", "--", DataFolder(instance), aside}, std::chrono::seconds(600)));
  log.push_back("its data is put aside in " + aside + ", and the member is cloned anew");
  return Clone(setup, replication, log);
}

}  // namespace podwright::drivers::database::mysql
