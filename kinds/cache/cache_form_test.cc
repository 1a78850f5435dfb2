#include "kinds/cache/cache_form.h"

#include <gtest/gtest.h>

#include "podwright/v1/kinds/cache.pb.h"

namespace podwright::kinds {
namespace {

v1::kinds::CacheMemberAction Member() {
  v1::kinds::CacheMemberAction action;
  (*action.mutable_topology()->mutable_members())["a"] = "10.0.0.1";
  (*action.mutable_topology()->mutable_members())["b"] = "10.0.0.2";
  action.mutable_topology()->set_port(6379);
  action.set_self("a");
  action.set_eviction("noeviction");
  return action;
}

TEST(CacheForm, WhatCountsForTheFirstStartOnlyIsNoDifference) {
  v1::kinds::CacheMemberAction other = Member();
  other.set_first_primary("b");
  other.set_wish(7);
  EXPECT_EQ(CacheMemberDigest(Member()), CacheMemberDigest(other));
}

TEST(CacheForm, EveryLastingSettingIsADifference) {
  v1::kinds::CacheMemberAction other = Member();
  other.set_memory(1);
  EXPECT_NE(CacheMemberDigest(Member()), CacheMemberDigest(other));
  other = Member();
  (*other.mutable_topology()->mutable_sentinels())["a"] = "10.0.0.1";
  EXPECT_NE(CacheMemberDigest(Member()), CacheMemberDigest(other));
  other = Member();
  other.mutable_password()->set_version(2);
  EXPECT_NE(CacheMemberDigest(Member()), CacheMemberDigest(other));
}

TEST(CacheForm, RulesOfOneListAreNotThoseOfAnother) {
  v1::kinds::CacheUsersAction keys;
  (*keys.mutable_users())["app"].add_keys("x");
  v1::kinds::CacheUsersAction channels;
  (*channels.mutable_users())["app"].add_channels("x");
  EXPECT_NE(CacheUsersDigest(keys), CacheUsersDigest(channels));
}

TEST(CacheForm, EndpointsOfIPv6HaveBrackets) {
  EXPECT_EQ(CacheEndpoint("10.0.0.1", 6379), "10.0.0.1:6379");
  EXPECT_EQ(CacheEndpoint("fd00::1", 6379), "[fd00::1]:6379");
}

}  // namespace
}  // namespace podwright::kinds
