#include "kinds/database/database_form.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "podwright/v1/kinds/database.pb.h"

namespace podwright::kinds {
namespace {

TEST(DatabaseForm, TheInstanceIsNamedAfterTheObjectUnlessDeclared) {
  v1::kinds::DatabaseSpec spec;
  EXPECT_EQ(DatabaseInstance("shop-orders", spec), "shop_orders");
  spec.set_instance("main");
  EXPECT_EQ(DatabaseInstance("shop-orders", spec), "main");
}

TEST(DatabaseForm, EveryEngineHasItsOwnPort) {
  v1::kinds::DatabaseSpec spec;
  spec.set_engine("postgresql");
  EXPECT_EQ(DatabasePort(spec), 5432);
  spec.set_engine("mysql");
  EXPECT_EQ(DatabasePort(spec), 3306);
  spec.set_port(7000);
  EXPECT_EQ(DatabasePort(spec), 7000);
}

TEST(DatabaseForm, SlotsNameTheirMembers) {
  EXPECT_EQ(SlotOfMember("db-1"), "podwright_db_1");
  EXPECT_EQ(MemberOfSlot("podwright_db_1"), "db-1");
  EXPECT_EQ(MemberOfSlot("somebody_elses"), "");
}

TEST(DatabaseForm, EveryPartOfAConfigurationIsInItsDigest) {
  v1::kinds::DatabaseConfiguration one;
  one.set_engine("postgresql");
  (*one.mutable_members())["db-1"] = "192.0.2.1";
  std::set<std::string> digests{DatabaseConfigurationDigest(one)};
  const auto differs = [&] { EXPECT_TRUE(digests.insert(DatabaseConfigurationDigest(one)).second); };
  (*one.mutable_members())["db-2"] = "192.0.2.2";
  differs();
  (*one.mutable_members())["db-2"] = "192.0.2.3";
  differs();
  one.add_clients("192.0.2.0/24");
  differs();
  (*one.mutable_parameters())["work_mem"] = "4MB";
  differs();
  one.set_sync_mode("quorum");
  differs();
  one.set_sync_count(1);
  differs();
  one.mutable_replication()->set_version(1);
  differs();
}

TEST(DatabaseForm, WhatPodwrightNeedsItselfIsReserved) {
  EXPECT_TRUE(IsReservedParameter("postgresql", "primary_conninfo"));
  EXPECT_TRUE(IsReservedParameter("postgresql", "recovery_target_timeline"));
  EXPECT_FALSE(IsReservedParameter("postgresql", "work_mem"));
  EXPECT_TRUE(IsReservedParameter("mysql", "server_id"));
  EXPECT_FALSE(IsReservedParameter("mysql", "port_open_timeout"));
}

}  // namespace
}  // namespace podwright::kinds
