// An instance's life: made, cloned, started, stopped, retired.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string_view>
#include <thread>

#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "core/random.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::postgresql {
namespace {

constexpr std::chrono::milliseconds kPoll{100};
constexpr std::chrono::seconds kAnswerLimit{120};
constexpr std::chrono::seconds kStreamingLimit{60};
constexpr std::chrono::seconds kToolLimit{300};
// Less than the time that the control plane gives an action.
constexpr std::chrono::seconds kCloneLimit{3000};
constexpr std::size_t kSaltBytes = 16;
// Beyond the data itself: the log that comes in meanwhile.
constexpr std::int64_t kSpareBytes = 256LL * 1024 * 1024;

}  // namespace

Status PostgresqlEngine::RunTool(std::vector<std::string> argv, std::chrono::seconds limit,
                                 const std::string& passfile) const {
  ProcessRequest request = host::Program(std::move(argv), limit);
  request.cwd = "/";
  if (!passfile.empty()) request.env["PGPASSFILE"] = passfile;
  PW_ASSIGN(const ProcessResult result, env_.host.programs.Run(request));
  if (!result.Succeeded()) return ProcessFailure(request, result);
  return Ok();
}

Status PostgresqlEngine::AwaitAnswer(const Instance& instance) {
  const auto until = std::chrono::steady_clock::now() + kAnswerLimit;
  for (;;) {
    const auto answer = Sql(instance).Value("select 1");
    if (answer.ok()) return Ok();
    PW_ASSIGN(const bool runs, UnitRuns(instance));
    if (!runs || std::chrono::steady_clock::now() >= until) return StartFailure(instance, answer.error());
    std::this_thread::sleep_for(kPoll);
  }
}

// With the last words of the cluster tools and of the instance's own log: systemd knows only that it failed.
Error PostgresqlEngine::StartFailure(const Instance& instance, const Error& error) const {
  std::string words;
  const std::string unit = PathsOf(instance.version, instance.name).unit;
  const ProcessRequest journal = host::Program({"journalctl", "-u", unit, "-n", "10", "-o", "cat", "--no-pager"});
  const std::string file = "/var/log/postgresql/postgresql-" + instance.version + "-" + instance.name + ".log";
  for (const ProcessRequest& request : {journal, host::Program({"tail", "-n", "30", file})}) {
    const auto result = env_.host.programs.Run(request);
    if (!result.ok() || !result->Succeeded()) continue;
    std::istringstream in(result->out);
    for (std::string line; std::getline(in, line);) {
      constexpr std::array<std::string_view, 5> kTelling = {"FATAL", "ERROR", "Error: ", "podwright:", "could not"};
      const bool says = std::any_of(kTelling.begin(), kTelling.end(),
                                    [&](std::string_view word) { return line.find(word) != std::string::npos; });
      if (says && words.find(line) == std::string::npos) words += "; " + line;
    }
  }
  return FailedPrecondition("the instance " + instance.name + " does not start: " + error.message() + words);
}

Status PostgresqlEngine::Start(const Instance& instance) {
  const Status started = env_.host.units.Start(Unit(instance));
  if (!started.ok()) return StartFailure(instance, started.error());
  return AwaitAnswer(instance);
}

// Fast: open transactions are given up, everything that was acknowledged is on disk and with the replicas.
Status PostgresqlEngine::Stop(const Instance& instance) {
  PW_ASSIGN(const bool runs, UnitRuns(instance));
  if (!runs) return Ok();
  return env_.host.units.Stop(Unit(instance));
}

