// Who is the primary, and who follows whom.
#include <algorithm>
#include <thread>

#include "agent/drivers/database/postgresql/diverged.h"
#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::postgresql {
namespace {

constexpr std::chrono::milliseconds kPoll{50};
constexpr std::chrono::seconds kReplayLimit{30};
constexpr std::chrono::seconds kJoinLimit{20};
constexpr std::chrono::seconds kRewindLimit{1800};
constexpr std::chrono::seconds kCheckpointLimit{600};

// Asked of the upstream by a replica at `position` of `timeline`. Files of the log have eight digits of the timeline in
// their names and sixteen of the place; a timeline's history says where each one before it ended (postgresql.org,
// "Timelines"), and whoever is beyond that end has what is nobody else's.
std::string StrandedQuestion(const std::string& timeline, const std::string& position) {
  const std::string at = Literal(position) + "::pg_lsn";
  const std::string here = "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
  return "select case when " + here + " = lpad(upper(to_hex(" + timeline + ")), 8, '0') then pg_current_wal_lsn() > " +
         at + " else (regexp_match(convert_from(pg_read_binary_file('pg_wal/' || " + here +
         " || '.history'), 'UTF8'), E'(?:^|\\n)" + timeline + "\\t([0-9A-F]+/[0-9A-F]+)'))[1]::pg_lsn >= " + at +
         " end and substr(pg_walfile_name(" + at +
         "), 9) < (select min(substr(name, 9)) from pg_ls_dir('pg_wal', false, false) name where name ~ "
         "'^[0-9A-F]{24}$')";
}

}  // namespace

Status PostgresqlEngine::Fence(const Instance& instance, const std::string& successor) {
  const Paths paths = PathsOf(instance.version, instance.name);
  PW_ASSIGN(const bool runs, UnitRuns(instance));
  if (runs) {
    PW_ASSIGN(const std::string joined,
              Sql(instance).Value("select count(*) from pg_stat_replication where state = 'streaming' and "
                                  "application_name = " +
                                  Literal(successor)));
    if (joined.empty() || joined.front() == '0') {
      return FailedPrecondition(successor +
                                " is not joined to this primary, and could not have everything: nothing was "
                                "changed");
    }
    // So that the shutdown, during which nobody can write, has little left to do.
    PW_TRY(Sql(instance).Run("checkpoint"));
    PW_TRY(env_.host.files.Write(paths.fence, "for " + successor + "\n", {0644, "root", "root"}));
    PW_TRY(Stop(instance));
  }
  PW_ASSIGN(const ControlData control, Control(instance));
  if (control.clean) return Ok();
  return FailedPrecondition("the instance " + instance.name +
                            " did not stop in order, so that where its log ends is not "
                            "known");
}

Status PostgresqlEngine::Unfence(const Setup& setup) {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  PW_TRY(WriteFiles(setup));
  PW_TRY(env_.host.files.Remove(paths.fence));
  Status started = Start(setup.instance);
  if (started.ok()) return Ok();
  // The role check refused, or the start broke: it stays what it was.
  PW_TRY(env_.host.files.Write(paths.fence, "not started again\n", {0644, "root", "root"}));
  return started;
}

Status PostgresqlEngine::Promote(const Setup& setup, const std::string& position,
                                 const std::vector<std::string>& slots) {
  if (!IsPosition(position)) return InvalidArgument("\"" + position + "\" is no position in a log");
  const Psql sql = Sql(setup.instance);
  const auto until = std::chrono::steady_clock::now() + kReplayLimit;
  // One question a round: nobody can write until this is done.
  for (;;) {
    PW_ASSIGN(const std::string missing,
              sql.Value("select case when not pg_is_in_recovery() then 'primary' when pg_last_wal_replay_lsn() > " +
                        Literal(position) +
                        "::pg_lsn then pg_promote(true, 60)::text else pg_last_wal_replay_lsn()::text end"));
    if (missing == "primary" || missing == "true") break;
    if (missing == "false") return DeadlineExceeded("PostgreSQL did not finish the promotion within a minute");
    if (std::chrono::steady_clock::now() >= until) {
      return FailedPrecondition("this replica has the log up to " + missing + ", and the former primary stopped at " +
                                position + ": it is not promoted, so that nothing is lost");
    }
    std::this_thread::sleep_for(kPoll);
  }
  PW_TRY(WriteSlots(setup.instance, slots));
  PW_TRY(WriteFiles(setup));
  return Reload(setup.instance);
}

