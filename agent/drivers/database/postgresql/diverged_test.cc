#include "agent/drivers/database/postgresql/diverged.h"

#include <gtest/gtest.h>

namespace podwright::drivers::database::postgresql {
namespace {

TEST(Diverged, WhereTheServersPartedIsReadFromPgRewind) {
  const auto found = ParseDivergence(
      "pg_rewind: servers diverged at WAL location 0/3000148 on timeline 1\n"
      "pg_rewind: rewinding from last common checkpoint at 0/2000060 on timeline 1\n");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->position, "0/3000148");
  EXPECT_EQ(found->timeline, "1");
  EXPECT_FALSE(ParseDivergence("pg_rewind: no rewind required\n").has_value());
  EXPECT_FALSE(ParseDivergence("diverged at WAL location nowhere on timeline x").has_value());
}

TEST(Diverged, WhatWasCommittedHereAloneIsCountedWithItsTimes) {
  const std::string lines =
      "rmgr: Transaction len (rec/tot):     34/    34, tx:        740, lsn: 0/03000190, prev 0/03000148, desc: COMMIT "
      "2026-11-22 07:00:00.100000 UTC\n"
      "rmgr: Transaction len (rec/tot):     34/    34, tx:        741, lsn: 0/03000290, prev 0/03000190, desc: ABORT "
      "2026-11-22 07:00:01.100000 UTC\n"
      "rmgr: Transaction len (rec/tot):     34/    34, tx:        742, lsn: 0/03000390, prev 0/03000290, desc: COMMIT "
      "2026-11-22 07:00:02.100000 UTC\n";
  EXPECT_EQ(
      AloneText({"0/3000148", "1"}, lines),
      "until 0/3000148 of the timeline 1 it had what the others have; after it 2 transactions were committed here "
      "alone, from 2026-11-22 07:00:00.100000 to 2026-11-22 07:00:02.100000: the rewind takes them away");
  EXPECT_EQ(
      AloneText({"0/3000148", "1"}, ""),
      "until 0/3000148 of the timeline 1 it had what the others have; no transaction was committed here after it");
}

}  // namespace
}  // namespace podwright::drivers::database::postgresql