// postgresql.org, "Hot Standby", Administrator's Overview: a replica does not start with a smaller limit than its
// primary had when it wrote the last log that the replica has. So it waits until it has heard of a lowered one.
Status PostgresqlEngine::AwaitLimits(const Instance& instance) {
  const std::map<std::string, std::string> limits = {{"max_connections", "max_connections setting"},
                                                     {"max_worker_processes", "max_worker_processes setting"},
                                                     {"max_wal_senders", "max_wal_senders setting"},
                                                     {"max_prepared_transactions", "max_prepared_xacts setting"},
                                                     {"max_locks_per_transaction", "max_locks_per_xact setting"}};
  PW_ASSIGN(const Identity identity, Identify(instance));
  if (!identity.Is(Role::kReplica)) return Ok();
  PW_ASSIGN(
      const auto rows,
      Sql(instance).Query("select s.name, coalesce((select f.setting from pg_file_settings f where f.name = s.name "
                          "order by f.seqno desc limit 1), s.boot_val) from pg_settings s where s.name like "
                          "'max\\_%'"));
  const auto until = std::chrono::steady_clock::now() + kStreamingLimit;
  for (;;) {
    PW_ASSIGN(const ControlData control, Control(instance));
    std::string larger;
    for (const Row& row : rows) {
      const auto limit = row.size() < 2 ? limits.end() : limits.find(row[0]);
      if (limit == limits.end()) continue;
      const auto known = control.limits.find(limit->second);
      if (known != control.limits.end() && known->second > std::atoll(row[1].c_str())) larger = row[0];
    }
    if (larger.empty()) return Ok();
    if (std::chrono::steady_clock::now() >= until) {
      return FailedPrecondition("the primary still has a larger " + larger +
                                ", with which this replica would not start again: it is not restarted");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Result<bool> PostgresqlEngine::RestartIfPending(const Instance& instance) {
  PW_ASSIGN(const auto pending, Sql(instance).Query("select name from pg_settings where pending_restart"));
  if (pending.empty()) return false;
  PW_TRY(AwaitLimits(instance));
  const Status restarted = env_.host.units.Restart(Unit(instance));
  if (!restarted.ok()) return StartFailure(instance, restarted.error());
  PW_TRY(AwaitAnswer(instance));
  return true;
}

Status PostgresqlEngine::SetStandby(const Instance& instance, bool standby) {
  const std::string path = PathsOf(instance.version, instance.name).data + "/standby.signal";
  if (!standby) return env_.host.files.Remove(path);
  PW_ASSIGN(const bool there, Exists(path));
  return there ? Ok() : env_.host.files.Write(path, "", {0600, "postgres", "postgres"});
}

// An empty one, with the mark of an unfinished beginning before it. What has that mark is begun anew.
Status PostgresqlEngine::MakeCluster(const Setup& setup) {
  const Instance& instance = setup.instance;
  const Paths paths = PathsOf(instance.version, instance.name);
  PW_ASSIGN(const std::string mark_text, ReadText(paths.mark));
  PW_ASSIGN(const bool data, Exists(paths.data + "/PG_VERSION"));
  PW_ASSIGN(const bool etc, Exists(paths.etc + "/postgresql.conf"));
  const Mark mark = ParseMark(mark_text);
  const bool unfinished = mark.state == "making" && mark.object == instance.object;
  if ((data || etc) && !unfinished) {
    return FailedPrecondition("there is an instance " + instance.version + "/" + instance.name + " already, in " +
                              paths.data + ": it is not initialised over");
  }
  PW_TRY(WriteMark(instance, "making"));
  if (etc) {
    PW_TRY(Stop(instance));
    PW_TRY(RunTool({"pg_dropcluster", "--stop", instance.version, instance.name}, kToolLimit));
  }
  // What is left where pg_createcluster or a clone broke off.
  PW_ASSIGN(const bool rest, Exists(paths.data));
  if (rest) PW_TRY(RunTool({"find", paths.data, "-mindepth", "1", "-delete"}, kToolLimit));
  PW_TRY(RunTool({"pg_createcluster", "--port", std::to_string(instance.port), "--start-conf", "auto", instance.version,
                  instance.name, "--", "--data-checksums", "--auth-local=peer", "--auth-host=scram-sha-256",
                  "--encoding=UTF8", "--locale=C.UTF-8"},
                 kToolLimit));
  return env_.host.units.DaemonReload();
}

// What pg_rewind needs of the source it may read: postgresql.org, "pg_rewind", Notes.
Status PostgresqlEngine::EnsureReplicationUser(const Instance& instance, const SecretString& replication) {
  PW_ASSIGN(const std::string verifier, ScramVerifier(replication.Reveal(), SystemRandom().Bytes(kSaltBytes)));
  const std::string user = Name(kinds::kReplicationUser);
  const Psql sql = Sql(instance);
  PW_ASSIGN(const std::string there,
            sql.Value("select count(*) from pg_roles where rolname = " + Literal(kinds::kReplicationUser)));
  std::string text = "begin;\n";
  if (there == "0") text += "create role " + user + ";\n";
  text += "alter role " + user + " login replication password " + Literal(verifier) + ";\n";
  // A clone asks how large it is going to be.
  text += "grant pg_read_all_stats to " + user + ";\n";
  for (const char* function : {"pg_ls_dir(text, boolean, boolean)", "pg_stat_file(text, boolean)",
                               "pg_read_binary_file(text)", "pg_read_binary_file(text, bigint, bigint, boolean)"}) {
    text += std::string("grant execute on function pg_catalog.") + function + " to " + user + ";\n";
  }
  return sql.Run(text + "commit;\n");
}

Status PostgresqlEngine::Create(const Setup& setup, const SecretString& replication, Log& log) {
  const Instance& instance = setup.instance;
  const Paths paths = PathsOf(instance.version, instance.name);
  PW_ASSIGN(const std::string mark_text, ReadText(paths.mark));
  const Mark mark = ParseMark(mark_text);
  const bool ours = mark.object == instance.object && (mark.state == "ready" || mark.state == "kept");
  if (ours) {
    log.push_back("the data of before is gone on with");
    PW_TRY(env_.host.files.Write(paths.start_conf, "auto\n", {0644, "postgres", "postgres"}));
    PW_TRY(env_.host.units.DaemonReload());
  } else {
    PW_TRY(MakeCluster(setup));
  }
  PW_TRY(WritePassword(setup, replication));
  PW_TRY(WriteFiles(setup));
  PW_TRY(Start(instance));
  PW_ASSIGN(const std::string refused, Refusal(instance));
  if (!refused.empty()) return FailedPrecondition("PostgreSQL does not take the configuration: " + refused);
  PW_TRY(EnsureReplicationUser(instance, replication));
  return WriteMark(instance, "ready");
}

Status PostgresqlEngine::Adopt(const Setup& setup, const SecretString& replication, Log& log) {
  const Instance& instance = setup.instance;
  const Paths paths = PathsOf(instance.version, instance.name);
  PW_ASSIGN(const bool data, Exists(paths.data + "/PG_VERSION"));
  PW_ASSIGN(const bool etc, Exists(paths.etc + "/postgresql.conf"));
  if (!data || !etc) {
    return FailedPrecondition("there is no instance " + instance.version + "/" + instance.name +
                              " of Debian's cluster tools, with its data in " + paths.data);
  }
  PW_ASSIGN(const bool runs, UnitRuns(instance));
  if (!runs)
    return FailedPrecondition("the instance " + instance.name + " is stopped: start it, so that it can be read");
  PW_ASSIGN(const std::string before, ReadText(paths.hba_before));
  if (before.empty()) {
    PW_ASSIGN(const std::string hba, ReadText(paths.hba));
    PW_TRY(env_.host.files.Write(paths.hba_before, hba, {0640, "postgres", "postgres"}));
  }
  PW_TRY(env_.host.files.Write(paths.mark, MarkText({instance.object, "ready", true}), {0644, "root", "root"}));
  log.push_back("taken over with its data, users and former rules of access");
  return Configure(setup, replication, log);
}

Status PostgresqlEngine::CheckRoom(const Setup& setup) {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  const auto number = [](const std::string& text) {
    const auto digits = text.find_first_of("0123456789");
    std::int64_t value = 0;
    if (digits != std::string::npos) std::from_chars(text.data() + digits, text.data() + text.size(), value);
    return value;
  };
  PW_ASSIGN(const std::string size, AskUpstream(setup, "select sum(pg_database_size(oid)) from pg_database"));
  const ProcessRequest free = host::Program({"df", "-B1", "--output=avail", paths.data});
  PW_ASSIGN(const ProcessResult room, env_.host.programs.Run(free));
  if (!room.Succeeded()) return ProcessFailure(free, room);
  const auto line = room.out.find('\n');
  const std::int64_t there = number(line == std::string::npos ? room.out : room.out.substr(line));
  const std::int64_t needed = number(size) + kSpareBytes;
  if (there >= needed) return Ok();
  return FailedPrecondition("the disk has too little room for a clone: " + std::to_string(needed / 1048576) +
                            " MiB are needed in " + paths.data + ", and " + std::to_string(there / 1048576) +
                            " MiB are free");
}

Status PostgresqlEngine::BaseBackup(const Setup& setup) {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  const std::string& member = setup.kept.configuration().member();
  PW_TRY(RunTool({"find", paths.data, "-mindepth", "1", "-delete"}, kToolLimit));
  return RunTool({"runuser", "-u", "postgres", "--", paths.bin + "/pg_basebackup", "--pgdata", paths.data, "--dbname",
                  PrimaryConninfo(setup.kept, paths), "--wal-method=stream", "--checkpoint=fast", "--no-password",
                  "--slot", kinds::SlotOfMember(member)},
                 kCloneLimit);
}

Status PostgresqlEngine::Clone(const Setup& setup, const SecretString& replication, Log& log) {
  const Instance& instance = setup.instance;
  const Paths paths = PathsOf(instance.version, instance.name);
  PW_ASSIGN(const std::string mark_text, ReadText(paths.mark));
  const Mark mark = ParseMark(mark_text);
  if (mark.object == instance.object && mark.state == "ready") {
    log.push_back("the clone is there");
    PW_TRY(WritePassword(setup, replication));
    PW_TRY(WriteFiles(setup));
    return Start(instance);
  }
  PW_TRY(MakeCluster(setup));
  PW_TRY(WritePassword(setup, replication));
  PW_TRY(CheckRoom(setup));
  PW_TRY(BaseBackup(setup));
  PW_TRY(SetStandby(instance, true));
  PW_TRY(WriteFiles(setup));
  PW_TRY(Start(instance));
  PW_ASSIGN(const bool streaming, AwaitJoined(setup, kStreamingLimit));
  if (!streaming) return Unavailable("the clone runs, and is not joined to " + setup.kept.upstream());
  return WriteMark(instance, "ready");
}

Status PostgresqlEngine::Retire(const Instance& instance, bool purge, Log& log) {
  const Paths paths = PathsOf(instance.version, instance.name);
  PW_ASSIGN(const std::string mark_text, ReadText(paths.mark));
  const Mark mark = ParseMark(mark_text);
  if (mark.object != instance.object) {
    log.push_back("the instance " + instance.name + " is not this database's: left as it is");
    return Ok();
  }
  const bool wipes = (purge && !mark.adopted) || mark.state == "making";
  PW_TRY(Stop(instance));
  PW_TRY(env_.host.files.Remove(paths.drop_in));
  PW_TRY(env_.host.files.RemoveEmptyFolder(host::ParentFolder(paths.drop_in)));
  PW_ASSIGN(const bool etc, Exists(paths.etc + "/postgresql.conf"));
  if (wipes) {
    for (const std::string& path : {paths.conf, paths.passfile, paths.check, paths.hba_before}) {
      PW_TRY(env_.host.files.Remove(path));
    }
    if (etc) PW_TRY(RunTool({"pg_dropcluster", instance.version, instance.name}, kToolLimit));
    PW_TRY(env_.host.files.Remove(paths.fence));
    PW_TRY(env_.host.files.Remove(paths.mark));
    log.push_back("the instance " + instance.name + " and all its data are gone");
  } else {
    PW_TRY(env_.host.files.Remove(paths.passfile));
    if (etc) PW_TRY(env_.host.files.Write(paths.start_conf, "disabled\n", {0644, "postgres", "postgres"}));
    PW_TRY(WriteMark(instance, "kept"));
    log.push_back("the data stays in " + paths.data);
  }
  return env_.host.units.DaemonReload();
}

}  // namespace podwright::drivers::database::postgresql
