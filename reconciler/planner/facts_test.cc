#include "reconciler/planner/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/reader.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

podwright::testing::WidgetSpec On(const std::string& server) {
  podwright::testing::WidgetSpec spec;
  spec.add_servers(server);
  return spec;
}

ObservedInput Saw(const std::string& payload, std::int64_t lag = 0) {
  podwright::testing::WidgetObserved observed;
  observed.set_payload(payload);
  observed.set_lag(lag);
  return MakeTestObserved({"widget", "w"}, "s1", observed);
}

TEST(FactBase, PuttingTheSameAgainChangesNothing) {
  FactBase base;
  base.PutObject(MakeTestObject("widget", "w", On("s1")));
  base.PutAgent(MakeTestAgent("s1"));
  base.PutSecret({"s", 1});
  base.PutObserved(Saw("x"));
  EXPECT_THAT(base.TakeChangedKeys(),
              ElementsAre("agent/s1", "object/widget/w", "observed/widget/w@s1", "range/observed/widget/w@",
                          "referrers/server/s1", "secret/s", "secret/s@1"));
  base.PutObject(MakeTestObject("widget", "w", On("s1")));
  base.PutAgent(MakeTestAgent("s1"));
  base.PutSecret({"s", 1});
  base.PutObserved(Saw("x"));
  EXPECT_THAT(base.TakeChangedKeys(), IsEmpty());
}

TEST(FactBase, VolatileFieldsAndConfirmationsChangeNoFact) {
  FactBase base;
  base.PutObserved(Saw("x", 1));
  base.TakeChangedKeys();
  ObservedInput later = Saw("x", 2);
  later.confirmed_generation = 5;
  base.PutObserved(later);
  EXPECT_THAT(base.TakeChangedKeys(), IsEmpty());
  EXPECT_EQ(base.FindObserved({"widget", "w"}, "s1")->input.confirmed_generation, 5);
}

TEST(FactBase, ANewGenerationOfTheSameSpecIsPlannedAgain) {
  FactBase base;
  ObjectInput input = MakeTestObject("widget", "w", On("s1"));
  base.PutObject(input);
  base.TakeChangedKeys();
  input.generation = 2;
  base.PutObject(input);
  EXPECT_THAT(base.TakeChangedKeys(), ElementsAre("object/widget/w"));
}

TEST(FactBase, ReferrersFollowTheReferences) {
  FactBase base;
  base.PutObject(MakeTestObject("widget", "w", On("s1")));
  EXPECT_THAT(base.ReferrersOf({"server", "s1"}), ElementsAre(Referrer{{"widget", "w"}, ObjectLifecycle::kLive}));
  base.TakeChangedKeys();
  base.PutObject(MakeTestObject("widget", "w", On("s2")));
  EXPECT_THAT(base.TakeChangedKeys(), ElementsAre("object/widget/w", "referrers/server/s1", "referrers/server/s2"));
  EXPECT_THAT(base.ReferrersOf({"server", "s1"}), IsEmpty());
  ObjectInput gone = MakeTestObject("widget", "w", On("s2"));
  gone.lifecycle = ObjectLifecycle::kTombstone;
  base.PutObject(gone);
  EXPECT_THAT(base.ReferrersOf({"server", "s2"}), ElementsAre(Referrer{{"widget", "w"}, ObjectLifecycle::kTombstone}));
  base.RemoveObject({"widget", "w"});
  EXPECT_THAT(base.ReferrersOf({"server", "s2"}), IsEmpty());
}

