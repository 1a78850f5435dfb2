// The engine over a server in memory and a MariaDB that answers what a test says: what is started, refused, kept.
#include "agent/drivers/database/mysql/mysql_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "agent/host/memory_host.h"

namespace podwright::drivers::database::mysql {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kIdentify[] = "SELECT @@read_only;\nSELECT epoch FROM podwright.epoch;";
constexpr char kUnit[] = "podwright-mariadb@orders.service";

class MysqlEngineTest : public ::testing::Test {
 protected:
  MysqlEngineTest() : env_{host_.View(), clock_, nullptr, nullptr, "local key"}, engine_(env_) {
    host_.files["/etc/systemd/system"] = {host::FileType::kDirectory, "", {0755, "root", "root"}, 1};
    host_.program = [this](const ProcessRequest& request) { return Answer(request); };
    auto& configuration = *kept_.mutable_configuration();
    configuration.set_engine("mysql");
    configuration.set_version("10.11");
    configuration.set_instance("orders");
    configuration.set_member("db-1");
    configuration.set_port(3306);
    (*configuration.mutable_members())["db-1"] = "10.0.0.1";
    (*configuration.mutable_members())["db-2"] = "10.0.0.2";
    configuration.add_clients("10.0.0.0/24");
    configuration.mutable_replication()->set_version(1);
    Say(kIdentify, "0\n1\n");
    Say("SHOW SLAVE HOSTS", std::to_string(ServerId("db-2")) + "\t10.0.0.2\t3306\t1\n");
    Say("@@gtid_binlog_pos, (SELECT epoch", "0-11-42\t1\n");
    Say("COMMAND='Binlog Dump'", "0\n");
    Say("SELECT epoch FROM podwright.epoch;", "2\n");
    Say("VERSION(), @@gtid_current_pos", "10.11\t0-11-42\n1000\t\n");
  }

  Result<ProcessResult> Answer(const ProcessRequest& request) {
    ProcessResult result;
    std::string line;
    for (const std::string& argument : request.argv) line += argument + " ";
    ran_ += line + "\n";
    sql_ += request.stdin_bytes;
    if (request.argv.front() == "mariadbd") result.out = "mariadbd  Ver 10.11.6-MariaDB for Linux\n";
    const bool asks = request.argv.front() == "mariadb";
    if (asks && !Runs() && line.find("--protocol=tcp") == std::string::npos) {
      result.exit_code = 1;
      result.err = "ERROR 2002 (HY000): Can't connect to local server\n";
      return result;
    }
    std::size_t longest = 0;
    for (const auto& [part, answer] : answers_) {
      if (part.size() <= longest || request.stdin_bytes.find(part) == std::string::npos) continue;
      longest = part.size();
      result.out = answer;
    }
    if (request.argv.front() == "df") result.out = room_;
    return result;
  }
  bool Runs() { return host_.units[kUnit].state.active_state == "active"; }
  void Say(const std::string& part, const std::string& answer) { answers_[part] = answer; }
  database::Setup setup() { return {instance_, kept_}; }
  std::string File(const std::string& path) { return host_.files.contains(path) ? host_.files[path].content : ""; }
  void Create() {
    host_.units[kUnit].state.load_state = "loaded";
    Log log;
    const Status created = engine_.Create(setup(), SecretString("between us"), log);
    ASSERT_TRUE(created.ok()) << created.error().ToString();
    sql_.clear();
    ran_.clear();
  }

