#include "agent/drivers/database/postgresql/grants.h"

#include <gtest/gtest.h>

namespace podwright::drivers::database::postgresql {
namespace {

std::vector<Row> Reads() {
  return {{"grant", "orders", "report", "database", "CONNECT"},    {"grant", "orders", "report", "schema", "USAGE"},
          {"grant", "orders", "report", "table", "SELECT"},        {"grant", "orders", "report", "sequence", ""},
          {"grant", "orders", "report", "future table", "SELECT"}, {"grant", "orders", "report", "future sequence"}};
}

TEST(Grants, WhatWasGrantedIsNoDifference) {
  EXPECT_TRUE(ChangedGrants(Reads(), {{"report", "read"}}).empty());
}

TEST(Grants, WhatWasTakenAwayFromOneTableIsNoticed) {
  auto rows = Reads();
  rows.push_back({"grant", "orders", "report", "table", ""});
  EXPECT_EQ(ChangedGrants(rows, {{"report", "read"}}).at("report"), "table: nothing");
}

TEST(Grants, WhatWasGivenBeyondIsNoticed) {
  auto rows = Reads();
  rows[2][4] = "SELECT,TRUNCATE";
  EXPECT_TRUE(ChangedGrants(rows, {{"report", "read"}}).contains("report"));
  EXPECT_TRUE(ChangedGrants(Reads(), {{"report", "write"}}).contains("report"));
}

TEST(Grants, APrivilegeOfANewerReleaseIsPartOfAll) {
  const std::vector<Row> rows = {
      {"grant", "orders", "app", "table", "DELETE,INSERT,MAINTAIN,REFERENCES,SELECT,TRIGGER,TRUNCATE,UPDATE"}};
  EXPECT_TRUE(ChangedGrants(rows, {{"app", "all"}}).empty());
  EXPECT_TRUE(ChangedGrants({{"grant", "orders", "app", "table", "SELECT"}}, {{"app", "all"}}).contains("app"));
}

}  // namespace
}  // namespace podwright::drivers::database::postgresql
