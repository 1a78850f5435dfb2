// Taking over the distribution's own instance: mariadb.service, with its data in /var/lib/mysql.
//
// The data stays where it is: a link in its place among Podwright's makes it the instance's. From then on Podwright's
// unit runs it, with Podwright's option file; the former unit does not start as long as that file is there. Where the
// new unit does not come up, everything is as it was.
#include "agent/drivers/database/mysql/mysql_engine.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::mysql {
namespace {

constexpr char kFoundData[] = "/var/lib/mysql";
constexpr char kFoundTables[] = "/var/lib/mysql/ibdata1";
constexpr char kFoundUnit[] = "mariadb.service";
constexpr char kFoundSocket[] = "/run/mysqld/mysqld.sock";
constexpr char kRestFolder[] = "/etc/systemd/system/mariadb.service.d";
constexpr char kRest[] = "/etc/systemd/system/mariadb.service.d/podwright.conf";
constexpr std::chrono::seconds kLinkLimit(30);

std::string RestText(const std::string& instance) {
  return "# Made by Podwright, whose podwright-mariadb@" + instance + " runs this data now.\n[Unit]\n" +
         "ConditionPathExists=!" + ConfigurationPath(instance) + "\n";
}

}  // namespace

Result<bool> MysqlEngine::IsFound() const {
  PW_ASSIGN(const auto tables, env_.host.files.Stat(kFoundTables));
  return tables.has_value();
}

// What its option files set and Podwright's own does not, too: the plan names it.
Status MysqlEngine::LookAtFound(const Question& question, DatabaseObserved* out) {
  out->set_state("foreign");
  out->set_role("primary");
  out->set_checksums(true);
  const Client client(env_.host.programs, kFoundSocket);
  // Whoever cannot read it now is told so by the action.
  const auto version = client.Query("SELECT VERSION();");
  if (!version.ok() || version->empty()) return Ok();
  out->set_version((*version)[0][0]);
  PW_ASSIGN(const auto slave, client.Show("SHOW SLAVE STATUS;"));
  if (!slave.empty()) out->set_role("replica");
  PW_TRY(LookAtParameters(question, client, out));
  PW_ASSIGN(const auto set, client.Query("SELECT LOWER(VARIABLE_NAME), READ_ONLY, IFNULL(GLOBAL_VALUE,'') FROM "
                                         "information_schema.SYSTEM_VARIABLES WHERE GLOBAL_VALUE_ORIGIN='CONFIG' AND "
                                         "GLOBAL_VALUE<>DEFAULT_VALUE;"));
  const std::map<std::string, std::string> own = ParseOptions(ConfigurationText({}));
  for (const Row& row : set) {
    if (row.size() != 3 || own.contains(row[0]) || kinds::IsReservedParameter(kinds::kMysql, row[0])) continue;
    auto& seen = (*out->mutable_parameters())[row[0]];
    seen.set_restart(row[1] == "YES");
    seen.set_value(row[2]);
  }
  return Ok();
}

// All that would be lost or left behind is refused before anything is changed.
Status MysqlEngine::CheckFound(const Setup& setup) const {
  PW_ASSIGN(const bool found, IsFound());
  if (!found) {
    return FailedPrecondition(std::string("there is no instance of MariaDB with its data in ") + kFoundData);
  }
  PW_ASSIGN(const auto states, env_.host.units.Show({kFoundUnit}));
  const auto state = states.find(kFoundUnit);
  if (state == states.end() || !state->second.Active()) {
    return FailedPrecondition(std::string("the instance in ") + kFoundData + " is stopped: start " + kFoundUnit +
                              ", so that it can be read");
  }
  const Client client(env_.host.programs, kFoundSocket);
  PW_ASSIGN(const auto rows, client.Query("SELECT TRIM(TRAILING '/' FROM @@datadir), VERSION(), "
                                          "TRIM(TRAILING '/' FROM IFNULL(@@innodb_data_home_dir,'')), "
                                          "TRIM(TRAILING '/' FROM @@innodb_log_group_home_dir);"));
  if (rows.empty() || rows[0].size() != 4) return Unavailable("MariaDB does not say where its data is");
  const Row& is = rows[0];
  if (is[0] != kFoundData) {
    return FailedPrecondition(std::string(kFoundUnit) + " has its data in " + is[0] + ", not in " + kFoundData);
  }
  if (!is[1].starts_with(setup.instance.version + ".")) {
    return FailedPrecondition("the instance has the version " + is[1] + ", and " + setup.instance.version +
                              " is declared");
  }
  for (const std::string& elsewhere : {is[2], is[3]}) {
    if (elsewhere.empty() || elsewhere == "." || elsewhere == kFoundData) continue;
    return FailedPrecondition("InnoDB has a part of the data in " + elsewhere +
                              ": bring it back into the data folder first");
  }
  PW_ASSIGN(const auto slave, client.Show("SHOW SLAVE STATUS;"));
  if (!slave.empty()) return FailedPrecondition("the instance is a replica: take over its primary");
  PW_ASSIGN(const auto replicas, client.Query("SHOW SLAVE HOSTS;"));
  if (!replicas.empty()) {
    return FailedPrecondition(
        "the instance has replicas that were made by hand, which would lose their place: end "
        "their replication first; members of the database are cloned anew");
  }
  return Ok();
}

