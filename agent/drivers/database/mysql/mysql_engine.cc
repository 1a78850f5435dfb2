#include "agent/drivers/database/mysql/mysql_engine.h"

namespace podwright::drivers::database::mysql {
namespace {

// What Podwright itself keeps in the server, replicated as everything else. Users are compared with MariaDB's own
// tables: the same character set.
constexpr char kOwnTables[] = R"(CREATE DATABASE IF NOT EXISTS podwright CHARACTER SET utf8mb4;
CREATE TABLE IF NOT EXISTS podwright.epoch (one TINYINT NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL,
  member VARCHAR(63) NOT NULL) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS podwright.users (name VARCHAR(80) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin PRIMARY KEY,
  version BIGINT NOT NULL, former BIGINT NOT NULL, mark VARBINARY(64) NOT NULL) ENGINE=InnoDB;
)";

}  // namespace

std::vector<std::string> MysqlEngine::Packages(const std::string& /*version*/) const {
  return mysql::Packages();
}

// The packages are the programs alone: they start nothing.
Status MysqlEngine::BeforeInstall() {
  return Ok();
}

Watches MysqlEngine::Watch(const Instance& instance) const {
  return {{ConfigurationFolder()}, {UnitOf(instance.name)}};
}

std::string MysqlEngine::Unit(const Instance& instance) const {
  return UnitOf(instance.name);
}

Status MysqlEngine::Create(const Setup& setup, const SecretString& replication, Log& log) {
  const std::string& instance = setup.instance.name;
  PW_ASSIGN(const auto mark, OwnMark(setup));
  PW_ASSIGN(auto role, ReadRole(instance));
  const bool begun = mark && mark->state != "unfinished";
  if (begun) PW_TRY(CheckMayLead(role, instance));
  PW_TRY(CheckProgram(setup.instance.version));
  PW_TRY(Prepare(setup));
  PW_TRY(WriteCredentials(setup, replication));
  if (!begun) {
    PW_TRY(WriteMark(instance, {setup.instance.object, "unfinished"}));
    PW_TRY(env_.host.units.Stop(UnitOf(instance)));
    PW_TRY(Wipe(instance));
    PW_TRY(Initialise(instance));
    role = RoleFile{Part::kPrimary, false, 1, ""};
    PW_TRY(CheckCandidate(setup));
  }
  if (mark && mark->adopted) PW_TRY(TakeFoundData(setup));
  // Nobody is joined yet: a commit that waits would wait for good.
  role->sync = false;
  PW_TRY(WriteRole(instance, *role));
  PW_TRY(StartUnit(instance));
  PW_TRY(MakeOwnTables(setup));
  PW_TRY(ConfigurePrimary(setup, replication, ClientOf(setup.instance)));
  PW_TRY(WriteMark(instance, {setup.instance.object, "whole", mark && mark->adopted}));
  log.push_back(begun ? "goes on with the data that was kept" : "initialised " + DataFolder(instance));
  return Ok();
}

Status MysqlEngine::CheckMayLead(const std::optional<RoleFile>& role, const std::string& instance) {
  if (!role) return FailedPrecondition("what this member is is not known: " + RolePath(instance) + " is gone");
  if (role->part == Part::kPrimary) return Ok();
  return FailedPrecondition(
      "the data that was kept here is a replica's, or a former primary's: it is not made the primary without the "
      "member that was the last one");
}

Status MysqlEngine::MakeOwnTables(const Setup& setup) {
  const std::string member = QuoteString(setup.kept.configuration().member());
  return ClientOf(setup.instance)
      .Run(std::string(kOwnTables) + "INSERT IGNORE INTO podwright.epoch VALUES (1,1," + member + ");\n");
}

Status MysqlEngine::Start(const Instance& instance) {
  return StartUnit(instance.name);
}

// A replica's place in the log is its own matter: the primary holds no slots.
Status MysqlEngine::SetSlots(const Instance& /*instance*/, const std::vector<std::string>& /*members*/) {
  return Ok();
}

Status MysqlEngine::Retire(const Instance& instance, bool purge, Log& log) {
  PW_ASSIGN(const auto mark, ReadMark(instance.name));
  if (!mark) return Ok();
  if (mark->owner != instance.object) {
    return FailedPrecondition(DataFolder(instance.name) + " holds the data of database/" + mark->owner);
  }
  if (mark->state == "taking") {
    log.push_back("was not taken over yet, and goes on as it was");
    return GiveBackFoundData(instance.name);
  }
  const std::string unit = UnitOf(instance.name);
  PW_ASSIGN(const auto states, env_.host.units.Show({unit}));
  if (const auto state = states.find(unit); state != states.end()) {
    if (state->second.Active() || state->second.Failed()) PW_TRY(env_.host.units.Stop(unit));
    if (state->second.Enabled()) PW_TRY(env_.host.units.SetEnabled(unit, false));
  }
  PW_TRY(env_.host.files.Remove(CredentialsPath(instance.name)));
  PW_TRY(env_.host.files.Remove(ConfigurationPath(instance.name)));
  if (mark->adopted) PW_TRY(LetFoundStart());
  if (mark->adopted || (!purge && mark->state == "whole")) {
    log.push_back("stopped; the data stays in " + PlaceOfData(instance.name, *mark));
    return WriteMark(instance.name, {mark->owner, "kept", mark->adopted});
  }
  PW_TRY(Wipe(instance.name));
  for (const std::string& path : {RolePath(instance.name), KeyPath(instance.name), MarkPath(instance.name)}) {
    PW_TRY(env_.host.files.Remove(path));
  }
  log.push_back("deleted " + DataFolder(instance.name));
  return Ok();
}

}  // namespace podwright::drivers::database::mysql
