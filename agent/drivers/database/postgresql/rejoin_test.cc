// A member that comes back to a primary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "agent/host/memory_host.h"

namespace podwright::drivers::database::postgresql {
namespace {

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
    if (request.stdin_bytes.find("pg_stat_wal_receiver") != std::string::npos) {
      clock_.Advance(std::chrono::seconds(1));
      result.out = parted_ ? "00000001" : "00000002";
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

}  // namespace
}  // namespace podwright::drivers::database::postgresql
