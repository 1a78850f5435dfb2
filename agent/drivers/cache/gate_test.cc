// The role check: who may start as what.
#include "agent/drivers/cache/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/drivers/cache/configuration.h"
#include "agent/drivers/cache/fake_redis.h"

namespace podwright::drivers::cache {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSelf[] = "10.0.0.1";
constexpr char kOther[] = "10.0.0.2";

class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    host_.users["redis"];
    host_.groups.insert("redis");
    Write(paths_.gate,
          "self 10.0.0.1\nmember 10.0.0.2\nsentinel 10.0.0.1\nsentinel 10.0.0.2\nsentinel 10.0.0.3\nport 6379\n"
          "sentinel-port 26379\nappends yes\npersists yes\n");
    Write(paths_.auth, AuthText(cluster_.password));
    Write(paths_.data + "/appendonlydir", "");
    host_.files[paths_.conf_folder] = {host::FileType::kDirectory, "", {0700, "redis", "redis"}, 0};
    cluster_.here = kSelf;
    cluster_.servers[kSelf].up = false;
    for (const char* address : {kSelf, kOther, "10.0.0.3"}) cluster_.sentinels[address].primary = kSelf;
    cluster_.AttachTo(host_);
  }
  void Write(const std::string& path, const std::string& text) {
    host_.files[path] = {host::FileType::kFile, text, {0600, "root", "root"}, 1};
  }
  Status Pass() {
    host::Host host = host_.View();
    return PassGate(host.files, host.redis, "shop", std::chrono::seconds(2));
  }
  std::string Started() {
    const Status passed = Pass();
    EXPECT_TRUE(passed.ok()) << (passed.ok() ? "" : passed.error().ToString());
    return host_.files[paths_.conf].content;
  }
  std::string Refused() {
    const Status passed = Pass();
    EXPECT_FALSE(passed.ok());
    EXPECT_FALSE(host_.files.contains(paths_.conf));
    return passed.ok() ? "" : passed.error().message();
  }
  void OtherIs(bool linked, std::int64_t down_since, std::int64_t keys) {
    auto& other = cluster_.servers[kOther];
    other.follows = kSelf;
    other.linked = linked;
    other.down_since = down_since;
    other.keys = keys;
  }

  host::MemoryHost host_;
  FakeRedis cluster_;
  const Paths paths_{"shop"};
};

TEST_F(GateTest, AMemberThatIsNotThePrimaryStartsAsAReplicaThatCannotBePromotedYet) {
  for (auto& [address, sentinel] : cluster_.sentinels) sentinel.primary = kOther;
  const std::string conf = Started();
  EXPECT_THAT(conf, HasSubstr("replicaof 10.0.0.2 6379\n"));
  EXPECT_THAT(conf, HasSubstr("replica-priority 0\n"));
}

TEST_F(GateTest, AFullRestartBringsThePrimaryBackAsOne) {
  OtherIs(false, -1, 10);
  EXPECT_THAT(Started(), Not(HasSubstr("replicaof")));
}

TEST_F(GateTest, APrimaryYieldsToAReplicaThatRanOn) {
  OtherIs(false, 3, 10);
  EXPECT_THAT(Refused(), HasSubstr("ran on"));
}

TEST_F(GateTest, APrimaryThatYieldedFollowsWhomTheSentinelsPromote) {
  OtherIs(false, 3, 10);
  cluster_.each_wait = [this] {
    for (auto& [address, sentinel] : cluster_.sentinels) sentinel.primary = kOther;
  };
  EXPECT_THAT(Started(), HasSubstr("replicaof 10.0.0.2 6379"));
}

TEST_F(GateTest, WithoutAMajorityOfSentinelsNobodyStarts) {
  cluster_.sentinels[kOther].up = false;
  cluster_.sentinels["10.0.0.3"].up = false;
  EXPECT_THAT(Refused(), HasSubstr("only 1 of 3 Sentinels answer"));
}

TEST_F(GateTest, TheHighestEpochIsBelieved) {
  cluster_.sentinels["10.0.0.3"].primary = kOther;
  cluster_.sentinels["10.0.0.3"].epoch = 2;
  EXPECT_THAT(Started(), HasSubstr("replicaof 10.0.0.2"));
}

TEST_F(GateTest, ABlankPrimaryDoesNotStartWhereOthersHaveData) {
  host_.files.erase(paths_.data + "/appendonlydir");
  OtherIs(false, -1, 10);
  EXPECT_THAT(Refused(), HasSubstr("has 10 keys"));
}

TEST_F(GateTest, ABlankPrimaryWaitsForThoseWhoMayHaveData) {
  host_.files.erase(paths_.data + "/appendonlydir");
  cluster_.servers[kOther].up = false;
  EXPECT_THAT(Refused(), HasSubstr("does not answer (yet)"));
}

TEST_F(GateTest, WhatIsNeverOnDiskStartsBlankWhenNobodyHasAny) {
  Write(paths_.gate, "self 10.0.0.1\nmember 10.0.0.2\nsentinel 10.0.0.1\nport 6379\nsentinel-port 26379\n");
  host_.files.erase(paths_.data + "/appendonlydir");
  OtherIs(false, -1, 0);
  EXPECT_THAT(Started(), Not(HasSubstr("replicaof")));
}

TEST_F(GateTest, AnOrderComesFirstAndOnce) {
  Write(paths_.order, "10.0.0.2\n");
  EXPECT_THAT(Started(), HasSubstr("replicaof 10.0.0.2 6379"));
  EXPECT_FALSE(host_.files.contains(paths_.order));
  EXPECT_THAT(Started(), Not(HasSubstr("replicaof")));
}

TEST_F(GateTest, ASnapshotIsReadBeforeAnAppendOnlyFileIsBegun) {
  host_.files.erase(paths_.data + "/appendonlydir");
  Write(paths_.data + "/dump.rdb", "x");
  EXPECT_THAT(Started(), HasSubstr("appendonly no"));
}

}  // namespace
}  // namespace podwright::drivers::cache
