// PostgreSQL as Debian has it: clusters of postgresql-common, one unit each, SQL by psql over the local socket.
//
// Files: a configuration of Podwright's in conf.d, pg_hba.conf, a password file for the members, a role check that
// systemd runs before every start. postgresql.auto.conf belongs to the program and is never touched. Beside the data
// folder stands a mark of whose it is, and, during a switchover, that it is fenced.
//
// The position of a former primary is where its last checkpoint begins: a replica that has replayed beyond it has
// everything, because nothing follows that checkpoint (postgresql.org, "Shutting Down the Server").
#pragma once

#include "agent/drivers/database/engine.h"
#include "agent/drivers/database/postgresql/psql.h"
#include "agent/drivers/database/postgresql/text.h"
#include "agent/drivers/database/role_memo.h"

namespace podwright::drivers::database::postgresql {

class PostgresqlEngine final : public Engine {
 public:
  explicit PostgresqlEngine(Environment& environment) : env_(environment) {}

  std::vector<std::string> Packages(const std::string& version) const override;
  Status BeforeInstall() override;
  Result<DatabaseObserved> Look(const Question& question) override;
  Result<Identity> Identify(const Instance& instance) const override;
  Result<Identity> IdentifyOften(const Instance& instance) override;
  Result<bool> FilesStand(const Setup& setup) override;
  Watches Watch(const Instance& instance) const override;
  std::string Unit(const Instance& instance) const override;

  Status Create(const Setup& setup, const SecretString& replication, Log& log) override;
  Status Adopt(const Setup& setup, const SecretString& replication, Log& log) override;
  Status Clone(const Setup& setup, const SecretString& replication, Log& log) override;
  Status Configure(const Setup& setup, const SecretString& replication, Log& log) override;
  Status RestoreFiles(const Setup& setup) override;
  Status Start(const Instance& instance) override;
  Result<bool> RestartIfPending(const Instance& instance) override;
  Status Retire(const Instance& instance, bool purge, Log& log) override;

  Status Fence(const Instance& instance, const std::string& successor) override;
  Status Unfence(const Setup& setup) override;
  Status Promote(const Setup& setup, const std::string& position, const std::vector<std::string>& slots) override;
  Status Follow(const Setup& setup) override;
  Status Rejoin(const Setup& setup, const SecretString& replication, Log& log) override;
  Status SetSlots(const Instance& instance, const std::vector<std::string>& members) override;

  Status EnsureUser(const Instance& instance, const v1::kinds::DatabaseUserAction& action,
                    const SecretString& password) override;
  Status SetGrants(const Instance& instance, const v1::kinds::DatabaseUserAction& action) override;
  Status RemoveUser(const Instance& instance, const std::string& name) override;
  Status EnsureDatabase(const Instance& instance, const v1::kinds::DatabaseDatabaseAction& action) override;
  Status RemoveDatabase(const Instance& instance, const std::string& name) override;

 private:
  Psql Sql(const Instance& instance) const {
    return {env_.host.programs, PathsOf(instance.version, instance.name).bin, instance.port};
  }
  // What the files say of an instance's role, without a program: another text, another role, or soon so.
  struct RoleSign {
    std::string text;
    bool ready = false;  // it takes connections
    bool standby = false;
  };

  // postgresql_look.cc
  Result<RoleSign> LookForSign(const Instance& instance) const;
  Result<bool> Exists(const std::string& path) const;
  Result<std::string> ReadText(const std::string& path) const;  // "" where nothing is
  Result<bool> UnitRuns(const Instance& instance) const;
  bool UnitIsDown(const Instance& instance) const;  // without a program; it runs, or begins to, or stops: false
  Result<ControlData> Control(const Instance& instance) const;
  Status LookAtDisk(const Question& question, bool runs, DatabaseObserved& observed);
  Status LookAtServer(const Question& question, DatabaseObserved& observed);
  Status LookAtExtensions(const Question& question, DatabaseObserved& observed);

  // postgresql_files.cc
  Result<std::vector<std::pair<std::string, std::string>>> FilesOf(const Setup& setup) const;
  Status WriteFiles(const Setup& setup);
  Status WritePassword(const Setup& setup, const SecretString& replication);
  Status WriteMark(const Instance& instance, const std::string& state);
  // What the server does not take of the configuration, in its own words; "" where it takes all.
  Result<std::string> Refusal(const Instance& instance);
  Status Reload(const Instance& instance);

  // postgresql_instance.cc
  Status MakeCluster(const Setup& setup);
  Status EnsureReplicationUser(const Instance& instance, const SecretString& replication);
  Status CheckRoom(const Setup& setup);
  Status BaseBackup(const Setup& setup);
  Status SetStandby(const Instance& instance, bool standby);
  Status AwaitLimits(const Instance& instance);
  Status AwaitAnswer(const Instance& instance);
  // Streams what its primary writes now. A replica that parted from it also streams, for moments: up to where they
  // parted.
  Result<bool> AwaitJoined(const Setup& setup, std::chrono::seconds limit);
  // The upstream, which takes writes, has let go of the log that this replica needs next. True only where all of its
  // own log is replayed and nothing of it is this one's alone.
  Result<bool> IsStranded(const Setup& setup) const;
  // The first line of the answer of the server that it follows.
  Result<std::string> AskUpstream(const Setup& setup, const std::string& question) const;
  // Whether one was made.
  Result<bool> WriteSlots(const Instance& instance, const std::vector<std::string>& members);
  Status Stop(const Instance& instance);
  Error StartFailure(const Instance& instance, const Error& error) const;
  Status RunTool(std::vector<std::string> argv, std::chrono::seconds limit, const std::string& passfile = "") const;
  Status Rewind(const Setup& setup, Log& log);

  Environment& env_;
  RoleMemo memo_;
};

}  // namespace podwright::drivers::database::postgresql