Status PostgresqlEngine::Follow(const Setup& setup) {
  PW_TRY(WriteFiles(setup));
  PW_ASSIGN(const bool runs, UnitRuns(setup.instance));
  return runs ? Reload(setup.instance) : Ok();
}

Result<std::string> PostgresqlEngine::AskUpstream(const Setup& setup, const std::string& question) const {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  ProcessRequest request =
      host::Program({"runuser", "-u", "postgres", "--", paths.bin + "/psql", "-X", "-w", "-A", "-t", "-d",
                     PrimaryConninfo(setup.kept, paths) + " dbname=postgres", "-c", question});
  request.cwd = "/";
  PW_ASSIGN(const ProcessResult result, env_.host.programs.Run(request));
  if (!result.Succeeded()) return ProcessFailure(request, result);
  return result.out.substr(0, result.out.find('\n'));
}

Result<bool> PostgresqlEngine::AwaitJoined(const Setup& setup, std::chrono::seconds limit) {
  const auto until = env_.clock.Steady() + limit;
  // Twice in a row: where the upstream has not got the log any more it streams too, until that is noticed.
  int joined = 0;
  for (;;) {
    PW_ASSIGN(const std::string streamed,
              Sql(setup.instance)
                  .Value("select lpad(upper(to_hex(received_tli)), 8, '0') from pg_stat_wal_receiver where status = "
                         "'streaming'"));
    bool now = false;
    if (!streamed.empty()) {
      // Fails where it is a replica itself: then it is nobody to be joined to.
      const auto written = AskUpstream(setup, "select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)");
      now = written.ok() && *written == streamed;
    }
    joined = now ? joined + 1 : 0;
    if (joined == 2) return true;
    if (env_.clock.Steady() >= until) return false;
    std::this_thread::sleep_for(kPoll);
  }
}

// The control file's timelines, of the last checkpoint and of what was written since, may be behind the one that is
// replayed and are never ahead of it. Where they are behind, this one seems to have more than its primary: not
// stranded.
Result<bool> PostgresqlEngine::IsStranded(const Setup& setup) const {
  PW_ASSIGN(
      const auto rows,
      Sql(setup.instance)
          .Query("select greatest(timeline_id, min_recovery_end_timeline), "
                 "greatest(coalesce(pg_last_wal_receive_lsn(), '0/0'), coalesce(pg_last_wal_replay_lsn(), '0/0')) "
                 "from pg_control_checkpoint(), pg_control_recovery() where "
                 "pg_is_in_recovery() and not exists (select from pg_stat_wal_receiver where status = "
                 "'streaming') and exists (select from pg_stat_activity where backend_type = 'startup' and "
                 "wait_event in ('RecoveryWalStream', 'RecoveryRetrieveRetryInterval'))"));
  if (rows.empty() || rows.front().size() < 2 || !IsPosition(rows.front()[1])) return false;
  const std::string& timeline = rows.front()[0];
  if (timeline.empty() || timeline.find_first_not_of("0123456789") != std::string::npos) return false;
  const auto answer = AskUpstream(setup, StrandedQuestion(timeline, rows.front()[1]));
  return answer.ok() && *answer == "t";
}

// postgresql.org, "pg_rewind": the target is shut down in order, or made so by --no-ensure-shutdown's opposite, which
// is the default. Configuration lies outside of the data folder, so nothing of it is copied.
Status PostgresqlEngine::Rewind(const Setup& setup, Log& log) {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  std::vector<std::string> argv = {"runuser",
                                   "-u",
                                   "postgres",
                                   "--",
                                   paths.bin + "/pg_rewind",
                                   "--target-pgdata",
                                   paths.data,
                                   "--config-file",
                                   paths.etc + "/postgresql.conf",
                                   "--source-server",
                                   PrimaryConninfo(setup.kept, paths) + " dbname=postgres"};
  std::vector<std::string> trial = argv;
  trial.push_back("--dry-run");
  PW_ASSIGN(const ProcessResult tried, env_.host.programs.Run(host::Program(std::move(trial), kRewindLimit)));
  if (const auto divergence = ParseDivergence(tried.out + tried.err)) {
    // It ends with an error where the log ends: what it said until then counts.
    PW_ASSIGN(const ProcessResult dump,
              env_.host.programs.Run(host::Program(
                  {"runuser", "-u", "postgres", "--", paths.bin + "/pg_waldump", "--path", paths.data + "/pg_wal",
                   "--timeline", divergence->timeline, "--start", divergence->position, "--rmgr", "Transaction"},
                  kRewindLimit)));
    log.push_back(AloneText(*divergence, dump.out));
  }
  PW_TRY(RunTool(std::move(argv), kRewindLimit));
  return SetStandby(setup.instance, true);
}