Status MysqlEngine::TakeFoundData(const Setup& setup) {
  const std::string& instance = setup.instance.name;
  PW_TRY(env_.host.files.MakeFolders(kRestFolder));
  PW_TRY(env_.host.files.Write(kRest, RestText(instance), {0644, "root", "root"}));
  PW_TRY(env_.host.units.DaemonReload());
  PW_TRY(env_.host.units.Stop(kFoundUnit));
  PW_TRY(env_.host.units.SetEnabled(kFoundUnit, false));
  return RunTool({"ln", "--symbolic", "--force", "--no-target-directory", kFoundData, DataFolder(instance)},
                 kLinkLimit);
}

Status MysqlEngine::LetFoundStart() {
  PW_TRY(env_.host.files.Remove(kRest));
  PW_TRY(env_.host.files.RemoveEmptyFolder(kRestFolder));
  return env_.host.units.DaemonReload();
}

std::string MysqlEngine::PlaceOfData(const std::string& instance, const Mark& mark) {
  return mark.adopted ? kFoundData : DataFolder(instance);
}

Status MysqlEngine::GiveBackFoundData(const std::string& instance) {
  const std::string unit = UnitOf(instance);
  PW_TRY(env_.host.units.Stop(unit));
  PW_TRY(env_.host.units.SetEnabled(unit, false));
  // A link: what it leads to is left.
  PW_TRY(RunTool({"rm", "-f", "--", DataFolder(instance)}, kLinkLimit));
  for (const std::string& path : {ConfigurationPath(instance), CredentialsPath(instance), RolePath(instance),
                                  KeyPath(instance), MarkPath(instance)}) {
    PW_TRY(env_.host.files.Remove(path));
  }
  PW_TRY(LetFoundStart());
  PW_TRY(env_.host.units.SetEnabled(kFoundUnit, true));
  return env_.host.units.Start(kFoundUnit);
}

Status MysqlEngine::Adopt(const Setup& setup, const SecretString& replication, Log& log) {
  const std::string& instance = setup.instance.name;
  PW_ASSIGN(const auto mark, OwnMark(setup));
  if (mark && !mark->adopted) {
    return FailedPrecondition(DataFolder(instance) + " is Podwright's own already: nothing is taken over");
  }
  PW_TRY(CheckProgram(setup.instance.version));
  PW_ASSIGN(auto role, ReadRole(instance));
  const bool begun = mark && mark->state != "taking";
  if (begun) PW_TRY(CheckMayLead(role, instance));
  if (!mark) PW_TRY(CheckFound(setup));
  PW_TRY(Prepare(setup));
  Status checked = CheckCandidate(setup);
  if (!checked.ok()) {
    if (!mark) PW_TRY(env_.host.files.Remove(ConfigurationPath(instance)));
    return checked;
  }
  PW_TRY(WriteCredentials(setup, replication));
  if (!begun) {
    PW_TRY(WriteMark(instance, {setup.instance.object, "taking", true}));
    role = RoleFile{Part::kPrimary, false, 1, ""};
  }
  role->sync = false;  // nobody is joined yet
  PW_TRY(WriteRole(instance, *role));
  PW_TRY(TakeFoundData(setup));
  Status started = StartUnit(instance);
  if (!started.ok()) {
    if (begun) return started;
    const Status back = GiveBackFoundData(instance);
    return Error(ErrorCode::kFailedPrecondition,
                 "not taken over: " + started.error().message() + "; " +
                     (back.ok() ? std::string(kFoundUnit) + " runs again, as before"
                                : "and " + std::string(kFoundUnit) + " did not come back: " + back.error().message()),
                 Retry::kAfterChange);
  }
  PW_TRY(MakeOwnTables(setup));
  PW_TRY(ConfigurePrimary(setup, replication, ClientOf(setup.instance)));
  PW_TRY(WriteMark(instance, {setup.instance.object, "whole", true}));
  log.push_back(std::string("taken over with its data, which stays in ") + kFoundData + ", and its users; " +
                kFoundUnit + " rests");
  return Ok();
}

}  // namespace podwright::drivers::database::mysql
