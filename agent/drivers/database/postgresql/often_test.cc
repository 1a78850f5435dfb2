// The roles of a PostgreSQL instance as they are told several times a second.
#include <gtest/gtest.h>

#include "agent/drivers/database/postgresql/postgresql_engine.h"
#include "agent/host/memory_host.h"

namespace podwright::drivers::database::postgresql {
namespace {

constexpr char kUnit[] = "postgresql@15-orders.service";

class OftenTest : public ::testing::Test {
 protected:
  OftenTest() : env_{host_.View(), clock_, nullptr, nullptr, "local key"}, engine_(env_) {
    host_.program = [this](const ProcessRequest& /*request*/) -> Result<ProcessResult> {
      ++questions_;
      ProcessResult result;
      result.out = std::string(recovery_) + "\x1f" + std::to_string(timeline_) + "\n";
      return result;
    };
    Put("/PG_VERSION", "15\n");
    Put("/standby.signal", "");
    Ready();
  }
  void Put(const std::string& name, const std::string& content) {
    host_.files[paths_.data + name] = {host::FileType::kFile, content, {0600, "postgres", "postgres"}, 1};
  }
  void Ready() {
    Put("/postmaster.pid", "77\n/data\n1\n5432\n/run\n*\n1 2\nready   \n");
    host_.files["/proc/77"] = {host::FileType::kDirectory, "", {0755, "root", "root"}, 1};
    Unit("active");
  }
  void Unit(const std::string& active_state) {
    host_.units[kUnit].state.load_state = "loaded";
    host_.units[kUnit].state.active_state = active_state;
    host_.units[kUnit].state.invocation_id = "first";
    host_.units[kUnit].state.invocation_id = "invocation-1";
  }
  Identity Ask() {
    auto identity = engine_.IdentifyOften(instance_);
    EXPECT_TRUE(identity.ok());
    return identity.ok() ? *identity : Identity();
  }

  FakeClock clock_;
  host::MemoryHost host_;
  Environment env_;
  PostgresqlEngine engine_;
  const Instance instance_{"orders", "15", "orders", 5432};
  const Paths paths_ = PathsOf("15", "orders");
  int questions_ = 0;
  const char* recovery_ = "t";
  int timeline_ = 3;
};

TEST_F(OftenTest, TheServerIsNotAskedAgainWhileItsFilesAreTheSame) {
  EXPECT_TRUE(Ask().Is(Role::kReplica));
  EXPECT_TRUE(Ask().Is(Role::kReplica));
  EXPECT_EQ(questions_, 1);
  clock_.Advance(std::chrono::seconds(6));
  EXPECT_TRUE(Ask().Is(Role::kReplica));
  EXPECT_EQ(questions_, 2);
}

TEST_F(OftenTest, APromotionIsSeenAtOnce) {
  EXPECT_TRUE(Ask().Is(Role::kReplica));
  host_.files.erase(paths_.data + "/standby.signal");
  // Between the two the server still says what it was; that is not kept.
  EXPECT_TRUE(Ask().Is(Role::kReplica));
  recovery_ = "f";
  timeline_ = 4;
  const Identity promoted = Ask();
  EXPECT_TRUE(promoted.Is(Role::kPrimary));
  EXPECT_EQ(promoted.timeline, 4);
}

TEST_F(OftenTest, AnInstanceThatStopsOrDiedIsNoPrimaryAnyMore) {
  host_.files.erase(paths_.data + "/standby.signal");
  recovery_ = "f";
  EXPECT_TRUE(Ask().Is(Role::kPrimary));
  Unit("inactive");
  host_.files.erase("/proc/77");
  EXPECT_FALSE(Ask().running);
}

}  // namespace
}  // namespace podwright::drivers::database::postgresql