  host::MemoryHost host_;
  FakeClock clock_;
  Environment env_;
  MysqlEngine engine_;
  DatabaseKept kept_;
  Instance instance_{"orders", "10.11", "orders", 3306};
  std::map<std::string, std::string> answers_;
  std::string ran_;
  std::string sql_;
  std::string room_ = "999999999999\n";
};

TEST_F(MysqlEngineTest, ANewPrimaryRunsAndIsMarked) {
  Create();
  EXPECT_TRUE(Runs());
  EXPECT_EQ(File(MarkPath("orders")), "owner: orders\nstate: whole\n");
  EXPECT_EQ(ParseRole(File(RolePath("orders"))), (RoleFile{Part::kPrimary, false, 1, ""}));
  EXPECT_TRUE(engine_.FilesStand(setup()).value());
}

TEST_F(MysqlEngineTest, DataOfSomebodyElseIsNotTouched) {
  host_.files[DataFolder("orders")] = {host::FileType::kDirectory, "", {0700, "mysql", "mysql"}, 1};
  Log log;
  EXPECT_THAT(engine_.Create(setup(), SecretString("x"), log).error().message(), HasSubstr("not made by Podwright"));
  host_.files[MarkPath("orders")] = {host::FileType::kFile, "owner: stock\nstate: kept\n", {0644, "root", "root"}, 1};
  EXPECT_THAT(engine_.Create(setup(), SecretString("x"), log).error().message(), HasSubstr("database/stock"));
  EXPECT_THAT(engine_.Clone(setup(), SecretString("x"), log).error().message(), HasSubstr("database/stock"));
  EXPECT_THAT(ran_, Not(HasSubstr("rm ")));
}

TEST_F(MysqlEngineTest, KeptDataIsNeverInitialisedAgain) {
  Create();
  Log log;
  ASSERT_TRUE(engine_.Retire(instance_, false, log).ok());
  EXPECT_FALSE(Runs());
  EXPECT_EQ(File(MarkPath("orders")), "owner: orders\nstate: kept\n");
  ran_.clear();
  ASSERT_TRUE(engine_.Create(setup(), SecretString("between us"), log).ok());
  EXPECT_THAT(ran_, AllOf(Not(HasSubstr("rm ")), Not(HasSubstr("mariadb-install-db"))));
  EXPECT_TRUE(Runs());
}

TEST_F(MysqlEngineTest, APurgeTakesTheDataToo) {
  Create();
  Log log;
  ASSERT_TRUE(engine_.Retire(instance_, true, log).ok());
  EXPECT_THAT(ran_, HasSubstr("rm -rf --one-file-system -- /var/lib/mariadb/orders"));
  EXPECT_EQ(File(MarkPath("orders")), "");
  EXPECT_EQ(File(RolePath("orders")), "");
}

TEST_F(MysqlEngineTest, AVersionThatAptDoesNotHaveIsRefused) {
  instance_.version = "11.4";
  Log log;
  EXPECT_THAT(engine_.Create(setup(), SecretString("x"), log).error().message(),
              AllOf(HasSubstr("11.4"), HasSubstr("10.11.6-MariaDB")));
}

TEST_F(MysqlEngineTest, AFencedPrimaryIsStoppedAndSaysWhereItsLogEnds) {
  Create();
  host_.files[BinlogStatePath("orders")] = {host::FileType::kFile, "0-11-43\n", {0600, "mysql", "mysql"}, 1};
  ASSERT_TRUE(engine_.Fence(instance_, "db-2").ok());
  EXPECT_FALSE(Runs());
  const auto role = ParseRole(File(RolePath("orders")));
  EXPECT_EQ(role, (RoleFile{Part::kFenced, false, 1, "0-11-43"}));
  const DatabaseSpec spec;
  const auto seen = engine_.Look({instance_, spec, kept_});
  ASSERT_TRUE(seen.ok());
  EXPECT_TRUE(seen->fenced());
  EXPECT_EQ(seen->stopped_at(), "0-11-43");
  EXPECT_EQ(seen->role(), "primary");
  ASSERT_TRUE(engine_.Fence(instance_, "db-2").ok());
}

TEST_F(MysqlEngineTest, NothingIsStoppedForASuccessorThatIsNotJoined) {
  Create();
  EXPECT_THAT(engine_.Fence(instance_, "db-3").error().message(), HasSubstr("db-3 does not replicate from here"));
  EXPECT_TRUE(Runs());
  EXPECT_EQ(ParseRole(File(RolePath("orders")))->part, Part::kPrimary);
}

TEST_F(MysqlEngineTest, AFencedPrimaryGoesOnWhenNobodyTookItsPlace) {
  Create();
  ASSERT_TRUE(engine_.Fence(instance_, "db-2").ok());
  ASSERT_TRUE(engine_.Unfence(setup()).ok());
  EXPECT_TRUE(Runs());
  EXPECT_EQ(ParseRole(File(RolePath("orders")))->part, Part::kPrimary);
  EXPECT_THAT(sql_, HasSubstr("SET GLOBAL read_only=OFF"));
}

class MysqlMadeByHandTest : public MysqlEngineTest {
 protected:
  MysqlMadeByHandTest() {
    host_.files["/var/lib/mysql/ibdata1"] = {host::FileType::kFile, "", {0660, "mysql", "mysql"}, 1};
    host_.units[kFound].state.load_state = "loaded";
    host_.units[kFound].state.active_state = "active";
    host_.units[kUnit].state.load_state = "loaded";
    spec_.set_adopt("existing");
    Say("SELECT VERSION();", "10.11.6-MariaDB\n");
    Say("TRIM(TRAILING '/' FROM @@datadir)", "/var/lib/mysql\t10.11.6-MariaDB\t\t.\n");
    Say("SHOW SLAVE HOSTS", "");
  }
  Result<ProcessResult> AnswerOfFound(const ProcessRequest& request) {
    std::string line;
    for (const std::string& argument : request.argv) line += argument + " ";
    if (line.find("/run/mysqld/mysqld.sock") == std::string::npos) return Answer(request);
    const auto former = std::exchange(host_.units[kUnit].state.active_state, "active");
    auto answer = Answer(request);
    host_.units[kUnit].state.active_state = former;
    return answer;
  }
  void SetUp() override {
    host_.program = [this](const ProcessRequest& request) { return AnswerOfFound(request); };
  }
  Status Adopt() {
    Log log;
    return engine_.Adopt(setup(), SecretString("between us"), log);
  }
  bool FoundRuns() { return host_.units[kFound].state.active_state == "active"; }

