#include "agent/drivers/load_balancer/health/role_choice.h"

#include <gtest/gtest.h>

namespace podwright::drivers {
namespace {

using roles::Role;
using roles::RoleClaim;

const FollowedObject kOrders{
    "database", "orders", {{"db-1", "10.0.0.1:5432"}, {"db-2", "10.0.0.2:5432"}, {"db-3", "10.0.0.3:5432"}}, {}};
const FollowedObject kSessions{
    "cache", "sessions", {{"c-1", "10.0.0.1:6379"}, {"c-2", "10.0.0.2:6379"}}, {"s-1", "s-2", "s-3"}};

std::vector<RoleClaim> Is(Role role, std::uint64_t epoch) {
  return {{"database", "orders", role, epoch, ""}};
}
std::vector<RoleClaim> Names(const std::string& primary, std::uint64_t epoch) {
  return {{"cache", "sessions", Role::kWitness, epoch, primary}};
}

TEST(RoleChoice, TheMemberThatClaimsToBePrimaryIsBelieved) {
  EXPECT_EQ(ChoosePrimary(kOrders, {{"db-1", Is(Role::kReplica, 1)}, {"db-2", Is(Role::kPrimary, 1)}}, {}),
            (PrimaryChoice{"db-2", 1}));
}

TEST(RoleChoice, TheHighestEpochWinsAmongTwoPrimaries) {
  EXPECT_EQ(ChoosePrimary(kOrders, {{"db-1", Is(Role::kPrimary, 3)}, {"db-2", Is(Role::kPrimary, 4)}}, {"db-1", 3}),
            (PrimaryChoice{"db-2", 4}));
}

TEST(RoleChoice, TwoPrimariesOfOneEpochChangeNothing) {
  EXPECT_EQ(ChoosePrimary(kOrders, {{"db-1", Is(Role::kPrimary, 3)}, {"db-2", Is(Role::kPrimary, 3)}}, {"db-1", 3}),
            (PrimaryChoice{"db-1", 3}));
}

TEST(RoleChoice, WhoSaysNothingChangesNothing) {
  EXPECT_EQ(ChoosePrimary(kOrders, {}, {"db-1", 3}), (PrimaryChoice{"db-1", 3}));
  EXPECT_EQ(ChoosePrimary(kOrders, {{"db-1", Is(Role::kUnknown, 3)}, {"db-2", Is(Role::kReplica, 3)}}, {"db-1", 3}),
            (PrimaryChoice{"db-1", 3}));
}

TEST(RoleChoice, AnOldPrimaryThatComesBackIsNotBelievedWhileTheNewOneIsSilent) {
  EXPECT_EQ(ChoosePrimary(kOrders, {{"db-1", Is(Role::kPrimary, 3)}, {"db-3", Is(Role::kReplica, 4)}}, {"db-2", 4}),
            (PrimaryChoice{"db-2", 4}));
}

TEST(RoleChoice, ADatabaseThatWasMadeAnewIsFollowedFromItsFirstEpoch) {
  EXPECT_EQ(ChoosePrimary(kOrders, {{"db-2", Is(Role::kPrimary, 1)}}, {"db-2", 4}), (PrimaryChoice{"db-2", 1}));
  EXPECT_EQ(
      ChoosePrimary(kOrders,
                    {{"db-1", Is(Role::kPrimary, 1)}, {"db-2", Is(Role::kReplica, 1)}, {"db-3", Is(Role::kReplica, 1)}},
                    {"db-2", 4}),
      (PrimaryChoice{"db-1", 1}));
}

TEST(RoleChoice, OnlyDeclaredMembersAndTheirOwnObjectAreBelieved) {
  EXPECT_EQ(ChoosePrimary(kOrders, {{"stranger", Is(Role::kPrimary, 9)}}, {"db-1", 3}), (PrimaryChoice{"db-1", 3}));
  EXPECT_EQ(ChoosePrimary(kOrders, {{"db-2", {{"database", "other", Role::kPrimary, 9, ""}}}}, {"db-1", 3}),
            (PrimaryChoice{"db-1", 3}));
  EXPECT_EQ(ChoosePrimary(kOrders, {{"db-2", {{"cache", "orders", Role::kPrimary, 9, ""}}}}, {"db-1", 3}),
            (PrimaryChoice{"db-1", 3}));
}

TEST(RoleChoice, TheMajorityOfAllSentinelsDecides) {
  const PrimaryChoice before{"c-1", 5};
  EXPECT_EQ(ChoosePrimary(kSessions, {{"s-1", Names("10.0.0.2:6379", 6)}, {"s-2", Names("10.0.0.2:6379", 6)}}, before),
            (PrimaryChoice{"c-2", 6}));
  EXPECT_EQ(ChoosePrimary(kSessions, {{"s-1", Names("10.0.0.2:6379", 6)}}, before), before);
  EXPECT_EQ(
      ChoosePrimary(
          kSessions,
          {{"s-1", Names("10.0.0.2:6379", 6)}, {"s-2", Names("10.0.0.1:6379", 5)}, {"s-3", Names("10.0.0.1:6379", 5)}},
          before),
      before);
}

TEST(RoleChoice, SentinelsCannotNameAStranger) {
  const auto strange = Names("10.9.9.9:6379", 9);
  EXPECT_EQ(ChoosePrimary(kSessions, {{"s-1", strange}, {"s-2", strange}, {"s-3", strange}}, {"c-1", 5}),
            (PrimaryChoice{"c-1", 5}));
}

TEST(RoleChoice, AMemberThatSentinelsNameIsTakenWhenItIsNoReplicaAnyMore) {
  const auto named = Names("10.0.0.2:6379", 6);
  ToldRoles told{{"s-1", named}, {"s-2", named}, {"c-2", {{"cache", "sessions", Role::kReplica, 0, ""}}}};
  EXPECT_EQ(ChoosePrimary(kSessions, told, {"c-1", 5}), (PrimaryChoice{"c-1", 5}));
  told["c-2"] = {{"cache", "sessions", Role::kPrimary, 0, ""}};
  EXPECT_EQ(ChoosePrimary(kSessions, told, {"c-1", 5}), (PrimaryChoice{"c-2", 6}));
}

TEST(RoleChoice, WhereTheOldPrimaryFollowsTheNewOneSentinelsNeedNotHaveHeardOfIt) {
  const auto named = Names("10.0.0.1:6379", 5);
  ToldRoles told{{"s-1", named},
                 {"s-2", named},
                 {"c-1", {{"cache", "sessions", Role::kReplica, 0, "10.0.0.2:6379"}}},
                 {"c-2", {{"cache", "sessions", Role::kPrimary, 0, "10.0.0.2:6379"}}}};
  EXPECT_EQ(ChoosePrimary(kSessions, told, {"c-1", 5}), (PrimaryChoice{"c-2", 5}));
  // One that calls itself primary, and that nobody follows, is not enough.
  told["c-1"] = {{"cache", "sessions", Role::kPrimary, 0, "10.0.0.1:6379"}};
  EXPECT_EQ(ChoosePrimary(kSessions, told, {"c-1", 5}), (PrimaryChoice{"c-1", 5}));
  // Nor is one that is only followed, and is a replica still.
  told["c-1"] = {{"cache", "sessions", Role::kReplica, 0, "10.0.0.2:6379"}};
  told["c-2"] = {{"cache", "sessions", Role::kReplica, 0, "10.0.0.1:6379"}};
  EXPECT_EQ(ChoosePrimary(kSessions, told, {"c-1", 5}), (PrimaryChoice{"c-1", 5}));
}

TEST(RoleChoice, AServerThatIsMemberAndSentinelSpeaksAsBoth) {
  FollowedObject both = kSessions;
  both.witnesses = {"c-1", "c-2", "s-3"};
  const ToldRoles told{{"c-2", {{"cache", "sessions", Role::kPrimary, 0, ""}, Names("10.0.0.2:6379", 6).front()}},
                       {"s-3", Names("10.0.0.2:6379", 6)}};
  EXPECT_EQ(ChoosePrimary(both, told, {"c-1", 5}), (PrimaryChoice{"c-2", 6}));
}

}  // namespace
}  // namespace podwright::drivers