TEST(FactOverlay, AnswersAsTheBaseWouldAndLeavesItAlone) {
  FactBase base;
  base.PutObject(MakeTestObject("widget", "w", On("s1")));
  base.PutObject(MakeTestObject("widget", "v", On("s1")));
  base.PutObserved(Saw("x"));
  base.TakeChangedKeys();
  FactOverlay overlay(base);
  overlay.PutObject(MakeTestObject("widget", "w", On("s2")));
  overlay.RemoveObject({"widget", "v"});
  overlay.PutObserved(Saw("y"));
  overlay.PutSecret({"s", 3});
  EXPECT_THAT(overlay.ReferrersOf({"server", "s1"}), IsEmpty());
  EXPECT_THAT(overlay.ReferrersOf({"server", "s2"}), ElementsAre(Referrer{{"widget", "w"}, ObjectLifecycle::kLive}));
  EXPECT_EQ(overlay.FindObject({"widget", "v"}), nullptr);
  EXPECT_EQ(overlay.FindSecret("s")->input.version, 3);
  EXPECT_EQ(overlay.Objects().size(), 1U);
  ASSERT_EQ(overlay.ObservedOf({"widget", "w"}).size(), 1U);
  EXPECT_NE(overlay.ObservedOf({"widget", "w"})[0]->digest, base.ObservedOf({"widget", "w"})[0]->digest);
  EXPECT_THAT(overlay.ChangedKeys(),
              ElementsAre("object/widget/v", "object/widget/w", "observed/widget/w@s1", "referrers/server/s1",
                          "referrers/server/s2", "secret/s", "secret/s@3"));
  EXPECT_THAT(base.TakeChangedKeys(), IsEmpty());
  EXPECT_EQ(base.ReferrersOf({"server", "s1"}).size(), 2U);
}

TEST(FactOverlay, AnAllocationIsReadAsAnApplyWouldWriteIt) {
  FactBase base;
  auto before = std::make_shared<testing::WidgetAllocation>();
  before->set_next(1);
  base.PutAllocation({{"widget", "w"}, before});
  EXPECT_THAT(base.TakeChangedKeys(), ElementsAre("allocation/widget/w"));
  base.PutAllocation({{"widget", "w"}, std::make_shared<testing::WidgetAllocation>(*before)});
  EXPECT_THAT(base.TakeChangedKeys(), IsEmpty());
  auto after = std::make_shared<testing::WidgetAllocation>();
  after->set_next(2);
  FactOverlay overlay(base);
  overlay.PutAllocation({{"widget", "w"}, after});
  EXPECT_THAT(overlay.ChangedKeys(), ElementsAre("allocation/widget/w"));
  RecordingReader reader(overlay);
  EXPECT_EQ(static_cast<const testing::WidgetAllocation*>(reader.Allocation({"widget", "w"}))->next(), 2);
  EXPECT_EQ(reader.Allocation({"widget", "v"}), nullptr);
  EXPECT_EQ(static_cast<const testing::WidgetAllocation&>(*base.FindAllocation({"widget", "w"})->input.value).next(),
            1);
  base.RemoveAllocation({"widget", "w"});
  EXPECT_THAT(base.TakeChangedKeys(), ElementsAre("allocation/widget/w"));
}

TEST(RecordingReader, NotesEveryReadOnceAbsentOnesToo) {
  FactBase base;
  base.PutObject(MakeTestObject("widget", "w", On("s1")));
  base.PutObserved(Saw("x"));
  RecordingReader reader(base);
  EXPECT_NE(reader.Object({"widget", "w"}), nullptr);
  EXPECT_NE(reader.Object({"widget", "w"}), nullptr);
  EXPECT_EQ(reader.Agent("s1"), nullptr);
  EXPECT_EQ(reader.SecretVersion("s"), 0);
  EXPECT_THAT(reader.ObservedServers({"widget", "w"}), ElementsAre("s1"));
  EXPECT_EQ(reader.Referrers({"server", "s1"}).size(), 1U);
  const std::vector<ReadRecord> reads = reader.TakeReads();
  std::vector<std::string> keys;
  for (const ReadRecord& read : reads) keys.push_back(read.key + (read.digest.empty() ? " absent" : ""));
  EXPECT_THAT(keys, ElementsAre("agent/s1 absent", "object/widget/w", "range/observed/widget/w@", "referrers/server/s1",
                                "secret/s absent"));
}

TEST(MakeObjectInput, UnsetAndItsDefaultAreTheSameWish) {
  v1::kinds::ServerSpec unset;
  (*unset.mutable_files())["/etc/motd"].set_content("hello");
  v1::kinds::ServerSpec set = unset;
  (*set.mutable_files())["/etc/motd"].set_mode("0644");
  EXPECT_EQ(MakeTestObject("server", "a", unset).spec_digest, MakeTestObject("server", "a", set).spec_digest);
}

}  // namespace
}  // namespace podwright::planner