  static constexpr char kFound[] = "mariadb.service";
  DatabaseSpec spec_;
};

TEST_F(MysqlMadeByHandTest, ItsDataStaysWhereItIsAndPodwrightsUnitRunsIt) {
  const auto seen = engine_.Look({instance_, spec_, kept_});
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->state(), "foreign");
  EXPECT_EQ(seen->version(), "10.11.6-MariaDB");
  const Status adopted = Adopt();
  ASSERT_TRUE(adopted.ok()) << adopted.error().ToString();
  EXPECT_TRUE(Runs());
  EXPECT_FALSE(FoundRuns());
  EXPECT_THAT(ran_, HasSubstr("ln --symbolic --force --no-target-directory /var/lib/mysql /var/lib/mariadb/orders"));
  EXPECT_THAT(ran_, AllOf(Not(HasSubstr("rm ")), Not(HasSubstr("mariadb-install-db"))));
  EXPECT_EQ(File(MarkPath("orders")), "owner: orders\nstate: whole\nadopted: yes\n");
  EXPECT_EQ(ParseRole(File(RolePath("orders"))), (RoleFile{Part::kPrimary, false, 1, ""}));
}

TEST_F(MysqlMadeByHandTest, ItIsNeverDeleted) {
  ASSERT_TRUE(Adopt().ok());
  ran_.clear();
  Log log;
  ASSERT_TRUE(engine_.Retire(instance_, true, log).ok());
  EXPECT_FALSE(Runs());
  EXPECT_THAT(ran_, Not(HasSubstr("rm ")));
  EXPECT_EQ(File(MarkPath("orders")), "owner: orders\nstate: kept\nadopted: yes\n");
  EXPECT_FALSE(host_.files.contains("/etc/systemd/system/mariadb.service.d"));
}

// Whoever declares it again need not say once more whose it was; meanwhile somebody may have started the former unit.
TEST_F(MysqlMadeByHandTest, ItIsGoneOnWithAfterADeletionAndTheFormerUnitRestsAgain) {
  ASSERT_TRUE(Adopt().ok());
  Log log;
  ASSERT_TRUE(engine_.Retire(instance_, false, log).ok());
  EXPECT_THAT(log, testing::ElementsAre("stopped; the data stays in /var/lib/mysql"));
  host_.units[kFound].state.active_state = "active";
  const Status again = engine_.Create(setup(), SecretString("between us"), log);
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_TRUE(Runs());
  EXPECT_FALSE(FoundRuns());
  EXPECT_TRUE(host_.files.contains("/etc/systemd/system/mariadb.service.d/podwright.conf"));
  EXPECT_EQ(File(MarkPath("orders")), "owner: orders\nstate: whole\nadopted: yes\n");
  EXPECT_THAT(ran_, Not(HasSubstr("mariadb-install-db")));
}

