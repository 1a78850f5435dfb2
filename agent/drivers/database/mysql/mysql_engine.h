// The engine `mysql`: MariaDB from the distribution's packages, in instances of Podwright's own (configuration.h says
// where they are).
//
// How it keeps what the seam promises:
// - A member starts as what NAME.role.cnf says; the file is changed by promotion and fencing only, and an instance
//   without it does not start. How often a member was promoted, the epoch, stands in the replicated table
//   `podwright.epoch`.
// - Replication is by GTID, over TLS, with the members' own password. A replica joins where its position is; one that
//   has transactions that its primary has not is told apart by the server itself.
// - A clone is a dump in one transaction, loaded by a server that nobody reaches yet.
//
// Threading and errors: as the seam says. Ownership: the environment outlives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/drivers/database/engine.h"
#include "agent/drivers/database/mysql/client.h"
#include "agent/drivers/database/mysql/configuration.h"
#include "agent/drivers/database/mysql/gtid.h"
#include "agent/drivers/database/mysql/sql.h"
#include "agent/drivers/database/role_memo.h"

namespace podwright::drivers::database::mysql {

// Whose the data folder is. It stands beside it, and is there before it.
struct Mark {
  std::string owner;
  std::string state;     // unfinished, taking, whole, kept
  bool adopted = false;  // made by hand: never wiped
};

class MysqlEngine final : public Engine {
 public:
  explicit MysqlEngine(Environment& environment) : env_(environment) {}

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
  Status Retire(const Instance& instance, bool purge, Log& log) override;

 private:
  struct Variable {
    std::string type;
    bool restart = false;
    std::string value;
  };
  struct AccountState {
    std::vector<std::string> hosts;
    std::vector<std::string> verifiers;  // the one that is in use first
    std::int64_t limit = 0;
  };
  using Variables = std::map<std::string, Variable>;

  Client ClientOf(const Instance& instance) const { return Client(env_.host.programs, SocketPath(instance.name)); }

  // mysql_engine.cc: what a primary begins as
  static Status CheckMayLead(const std::optional<RoleFile>& role, const std::string& instance);
  Status MakeOwnTables(const Setup& setup);

  // mysql_files.cc: what stands on the disk
  Result<std::string> ReadText(const std::string& path) const;  // "" where nothing is
  Result<std::optional<Mark>> ReadMark(const std::string& instance) const;
  Status WriteMark(const std::string& instance, const Mark& mark);
  Result<std::optional<RoleFile>> ReadRole(const std::string& instance) const;
  Status WriteRole(const std::string& instance, const RoleFile& role);
  Result<bool> HasData(const std::string& instance) const;
  Status WriteCredentials(const Setup& setup, const SecretString& password);
  Result<SecretString> ReadCredentials(const std::string& instance) const;
  Status EnsureKey(const std::string& instance);
  Status EnsureUnit();
  Status Prepare(const Setup& setup);
  Status CheckProgram(const std::string& version);
  // Whose the data is; failed-precondition where it is not this database's.
  Result<std::optional<Mark>> OwnMark(const Setup& setup);
  Status Wipe(const std::string& instance);
  Status RunTool(std::vector<std::string> argv, std::chrono::seconds limit, const std::string& input = "");
  // Empty data, with root alone to log in, over the socket.
  Status Initialise(const std::string& instance);
  Status StartUnit(const std::string& instance);
  std::string JournalWords(const std::string& instance) const;
  static Settings SettingsOf(const Setup& setup);
  static bool WantsSync(const DatabaseConfiguration& configuration);

  // mysql_adopt.cc
  Result<bool> IsFound() const;
  Status LookAtFound(const Question& question, DatabaseObserved* out);
  Status CheckFound(const Setup& setup) const;
  Status TakeFoundData(const Setup& setup);
  Status LetFoundStart();
  static std::string PlaceOfData(const std::string& instance, const Mark& mark);
  Status GiveBackFoundData(const std::string& instance);

  // mysql_configure.cc
  Status CheckCandidate(const Setup& setup);
  Result<Variables> ReadVariables(const Client& client, const std::set<std::string>& names) const;
  Status SetVariables(const Setup& setup, const Client& client);
  Result<std::vector<std::string>> PendingRestart(const std::string& instance, const Client& client) const;
  Result<bool> IsJoinedAsToldTo(const Setup& setup, const Client& client) const;
  Status ConfigurePrimary(const Setup& setup, const SecretString& replication, const Client& client);
  Status EnsureReplicationAccount(const Setup& setup, const SecretString& replication, const Client& client);
  // Commits wait for a replica from now on, where that is declared and one is joined.
  Status SetSync(const Setup& setup, const Client& client);
  Result<bool> HasJoinedReplica(const Client& client) const;

  // mysql_look.cc
  Status LookInside(const Question& question, const RoleFile& role, DatabaseObserved* out);
  Status LookAtParameters(const Question& question, const Client& client, DatabaseObserved* out);
  Status LookAtAccounts(const Client& client, DatabaseObserved* out);
  Status LookAtReplication(const Question& question, const Client& client, DatabaseObserved* out);

  // mysql_roles.cc, mysql_clone.cc
  Status StopWrites(const Client& client, const std::string& successor);
  Status FenceRunning(const Instance& instance, const std::string& successor, RoleFile role);
  // The replication from the upstream anew, from where this member is.
  Status Join(const Setup& setup, const SecretString& password);
  Status AwaitJoined(const Client& client, const std::string& upstream);
  Status CheckRoom(const Setup& setup);
  Status Load(const Setup& setup, const SecretString& replication);
  std::vector<std::string> UpstreamArguments(const Setup& setup) const;

  // mysql_accounts.cc
  Result<std::vector<std::string>> ClientHosts(const std::string& instance) const;
  Result<AccountState> ReadAccount(const Client& client, const std::string& name) const;
  Status Resettle(const std::string& instance, const Client& client);
  Result<std::map<std::string, std::string>> GrantsOf(const Client& client, const std::string& user) const;

  Environment& env_;
  RoleMemo memo_;
};

}  // namespace podwright::drivers::database::mysql
