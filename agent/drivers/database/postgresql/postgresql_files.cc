// The files of an instance, and how the server takes them.
#include <thread>

#include "agent/drivers/database/postgresql/postgresql_engine.h"

namespace podwright::drivers::database::postgresql {
namespace {

const host::FileAttributes kOfPostgres{0640, "postgres", "postgres"};
const host::FileAttributes kOfRoot{0644, "root", "root"};
const host::FileAttributes kPrivate{0600, "postgres", "postgres"};
constexpr char kCreateCluster[] = "/etc/postgresql-common/createcluster.d/podwright.conf";
constexpr std::chrono::milliseconds kPoll{50};
constexpr int kReloadPolls = 100;

host::FileAttributes AttributesFor(const std::string& path, const Paths& paths) {
  return path == paths.drop_in || path == paths.check ? kOfRoot : kOfPostgres;
}

}  // namespace

// Without it the package makes an instance of its own, on the port that ours wants.
Status PostgresqlEngine::BeforeInstall() {
  for (const char* folder : {"/etc/postgresql-common", "/etc/postgresql-common/createcluster.d"}) {
    PW_TRY(env_.host.files.EnsureFolder(folder, {0755, "root", "root"}));
  }
  return env_.host.files.Write(kCreateCluster, "# Written by Podwright.\ncreate_main_cluster = false\n", kOfRoot);
}

Result<std::vector<std::pair<std::string, std::string>>> PostgresqlEngine::FilesOf(const Setup& setup) const {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  PW_ASSIGN(const std::string before, ReadText(paths.hba_before));
  return std::vector<std::pair<std::string, std::string>>{
      {paths.conf, ConfText(setup.instance.object, setup.kept, paths)},
      {paths.hba, HbaText(setup.instance.object, setup.kept.configuration(), before)},
      {paths.check, CheckText(setup.instance.object, setup.kept.configuration(), paths)},
      {paths.drop_in, DropInText(paths)}};
}

Result<bool> PostgresqlEngine::FilesStand(const Setup& setup) {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  PW_ASSIGN(const auto files, FilesOf(setup));
  for (const auto& [path, wanted] : files) {
    PW_ASSIGN(const std::string text, ReadText(path));
    if (text != wanted) return false;
  }
  return Exists(paths.passfile);
}

Status PostgresqlEngine::WriteFiles(const Setup& setup) {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  PW_TRY(env_.host.files.EnsureFolder(paths.etc + "/conf.d", {0755, "postgres", "postgres"}));
  PW_TRY(env_.host.files.EnsureFolder(host::ParentFolder(paths.drop_in), {0755, "root", "root"}));
  PW_ASSIGN(const auto files, FilesOf(setup));
  bool unit_changed = false;
  for (const auto& [path, wanted] : files) {
    PW_ASSIGN(const std::string text, ReadText(path));
    if (text == wanted) continue;
    PW_TRY(env_.host.files.Write(path, wanted, AttributesFor(path, paths)));
    unit_changed = unit_changed || path == paths.drop_in;
  }
  return unit_changed ? env_.host.units.DaemonReload() : Ok();
}

Status PostgresqlEngine::WritePassword(const Setup& setup, const SecretString& replication) {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  PW_ASSIGN(std::string text, PassfileText(setup.kept.configuration(), replication.Reveal()));
  const SecretString wiped{text};
  volatile char* at = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) at[i] = 0;
  return env_.host.files.Write(paths.passfile, wiped.Reveal(), kPrivate);
}

Status PostgresqlEngine::WriteMark(const Instance& instance, const std::string& state) {
  const Paths paths = PathsOf(instance.version, instance.name);
  PW_ASSIGN(const std::string before, ReadText(paths.mark));
  Mark mark = ParseMark(before);
  mark.object = instance.object;
  mark.state = state;
  return env_.host.files.Write(paths.mark, MarkText(mark), kOfRoot);
}

// A changed parameter that only a start takes stands there with an error, too: that is no refusal.
Result<std::string> PostgresqlEngine::Refusal(const Instance& instance) {
  PW_ASSIGN(const auto rows,
            Sql(instance).Query(
                "select f.name, f.setting, f.error from pg_file_settings f left join pg_settings s on s.name = f.name "
                "where f.error is not null and not (s.name is not null and s.context in ('postmaster', 'internal') and "
                "f.error = 'setting could not be applied');\n"
                "select 'pg_hba.conf', line_number::text, error from pg_hba_file_rules where error is not null;"));
  std::string out;
  for (const Row& row : rows) {
    if (row.size() < 3) continue;
    out += (out.empty() ? "" : "; ") + row[0] + " = " + row[1] + ": " + row[2];
  }
  return out;
}

Status PostgresqlEngine::Reload(const Instance& instance) {
  const Psql sql = Sql(instance);
  PW_ASSIGN(const std::string before, sql.Value("select pg_conf_load_time()"));
  PW_TRY(sql.Run("select pg_reload_conf()"));
  for (int i = 0; i < kReloadPolls; ++i) {
    PW_ASSIGN(const std::string now, sql.Value("select pg_conf_load_time()"));
    if (now != before) return Ok();
    std::this_thread::sleep_for(kPoll);
  }
  return DeadlineExceeded("PostgreSQL was told to read its configuration anew, and did not");
}

Status PostgresqlEngine::RestoreFiles(const Setup& setup) {
  PW_TRY(WriteFiles(setup));
  PW_ASSIGN(const bool runs, UnitRuns(setup.instance));
  return runs ? Reload(setup.instance) : Ok();
}

Status PostgresqlEngine::Configure(const Setup& setup, const SecretString& replication, Log& log) {
  const Paths paths = PathsOf(setup.instance.version, setup.instance.name);
  PW_ASSIGN(const bool runs, UnitRuns(setup.instance));
  PW_ASSIGN(const std::string conf, ReadText(paths.conf));
  PW_ASSIGN(const std::string hba, ReadText(paths.hba));
  PW_TRY(WritePassword(setup, replication));
  PW_TRY(WriteFiles(setup));
  if (!runs) return Ok();
  PW_ASSIGN(const std::string refused, Refusal(setup.instance));
  if (!refused.empty()) {
    if (!conf.empty()) PW_TRY(env_.host.files.Write(paths.conf, conf, kOfPostgres));
    if (!hba.empty()) PW_TRY(env_.host.files.Write(paths.hba, hba, kOfPostgres));
    return FailedPrecondition("PostgreSQL does not take the configuration, and goes on with the former one: " +
                              refused);
  }
  PW_TRY(Reload(setup.instance));
  PW_ASSIGN(const Identity identity, Identify(setup.instance));
  if (identity.Is(Role::kPrimary)) PW_TRY(EnsureReplicationUser(setup.instance, replication));
  PW_ASSIGN(
      const std::string pending,
      Sql(setup.instance).Value("select string_agg(name, ', ' order by name) from pg_settings where pending_restart"));
  if (!pending.empty()) log.push_back("waits for a restart: " + pending);
  return Ok();
}

}  // namespace podwright::drivers::database::postgresql