TEST_F(MysqlMadeByHandTest, ItRunsAsBeforeWherePodwrightsUnitDoesNotStart) {
  host_.Fail("units.start", Internal("the unit failed"));
  const Status refused = Adopt();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("mariadb.service runs again, as before"));
  EXPECT_TRUE(FoundRuns());
  EXPECT_EQ(File(MarkPath("orders")), "");
  EXPECT_EQ(File(ConfigurationPath("orders")), "");
}

TEST_F(MysqlMadeByHandTest, WhatIsStoppedOrElsewhereOrHasReplicasIsLeft) {
  Say("SHOW SLAVE HOSTS", "7\t\t3306\t1\n");
  EXPECT_THAT(Adopt().error().message(), HasSubstr("replicas that were made by hand"));
  Say("TRIM(TRAILING '/' FROM @@datadir)", "/srv/mysql\t10.11.6-MariaDB\t\t.\n");
  EXPECT_THAT(Adopt().error().message(), HasSubstr("/srv/mysql"));
  host_.units[kFound].state.active_state = "inactive";
  EXPECT_THAT(Adopt().error().message(), HasSubstr("start mariadb.service"));
  EXPECT_FALSE(Runs());
  EXPECT_EQ(File(MarkPath("orders")), "");
}

class MysqlReplicaTest : public MysqlEngineTest {
 protected:
  std::string file_ = "binlog.000001";

  // The thread that applies what was received.
  void Stopped(const std::string& number, const std::string& words) {
    Say("SHOW SLAVE STATUS", "*** 1. row ***\n Slave_IO_Running: Yes\n Slave_SQL_Running: No\n Last_SQL_Errno: " +
                                 number + "\n Last_SQL_Error: " + words + "\n");
  }
  void SetUp() override {
    Create();
    kept_.set_upstream("db-2");
    host_.files[RolePath("orders")].content = RoleText({Part::kReplica, false, 0, ""});
    Say(kIdentify, "1\n1\n");
    Say("SELECT @@gtid_slave_pos, @@gtid_binlog_pos;", "0-12-50\t0-12-50\n");
    Joined("Yes", "", "");
  }
  void Joined(const std::string& runs, const std::string& number, const std::string& words) {
    Say("SHOW SLAVE STATUS", "*** 1. row ***\n Master_Log_File: " + file_ + "\n Slave_IO_Running: " + runs +
                                 "\n Slave_SQL_Running: Yes\n Last_IO_Errno: " + number + "\n Last_IO_Error: " + words +
                                 "\n");
  }
};

TEST_F(MysqlReplicaTest, WhoLacksATransactionDoesNotTakeThePrimarysPlace) {
  Say("SELECT @@gtid_current_pos, '';", "0-12-49\t\n");
  const Status promoted = engine_.Promote(setup(), "0-12-50", {});
  EXPECT_THAT(promoted.error().message(), AllOf(HasSubstr("0-12-49"), HasSubstr("0-12-50")));
  EXPECT_EQ(ParseRole(File(RolePath("orders")))->part, Part::kReplica);
  EXPECT_THAT(sql_, Not(HasSubstr("RESET SLAVE")));
}

TEST_F(MysqlReplicaTest, APromotedReplicaRaisesTheEpochBeforeItTakesWrites) {
  Say("SELECT @@gtid_current_pos, '';", "0-12-50\t\n");
  const Status promoted = engine_.Promote(setup(), "0-12-50", {});
  ASSERT_TRUE(promoted.ok()) << promoted.error().ToString();
  EXPECT_EQ(ParseRole(File(RolePath("orders"))), (RoleFile{Part::kPrimary, false, 2, ""}));
  EXPECT_LT(sql_.find("SET epoch=epoch+1"), sql_.find("SET GLOBAL read_only=OFF"));
}