Status PostgresqlEngine::Rejoin(const Setup& setup, const SecretString& replication, Log& log) {
  const Instance& instance = setup.instance;
  const Paths paths = PathsOf(instance.version, instance.name);
  PW_TRY(WritePassword(setup, replication));
  PW_TRY(Stop(instance));
  PW_TRY(SetStandby(instance, true));
  PW_TRY(WriteFiles(setup));
  PW_TRY(env_.host.files.Remove(paths.fence));
  PW_TRY(env_.host.files.Write(paths.start_conf, "auto\n", {0644, "postgres", "postgres"}));
  PW_TRY(env_.host.units.DaemonReload());
  PW_TRY(WriteMark(instance, "ready"));
  PW_TRY(Start(instance));
  PW_ASSIGN(bool streaming, AwaitJoined(setup, kJoinLimit));
  if (!streaming) {
    PW_ASSIGN(const bool stranded, IsStranded(setup));
    if (stranded) {
      log.push_back(setup.kept.upstream() + " has let go of the log that it needs next: it is cloned anew");
      PW_TRY(WriteMark(instance, "making"));
      return Clone(setup, replication, log);
    }
    log.push_back("its log has what " + setup.kept.upstream() + " has not: it is rewound");
    PW_TRY(Stop(instance));
    PW_TRY(Rewind(setup, log));
    PW_TRY(Start(instance));
    PW_ASSIGN(streaming, AwaitJoined(setup, kJoinLimit));
  }
  if (!streaming) return Unavailable("the instance runs as a replica, and is not joined to " + setup.kept.upstream());
  PW_TRY(WriteSlots(instance, {}));
  return Ok();
}

// pg_rewind of a member that comes back knows this server's timeline from its control file, which a checkpoint writes:
// postgresql.org, "pg_rewind", Notes. The one after a promotion takes its time.
Status PostgresqlEngine::SetSlots(const Instance& instance, const std::vector<std::string>& members) {
  PW_ASSIGN(const bool made, WriteSlots(instance, members));
  return made ? Sql(instance).Run("checkpoint", "postgres", kCheckpointLimit) : Ok();
}

Result<bool> PostgresqlEngine::WriteSlots(const Instance& instance, const std::vector<std::string>& members) {
  PW_ASSIGN(const auto rows,
            Sql(instance).Query("select slot_name, wal_status is not distinct from 'lost' from pg_replication_slots "
                                "where slot_type = 'physical'"));
  std::vector<std::string> there;
  std::string sql;
  for (const Row& row : rows) {
    if (row.empty() || kinds::MemberOfSlot(row[0]).empty()) continue;
    if (row.size() > 1 && row[1] == "t") {
      sql += "select pg_drop_replication_slot(" + Literal(row[0]) + ");\n";
    } else {
      there.push_back(row[0]);
    }
  }
  bool made = false;
  std::vector<std::string> wanted;
  wanted.reserve(members.size());
  for (const std::string& member : members) wanted.push_back(kinds::SlotOfMember(member));
  for (const std::string& slot : wanted) {
    if (std::find(there.begin(), there.end(), slot) != there.end()) continue;
    made = true;
    sql += "select pg_create_physical_replication_slot(" + Literal(slot) + ", true);\n";
  }
  for (const std::string& slot : there) {
    if (std::find(wanted.begin(), wanted.end(), slot) != wanted.end()) continue;
    // Whoever still holds it is no member any more.
    sql += "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where active and slot_name = " +
           Literal(slot) + ";\nselect pg_drop_replication_slot(" + Literal(slot) + ");\n";
  }
  if (!sql.empty()) PW_TRY(Sql(instance).Run(sql));
  return made;
}

}  // namespace podwright::drivers::database::postgresql
