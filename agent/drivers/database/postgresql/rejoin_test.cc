// A member that comes back to a primary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "agent/host/memory_host.h"

namespace podwright::drivers::database::postgresql {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class RejoinTest : public ::testing::Test {
 protected:
  RejoinTest() : env_{host_.View(), clock_, nullptr, nullptr, "local key"}, engine_(env_) {
    for (const char* folder : {"/etc", "/etc/postgresql", "/etc/postgresql/15", "/etc/postgresql/15/orders",
                               "/etc/systemd", "/etc/systemd/system", "/var", "/var/lib", "/var/lib/postgresql",
                               "/var/lib/postgresql/15", "/var/lib/postgresql/15/orders"}) {
      host_.files[folder] = {host::FileType::kDirectory, "", {0755, "root", "root"}, 0};
    }
    host_.users["postgres"];
    host_.groups.insert("postgres");
    host_.units["postgresql@15-orders.service"].state.load_state = "loaded";
    host_.program = [this](const ProcessRequest& request) { return Answer(request); };
    kept_.set_upstream("two");
    DatabaseConfiguration& configuration = *kept_.mutable_configuration();
    configuration.set_engine("postgresql");
    configuration.set_version("15");
    configuration.set_instance("orders");
    configuration.set_member("one");
    configuration.set_port(5432);
    (*configuration.mutable_members())["one"] = "192.0.2.1";
    (*configuration.mutable_members())["two"] = "192.0.2.2";
  }

  Result<ProcessResult> Answer(const ProcessRequest& request) {
    std::string line;
    for (const std::string& word : request.argv) line += word + " ";
    ran_.push_back(line + request.stdin_bytes);
    ProcessResult result;
    const bool asks_upstream = line.find("host=192.0.2.2") != std::string::npos;
    if (request.stdin_bytes.find("from pg_replication_slots where slot_type") != std::string::npos) {
      result.out = slots_;
    } else if (request.stdin_bytes.find("pg_control_checkpoint") != std::string::npos) {
      result.out = std::string(stranded_ ? "2" : "1") + "\x1f" + "0/5000000\n";
    } else if (asks_upstream && line.find("pg_ls_dir") != std::string::npos) {
      const bool nothing_alone = line.find("to_hex(2)") != std::string::npos;
      result.out = log_is_gone_ && nothing_alone ? "t\n" : "f\n";
    } else if (request.stdin_bytes.find("pg_stat_wal_receiver") != std::string::npos) {
      clock_.Advance(std::chrono::seconds(1));
      result.out = stranded_ && moments_-- <= 0 ? "" : parted_ ? "00000001" : "00000002";
    } else if (line.find("pg_basebackup") != std::string::npos) {
      stranded_ = false;
    } else if (line.find("pg_database_size") != std::string::npos) {
      result.out = "1000\n";
    } else if (request.argv.front() == "df") {
      result.out = "Avail\n1073741824\n";
    } else if (line.find("pg_walfile_name") != std::string::npos) {
      result.out = "00000002\n";
    } else if (line.find("pg_rewind") != std::string::npos && line.find("--dry-run") == std::string::npos) {
      parted_ = false;
    }
    return result;
  }

  Status Rejoin() {
    return engine_.Rejoin({{"orders", "15", "orders", 5432}, kept_}, SecretString("between us"), log_);
  }

  FakeClock clock_;
  host::MemoryHost host_;
  Environment env_;
  PostgresqlEngine engine_;
  DatabaseKept kept_;
  Log log_;
  bool parted_ = false;
  bool stranded_ = false;
  bool log_is_gone_ = false;
  int moments_ = 0;
  std::string slots_;
  std::vector<std::string> ran_;
};

// Up to where they parted the primary serves the old timeline again and again, and each time it looks like streaming.
TEST_F(RejoinTest, AMemberThatPartedIsRewoundThoughItStreamsTheOldTimeline) {
  parted_ = true;
  const Status joined = Rejoin();
  ASSERT_TRUE(joined.ok()) << joined.error().ToString();
  EXPECT_THAT(ran_, Contains(HasSubstr("pg_rewind")));
  EXPECT_THAT(log_, Contains(HasSubstr("it is rewound")));
}

TEST_F(RejoinTest, AReplicaWhoseLogIsGoneIsClonedAnew) {
  stranded_ = log_is_gone_ = true;
  const Status joined = Rejoin();
  ASSERT_TRUE(joined.ok()) << joined.error().ToString();
  EXPECT_THAT(ran_, Contains(HasSubstr("pg_basebackup")));
  EXPECT_THAT(ran_, Not(Contains(HasSubstr("pg_rewind"))));
  EXPECT_THAT(log_, Contains(HasSubstr("two has let go of the log that it needs next")));
}

// The upstream sends, and finds only then that it has not got what comes next.
TEST_F(RejoinTest, AReplicaThatStreamsForAMomentOnlyHasNotJoined) {
  stranded_ = log_is_gone_ = true;
  moments_ = 1;
  ASSERT_TRUE(Rejoin().ok());
  EXPECT_THAT(ran_, Contains(HasSubstr("pg_basebackup")));
}

// What it has alone is told before it is given up, and that is pg_rewind's to do.
TEST_F(RejoinTest, AMemberWithMoreThanItsPrimaryIsNeverClonedOver) {
  parted_ = log_is_gone_ = true;
  ASSERT_TRUE(Rejoin().ok());
  EXPECT_THAT(ran_, Not(Contains(HasSubstr("pg_basebackup"))));
  EXPECT_THAT(ran_, Contains(HasSubstr("pg_rewind")));
}

TEST_F(RejoinTest, AMemberThatStreamsWhatThePrimaryWritesIsNotRewound) {
  const Status joined = Rejoin();
  ASSERT_TRUE(joined.ok()) << joined.error().ToString();
  EXPECT_THAT(ran_, Not(Contains(HasSubstr("pg_rewind"))));
}

TEST_F(RejoinTest, APrimaryThatGetsASlotWritesItsTimelineDownForWhoIsRewound) {
  const Status made = engine_.SetSlots({"orders", "15", "orders", 5432}, {"one"});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  EXPECT_THAT(ran_, Contains(HasSubstr("pg_create_physical_replication_slot")));
  EXPECT_THAT(ran_.back(), HasSubstr("checkpoint"));
}

// A server whose log outgrew `max_slot_wal_keep_size` gives a slot up for good: it has to be made anew.
TEST_F(RejoinTest, ALostSlotIsMadeAnewAndOneThatHoldsIsLeft) {
  slots_ =
      "podwright_one\x1ft\npodwright_two\x1f"
      "f\n";
  ASSERT_TRUE(engine_.SetSlots({"orders", "15", "orders", 5432}, {"one", "two"}).ok());
  EXPECT_THAT(ran_, Contains(AllOf(HasSubstr("pg_drop_replication_slot('podwright_one')"),
                                   HasSubstr("pg_create_physical_replication_slot('podwright_one'"),
                                   Not(HasSubstr("'podwright_two'")))));
}

}  // namespace
}  // namespace podwright::drivers::database::postgresql