TEST_F(MysqlReplicaTest, APositionThatIsNoneIsRefused) {
  EXPECT_EQ(engine_.Promote(setup(), "0-1-1'); DROP", {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(sql_, "");
}

TEST_F(MysqlReplicaTest, AFormerPrimaryBeginsWhereItsOwnLogEnds) {
  Say("SELECT @@gtid_slave_pos, @@gtid_binlog_pos;", "0-12-40\t0-11-50\n");
  ASSERT_TRUE(engine_.Follow(setup()).ok());
  EXPECT_THAT(sql_, AllOf(HasSubstr("SET GLOBAL gtid_slave_pos='0-11-50'"), HasSubstr("MASTER_HOST='10.0.0.2'"),
                          HasSubstr("MASTER_PASSWORD='between us'")));
  EXPECT_THAT(ran_, Not(HasSubstr("between us")));
}

TEST_F(MysqlReplicaTest, WhatNobodyElseHasIsPutAsideAndNotWiped) {
  Joined("No", "1236", "Got fatal error 1236 from master: not in the master's binlog");
  Log log;
  static_cast<void>(engine_.Rejoin(setup(), SecretString("between us"), log));
  EXPECT_THAT(ran_, HasSubstr("mv --no-target-directory -- /var/lib/mariadb/orders /var/lib/mariadb/orders.apart-0"));
  EXPECT_THAT(testing::PrintToString(log), HasSubstr("put aside"));
}

TEST_F(MysqlReplicaTest, WhatDiffersFromThePrimaryIsPutAsideToo) {
  Stopped("1062", "Duplicate entry '7' for key 'PRIMARY'");
  Log log;
  static_cast<void>(engine_.Rejoin(setup(), SecretString("between us"), log));
  EXPECT_THAT(ran_, HasSubstr("mv --no-target-directory -- /var/lib/mariadb/orders /var/lib/mariadb/orders.apart-0"));
  EXPECT_THAT(testing::PrintToString(log), HasSubstr("Duplicate entry '7'"));
}

TEST_F(MysqlReplicaTest, AReplicaThatCannotGoOnSaysSo) {
  const DatabaseSpec spec;
  Joined("No", "1236", "Got fatal error 1236 from master: not in the master's binlog");
  EXPECT_EQ(engine_.Look({instance_, spec, kept_})->state(), "stranded");
  Stopped("1062", "Duplicate entry '7' for key 'PRIMARY'");
  EXPECT_EQ(engine_.Look({instance_, spec, kept_})->state(), "stranded");
}

// Both threads run before the upstream refuses.
TEST_F(MysqlReplicaTest, WhoIsNotServedYetHasNotJoined) {
  file_.clear();
  Joined("Yes", "0", "");
  const Status followed = engine_.Follow(setup());
  ASSERT_FALSE(followed.ok());
  EXPECT_THAT(followed.error().message(), HasSubstr("does not run"));
}

TEST_F(MysqlReplicaTest, AReplicaThatMayGoOnLaterIsLeft) {
  const DatabaseSpec spec;
  Joined("Connecting", "2003", "Can't connect to server on '10.0.0.2'");
  EXPECT_EQ(engine_.Look({instance_, spec, kept_})->state(), "running");
  Stopped("1021", "Disk full (/tmp); waiting for someone to free some space");
  EXPECT_EQ(engine_.Look({instance_, spec, kept_})->state(), "running");
}

TEST_F(MysqlReplicaTest, ACloneThatHasNoRoomBeginsNothing) {
  host_.files[MarkPath("orders")].content = "owner: orders\nstate: unfinished\n";
  room_ = "1000\n";
  Log log;
  EXPECT_THAT(engine_.Clone(setup(), SecretString("between us"), log).error().message(), HasSubstr("too little room"));
  EXPECT_THAT(ran_, AllOf(Not(HasSubstr("mariadb-dump")), Not(HasSubstr("between us"))));
}

}  // namespace
}  // namespace podwright::drivers::database::mysql
