// What grows is cut, and what is needed stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/control/testing/world.h"
#include "reconciler/store/helpers.h"

namespace podwright::control::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Options Few() {
  Options options = World::DefaultOptions();
  options.runs_kept = 3;
  options.events_kept = 20;
  options.store_history_kept = 50;
  options.idempotency_kept = minutes(30);
  return options;
}

class HousekeepingTest : public ::testing::Test {
 protected:
  explicit HousekeepingTest(const Options& options = Few()) : world(1, options) { world.AddAgent("web-1"); }

  static v1::ApplyRequest Lamp(World& world, const std::string& server, const std::string& payload) {
    auto request = world.Request();
    World::PutServer(&request, server);
    World::PutWidget(&request, "lamp", World::Widget({server}, payload));
    return request;
  }
  // At a time of its own: ids tell runs of one millisecond apart, not which was first.
  std::string Change(const std::string& payload) {
    world.Advance(seconds(1));
    return world.ApplyAndFinish(Lamp(world, "web-1", payload)).id();
  }
  std::vector<std::string> Runs() {
    std::vector<std::string> ids;
    const auto runs = world.control().ListRuns(world.admin, {});
    if (!runs.ok()) return {runs.error().ToString()};
    for (const v1::Run& run : runs->runs()) ids.push_back(run.id());
    return ids;
  }
  std::size_t Keys(const std::string& prefix) {
    return world.memory_store.Range({store::Prefix(prefix), 0, 0, true})->kvs.size();
  }

  World world;
};

TEST_F(HousekeepingTest, TheNewestRunsStayAndTheOthersGoWithTheirJournals) {
  std::vector<std::string> made;
  for (int i = 0; i < 8; ++i) made.push_back(Change(std::to_string(i)));
  const std::size_t one = Keys("run/default/" + made[0]);
  EXPECT_GT(one, 1U);
  world.Advance(minutes(2));
  EXPECT_THAT(Runs(), ::testing::ElementsAre(made[7], made[6], made[5]));
  EXPECT_EQ(Keys("run/"), 3 * one);
  v1::GetRunRequest request;
  request.set_id(made[0]);
  EXPECT_EQ(world.control().GetRun(world.admin, request).error().code(), ErrorCode::kNotFound);
}

TEST_F(HousekeepingTest, TheOldestGoWhateverTheirWorkspaceIsCalled) {
  world.link.Add("zoo", "web-9");
  world.link.Connect("web-9");
  auto request = Lamp(world, "web-9", "x");
  request.set_workspace("zoo");
  ASSERT_TRUE(world.Apply(request).ok());
  for (int i = 0; i < 3; ++i) {
    Change(std::to_string(i));
  }
  ASSERT_GT(Keys("run/zoo/"), 1U);
  world.Advance(minutes(2));
  EXPECT_EQ(Keys("run/zoo/"), 0U);
  EXPECT_EQ(Runs().size(), 3U);
}

TEST_F(HousekeepingTest, ARunThatAStalledObjectNamesStays) {
  world.AddAgent("web-2");
  world.link.Find("web-1")->FailNext("widget.put", 100, true);
  const std::string failed = Change("bad");
  ASSERT_EQ(world.Get("widget", "lamp").phase(), v1::PHASE_STALLED);
  for (int i = 0; i < 6; ++i) {
    auto request = world.Request();
    World::PutServerFile(&request, "web-2", "turn " + std::to_string(i));
    world.Advance(seconds(1));
    world.ApplyAndFinish(request);
  }
  world.Advance(minutes(2));
  ASSERT_EQ(world.Get("widget", "lamp").last_run(), failed);
  EXPECT_THAT(Runs(), ::testing::Contains(failed));
  EXPECT_EQ(Runs().size(), 3U);
}

class LargeRunsTest : public HousekeepingTest {
 protected:
  static Options FewObjects() {
    Options options = World::DefaultOptions();
    options.run_objects_kept = 5;
    return options;
  }
  LargeRunsTest() : HousekeepingTest(FewObjects()) {}
};

TEST_F(LargeRunsTest, CountByTheirObjects) {
  for (int i = 0; i < 8; ++i) Change(std::to_string(i));
  world.Advance(minutes(2));
  EXPECT_LE(Keys("run/"), 5U * 3);
  EXPECT_GE(Runs().size(), 2U);
}

TEST_F(HousekeepingTest, RecordsOfRequestsGoAfterTheirTimeHoweverManyThereAre) {
  for (int i = 0; i < 200; ++i) {
    auto request = world.Request();
    World::PutServer(&request, "web-1");
    request.set_idempotency_key("key-" + std::to_string(i));
    ASSERT_TRUE(world.Apply(request).ok());
  }
  EXPECT_EQ(Keys("idem/"), 200U);
  world.Advance(minutes(29));
  EXPECT_EQ(Keys("idem/"), 200U);
  world.Advance(minutes(3));
  EXPECT_EQ(Keys("idem/"), 0U);
  EXPECT_EQ(Keys("idem-time/"), 0U);
}

TEST_F(HousekeepingTest, TheStoreDoesNotGrowWithTheNumberOfChanges) {
  const auto change_many = [&](int begin) {
    for (int i = begin; i < begin + 30; ++i) {
      Change(std::to_string(i));
      world.Advance(minutes(1));
    }
    world.Advance(minutes(31));
    return Keys("") - Keys("audit/");
  };
  const std::size_t once = change_many(0);
  EXPECT_LE(change_many(30), once + 2);
  // What was before the horizon can no longer be read: it is gone.
  const auto now = world.memory_store.Range({store::Prefix("epoch"), 0, 0, true});
  EXPECT_EQ(world.memory_store.Range({store::Prefix("epoch"), now->revision - 100, 0, true}).error().code(),
            ErrorCode::kOutOfRange);
}

}  // namespace
}  // namespace podwright::control::testing
