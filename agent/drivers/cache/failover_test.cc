// A planned failover: what is done in which order, and what is left where it fails.
#include "agent/drivers/cache/failover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/drivers/cache/fake_redis.h"
#include "core/clock.h"

namespace podwright::drivers::cache {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kOld[] = "10.0.0.1";
constexpr char kNew[] = "10.0.0.2";

class FailoverTest : public ::testing::Test {
 protected:
  FailoverTest() {
    state_.mutable_object()->set_kind("cache");
    state_.mutable_object()->set_name("shop");
    v1::kinds::CacheKept kept;
    auto& topology = *kept.mutable_member()->mutable_topology();
    for (const auto& [name, address] : {std::pair("a", kOld), std::pair("b", kNew), std::pair("c", "10.0.0.3")}) {
      (*topology.mutable_members())[name] = address;
      (*topology.mutable_sentinels())[name] = address;
      cluster_.sentinels[address].primary = kOld;
      cluster_.sentinels[address].replicas = {"10.0.0.3", kNew};
      if (address != std::string(kOld)) cluster_.servers[address].follows = kOld;
    }
    topology.set_port(6379);
    topology.set_sentinel_port(26379);
    kept.mutable_member()->set_self("b");
    v1::SealedSecret sealed;
    sealed.set_name("cache.shop.replication");
    kept.set_password(sealed.SerializeAsString());
    (*state_.mutable_kept())["cache"] = kept.SerializeAsString();
    cluster_.servers[kOld].offset = 500;
    cluster_.here = kNew;
    cluster_.AttachTo(host_);
    env_.open_secret = [this](const v1::SealedSecret&, const auto& use) { return use(cluster_.password); };
  }
  Result<std::optional<std::chrono::milliseconds>> Run() {
    Context context(env_, state_);
    return BecomePrimary(context, &log_);
  }

  host::MemoryHost host_;
  FakeClock clock_;
  Environment env_{host_.View(), clock_, nullptr, nullptr, "local key"};
  v1::ObjectState state_;
  FakeRedis cluster_;
  std::vector<std::string> log_;
};

TEST_F(FailoverTest, TheNewPrimaryHasAllAndTheOldOneFollows) {
  const auto done = Run();
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_TRUE(*done);
  EXPECT_EQ(cluster_.servers[kNew].follows, "");
  EXPECT_EQ(cluster_.servers[kNew].offset, 500);
  EXPECT_EQ(cluster_.servers[kOld].follows, kNew);
  EXPECT_FALSE(cluster_.servers[kOld].paused);
  EXPECT_EQ(cluster_.servers[kOld].writes_lost, 0);
}

TEST_F(FailoverTest, ThePreferenceIsForThisTimeOnly) {
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(cluster_.servers[kNew].config["replica-priority"], "100");
}

TEST_F(FailoverTest, WhoIsThePrimaryAlreadyDisturbsNobody) {
  cluster_.servers[kNew].follows = "";
  const auto done = Run();
  ASSERT_TRUE(done.ok());
  EXPECT_FALSE(*done);
  EXPECT_THAT(cluster_.servers[kOld].commands, Not(Contains("CLIENT PAUSE")));
}

TEST_F(FailoverTest, WhereTheSentinelRefusesTheOldPrimaryGoesOn) {
  for (auto& [address, sentinel] : cluster_.sentinels) sentinel.promotes = false;
  const auto done = Run();
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message(), HasSubstr("did not promote"));
  EXPECT_FALSE(cluster_.servers[kOld].paused);
  EXPECT_EQ(cluster_.servers[kOld].follows, "");
  EXPECT_EQ(cluster_.servers[kNew].config["replica-priority"], "100");
}

TEST_F(FailoverTest, AMemberThatDoesNotCatchUpIsNotPromoted) {
  cluster_.each_wait = [this] { cluster_.servers[kNew].offset = 3; };
  const auto done = Run();
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message(), HasSubstr("did not catch up"));
  EXPECT_FALSE(cluster_.servers[kOld].paused);
  EXPECT_EQ(cluster_.servers[kNew].follows, kOld);
}

TEST_F(FailoverTest, WithoutTheOldPrimaryTheWishDecides) {
  cluster_.servers[kOld].up = false;
  cluster_.servers[kNew].linked = false;
  const auto done = Run();
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_EQ(cluster_.servers[kNew].follows, "");
  EXPECT_THAT(log_, Contains(HasSubstr("does not answer")));
}

TEST_F(FailoverTest, WithoutSentinelsTheMembersDoItThemselves) {
  v1::kinds::CacheKept kept;
  ASSERT_TRUE(kept.ParseFromString(state_.kept().at("cache")));
  kept.mutable_member()->mutable_topology()->clear_sentinels();
  (*state_.mutable_kept())["cache"] = kept.SerializeAsString();
  const auto done = Run();
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_EQ(cluster_.servers[kNew].follows, "");
  EXPECT_EQ(cluster_.servers[kOld].follows, kNew);
}

}  // namespace
}  // namespace podwright::drivers::cache
