// A new member's data: a dump of the upstream in one transaction, loaded by a server that nobody reaches yet.
#include <charconv>

#include "agent/drivers/database/mysql/mysql_engine.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::mysql {
namespace {

constexpr std::chrono::seconds kDumpLimit(6 * 3600);
constexpr std::chrono::seconds kAskLimit(30);
constexpr std::int64_t kSpare = std::int64_t{400} * 1024 * 1024;  // the files of an empty server, and its logs

std::int64_t Number(const std::string& text) {
  std::int64_t value = 0;
  const auto begin = text.find_first_of("0123456789");
  if (begin == std::string::npos) return 0;
  static_cast<void>(std::from_chars(text.data() + begin, text.data() + text.size(), value));
  return value;
}

}  // namespace

// The password is in the option file, 0600, and not in the arguments.
std::vector<std::string> MysqlEngine::UpstreamArguments(const Setup& setup) const {
  const auto upstream = setup.kept.configuration().members().find(setup.kept.upstream());
  const std::string address = upstream == setup.kept.configuration().members().end() ? "" : upstream->second;
  return {"--defaults-file=" + CredentialsPath(setup.instance.name), "--protocol=tcp", "--host=" + address,
          "--port=" + std::to_string(setup.instance.port)};
}

Status MysqlEngine::CheckRoom(const Setup& setup) {
  std::vector<std::string> argv = {"mariadb"};
  for (std::string& argument : UpstreamArguments(setup)) argv.push_back(std::move(argument));
  argv.insert(argv.end(), {"--batch", "--skip-column-names", "--connect-timeout=10"});
  ProcessRequest request = host::Program(std::move(argv), kAskLimit);
  request.stdin_bytes = "SELECT IFNULL(SUM(DATA_LENGTH+INDEX_LENGTH),0) FROM information_schema.TABLES;\n";
  PW_ASSIGN(const ProcessResult asked, env_.host.programs.Run(request));
  if (!asked.Succeeded()) {
    return Unavailable(setup.kept.upstream() + " does not let this member in: " + ServerWords(asked.err));
  }
  PW_ASSIGN(const ProcessResult free,
            env_.host.programs.Run(host::Program({"df", "--block-size=1", "--output=avail", "/var/lib/mariadb"})));
  if (!free.Succeeded()) return Internal("df does not say how much room there is: " + free.err.substr(0, 200));
  // The dump and what is made of it are there at the same time.
  const std::int64_t needed = 2 * Number(asked.out) + Number(asked.out) / 2 + kSpare;
  const std::int64_t room = Number(free.out);
  if (room >= needed) return Ok();
  constexpr std::int64_t kMebi = 1024 * 1024;
  return FailedPrecondition(
      "there is too little room for a clone in /var/lib/mariadb: " + std::to_string(room / kMebi) +
      " MiB are free, and " + std::to_string(needed / kMebi) + " MiB are needed");
}

Status MysqlEngine::Load(const Setup& setup, const SecretString& replication) {
  const std::string& instance = setup.instance.name;
  const std::string dump = DumpPath(instance);
  // Made before, so that nobody else can ever read it.
  PW_TRY(env_.host.files.Write(dump, "", {0600, "root", "root"}));
  std::vector<std::string> argv = {"mariadb-dump"};
  for (std::string& argument : UpstreamArguments(setup)) argv.push_back(std::move(argument));
  argv.insert(argv.end(), {"--single-transaction", "--master-data=1", "--gtid", "--all-databases", "--routines",
                           "--events", "--triggers", "--hex-blob", "--flush-privileges", "--result-file=" + dump});
  PW_TRY(RunTool(std::move(argv), kDumpLimit));
  const Client client = ClientOf(setup.instance);
  std::vector<std::string> load = client.Command();
  PW_TRY(RunTool(std::move(load), kDumpLimit,
                 "SET SESSION sql_mode='';\nSET SESSION sql_log_bin=0;\nsource " + dump + "\n"));
  PW_TRY(env_.host.files.Remove(dump));
  PW_ASSIGN(const auto rows, client.Query("SELECT @@gtid_slave_pos, '';"));
  const std::string position = rows.empty() ? "" : rows[0][0];
  if (position.empty()) return Internal("the dump of " + setup.kept.upstream() + " does not say where it stands");
  // Its log begins where the dump ends: a later replica of this one can tell that nothing is missing.
  PW_TRY(client.Run("RESET MASTER;\nSET GLOBAL gtid_binlog_state=" + QuoteString(position) + ";\n"));
  return Join(setup, replication);
}

Status MysqlEngine::Clone(const Setup& setup, const SecretString& replication, Log& log) {
  const std::string& instance = setup.instance.name;
  PW_ASSIGN(const auto mark, OwnMark(setup));
  if (mark && mark->state != "unfinished") return Rejoin(setup, replication, log);
  PW_TRY(CheckProgram(setup.instance.version));
  PW_TRY(Prepare(setup));
  PW_TRY(WriteMark(instance, {setup.instance.object, "unfinished"}));
  PW_TRY(WriteCredentials(setup, replication));
  PW_TRY(CheckRoom(setup));
  PW_TRY(WriteRole(instance, {Part::kClone, false, 0, ""}));
  PW_TRY(env_.host.units.Stop(UnitOf(instance)));
  PW_TRY(Wipe(instance));
  PW_TRY(Initialise(instance));
  PW_TRY(CheckCandidate(setup));
  PW_TRY(StartUnit(instance));
  PW_TRY(Load(setup, replication));
  // From now on it can be reached, and replicates by itself after a start.
  PW_TRY(WriteRole(instance, {Part::kReplica, false, 0, ""}));
  PW_TRY(env_.host.units.Restart(UnitOf(instance)));
  PW_TRY(AwaitJoined(ClientOf(setup.instance), setup.kept.upstream()));
  PW_TRY(WriteMark(instance, {setup.instance.object, "whole"}));
  log.push_back("cloned from " + setup.kept.upstream());
  return Ok();
}

}  // namespace podwright::drivers::database::mysql
