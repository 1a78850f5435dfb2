// What is pure of MariaDB's engine: positions, SQL, option files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/drivers/database/mysql/client.h"
#include "agent/drivers/database/mysql/configuration.h"
#include "agent/drivers/database/mysql/gtid.h"
#include "agent/drivers/database/mysql/sql.h"

namespace podwright::drivers::database::mysql {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

GtidPosition At(const std::string& text) {
  return ParseGtidPosition(text).value();
}

TEST(Gtid, APositionIsReadAndWritten) {
  EXPECT_EQ(FormatGtidPosition(At("1-7-3, 0-11-42")), "0-11-42,1-7-3");
  EXPECT_TRUE(At("").empty());
  for (const char* bad : {"0-11", "0-11-x", "0-11-4;drop", "-1-1-1", "0-11-42,"}) {
    EXPECT_FALSE(ParseGtidPosition(bad).ok()) << bad;
  }
}

TEST(Gtid, WhoHasEverythingCovers) {
  EXPECT_TRUE(Covers(At("0-11-42"), At("0-11-42")));
  EXPECT_TRUE(Covers(At("0-12-43"), At("0-11-42")));
  EXPECT_TRUE(Covers(At("0-11-1"), At("")));
  EXPECT_FALSE(Covers(At("0-11-41"), At("0-11-42")));
  EXPECT_FALSE(Covers(At("0-11-42"), At("0-11-42,1-1-1")));
  EXPECT_EQ(FormatGtidPosition(Later(At("0-11-42,1-1-1"), At("0-12-43"))), "0-12-43,1-1-1");
}

TEST(Gtid, TheStateOfALogEndsWithTheLastTransactionOfADomain) {
  EXPECT_EQ(FormatGtidPosition(ParseBinlogState("0-11-42\n0-12-40\n0-12-44\n").value()), "0-12-44");
}

TEST(Sql, NamesAndStringsCannotEndEarly) {
  EXPECT_EQ(QuoteName("a`b"), "`a``b`");
  EXPECT_EQ(QuoteString("it's \\ \n"), "'it''s \\\\ \\n'");
}

TEST(Sql, TheVerifierIsMysqlNativePasswords) {
  EXPECT_EQ(PasswordVerifier("secret pw").value(), "*81262C7713152FF576A1FB36EBFC09905A659B48");
}

TEST(Sql, NetworksBecomeHosts) {
  EXPECT_EQ(HostOfNetwork("10.1.2.3/24").value(), "10.1.2.0/255.255.255.0");
  EXPECT_EQ(HostOfNetwork("10.1.2.3/32").value(), "10.1.2.3");
  EXPECT_EQ(HostOfNetwork("0.0.0.0/0").value(), "%");
  EXPECT_EQ(HostOfNetwork("fd00:1::/32").value(), "fd00:1:%");
  EXPECT_EQ(HostOfNetwork("fd00::7/128").value(), "fd00::7");
  for (const char* bad : {"fd00::/33", "10.0.0.0/33", "10.0.0/8", "x", "10.0.0.0/"}) {
    EXPECT_FALSE(HostOfNetwork(bad).ok()) << bad;
  }
}

TEST(Sql, AnAccountIsMadeForEachHostAndOthersGo) {
  const std::string sql = EnsureAccount({"app", {"10.0.0.1"}, {"*A", "*B"}, 5}, {"10.0.0.1", "%"});
  EXPECT_THAT(sql, AllOf(HasSubstr("DROP USER IF EXISTS 'app'@'%';"),
                         HasSubstr("ALTER USER 'app'@'10.0.0.1' IDENTIFIED VIA mysql_native_password USING '*A' OR "
                                   "mysql_native_password USING '*B' WITH MAX_USER_CONNECTIONS 5;"),
                         Not(HasSubstr("DROP USER IF EXISTS 'app'@'10.0.0.1'"))));
}

TEST(Sql, WhatIsLeftOfADeletedAccountIsNotInTheWay) {
  const std::string sql = EnsureAccount({"app", {"10.0.0.1"}, {"*A"}, 0}, {});
  EXPECT_LT(sql.find("DROP USER IF EXISTS 'app'@'10.0.0.1'"), sql.find("CREATE USER IF NOT EXISTS 'app'@'10.0.0.1'"));
}

TEST(Sql, AnAccountWithoutAPasswordLetsNobodyIn) {
  const std::string sql = EnsureAccount({"app", {"%"}, {}, 0}, {});
  EXPECT_THAT(sql, AllOf(HasSubstr("CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED VIA mysql_native_password USING "
                                   "'invalid'"),
                         HasSubstr("ALTER USER 'app'@'%' WITH MAX_USER_CONNECTIONS 0;")));
}

TEST(Sql, AGrantIsForOneDatabaseAndNotForThoseThatLookAlike) {
  const std::string sql = SetGrant("app", {"%"}, "a_b", "read");
  EXPECT_THAT(sql, AllOf(HasSubstr("GRANT SELECT, SHOW VIEW ON `a\\_b`.* TO 'app'@'%';"),
                         HasSubstr("REVOKE INSERT, UPDATE"), HasSubstr("REVOKE GRANT OPTION ON `a\\_b`.*")));
  EXPECT_THAT(SetGrant("app", {"%"}, "shop", "owner"), Not(HasSubstr("REVOKE")));
  EXPECT_THAT(SetGrant("app", {"%"}, "shop", ""), HasSubstr("REVOKE ALL PRIVILEGES"));
  EXPECT_EQ(DatabaseOfPattern(DatabasePattern("a_b\\c%")), "a_b\\c%");
}

TEST(Sql, LevelsAreReadFromTheColumns) {
  EXPECT_EQ(LevelOf("YYNNNNNNNNNNNNNNNNNN"), "read");
  EXPECT_EQ(LevelOf("YYYYYYYNNNNNNNNNNNNN"), "write");
  EXPECT_EQ(LevelOf("YYYYYYYYYYYYYYYYYYYN"), "all");
  EXPECT_EQ(LevelOf("YYYYYYYYYYYYYYYYYYYY"), "owner");
  EXPECT_EQ(LevelOf("YNNNNNNNNNNNNNNNNNNN"), "other");
  EXPECT_EQ(LevelOf("YYNNNNNNNNNNNNNNNNNY"), "other");
}

Settings Some() {
  return {"orders",
          "orders",
          "db-1",
          "10.0.0.1",
          3306,
          {{"max_connections", "50"}, {"init_connect", "SET @a='\\'"}},
          {"10.0.0.0/24", "10.1.0.0/16"}};
}

TEST(Configuration, DeclaredParametersStandBehindPodwrightsOwn) {
  const std::string text = ConfigurationText(Some());
  EXPECT_LT(text.find("gtid_strict_mode"), text.find("max_connections = \"50\""));
  EXPECT_THAT(text, AllOf(HasSubstr("init_connect = \"SET @a='\\\\'\""),
                          HasSubstr("!include /etc/mysql/podwright/orders.role.cnf")));
  EXPECT_EQ(ParseOptions(text).at("max_connections"), "\"50\"");
  EXPECT_EQ(DeclaredOptions(text).size(), 2U);
  EXPECT_THAT(ClientNetworks(text), ElementsAre("10.0.0.0/24", "10.1.0.0/16"));
}

TEST(Configuration, OnlyAPrimaryIsWritableAtAStart) {
  EXPECT_THAT(RoleText({Part::kPrimary, true, 1, ""}),
              AllOf(HasSubstr("read_only = OFF"), HasSubstr("master_enabled = ON")));
  for (const Part part : {Part::kReplica, Part::kFenced, Part::kClone}) {
    EXPECT_THAT(RoleText({part, true, 1, ""}), AllOf(HasSubstr("read_only = ON"), HasSubstr("master_enabled = OFF")));
  }
  EXPECT_THAT(RoleText({Part::kFenced, false, 1, ""}), HasSubstr("skip_slave_start"));
}

TEST(Configuration, ARoleIsReadBack) {
  for (const RoleFile& role : {RoleFile{Part::kPrimary, true, 3, ""}, RoleFile{Part::kFenced, false, 2, "0-11-42"},
                               RoleFile{Part::kReplica, false, 0, ""}, RoleFile{Part::kClone, false, 0, ""}}) {
    EXPECT_EQ(ParseRole(RoleText(role)), role);
  }
  EXPECT_EQ(ParseRole("[mysqld]\nread_only = OFF\n"), std::nullopt);
}

TEST(Configuration, MembersHaveNumbersOfTheirOwn) {
  EXPECT_NE(ServerId("db-1"), ServerId("db-2"));
  EXPECT_EQ(ServerId("db-1"), ServerId("db-1"));
}

TEST(Configuration, WhatPodwrightSetsIsRefused) {
  for (const char* own : {"port", "read_only", "skip_networking", "log-bin", "loose_server_id", "skip_log_bin"}) {
    EXPECT_FALSE(CheckParameter(own, "1").ok()) << own;
  }
  EXPECT_FALSE(CheckParameter("max_connections", "1\n[client]").ok());
  EXPECT_FALSE(CheckParameter("a=b", "1").ok());
  EXPECT_TRUE(CheckParameter("max_connections", "50").ok());
}

TEST(Configuration, AValueTakesTheFormOfItsVariable) {
  EXPECT_EQ(GlobalValue("BIGINT UNSIGNED", "256M").value(), "268435456");
  EXPECT_EQ(GlobalValue("BOOLEAN", "ON").value(), "'ON'");
  EXPECT_EQ(GlobalValue("BOOLEAN", "1").value(), "1");
  EXPECT_EQ(GlobalValue("DOUBLE", "0.5").value(), "0.5");
  EXPECT_EQ(GlobalValue("VARCHAR", "a'b").value(), "'a''b'");
  EXPECT_FALSE(GlobalValue("BIGINT UNSIGNED", "12 OR 1").ok());
  EXPECT_FALSE(GlobalValue("BIGINT UNSIGNED", "256MB").ok());
  EXPECT_FALSE(GlobalValue("BIGINT UNSIGNED", "99999999999999T").ok());
  EXPECT_FALSE(GlobalValue("DOUBLE", "sleep(9)").ok());
}

struct FakePrograms final : host::Programs {
  ProcessRequest last;
  ProcessResult answer;
  Result<ProcessResult> Run(const ProcessRequest& request) override {
    last = request;
    return answer;
  }
};

TEST(Client, SqlGoesThroughStandardInput) {
  FakePrograms programs;
  programs.answer.out = "1\ta\\tb\n2\tc\\\\\\n\n";
  const auto rows = Client(programs, "/run/x.sock").Query("SELECT 'secret'");
  ASSERT_TRUE(rows.ok());
  EXPECT_THAT(*rows, ElementsAre(Row{"1", "a\tb"}, Row{"2", "c\\\n"}));
  EXPECT_THAT(programs.last.stdin_bytes, HasSubstr("SET SESSION sql_mode='';\nSELECT 'secret'"));
  for (const std::string& argument : programs.last.argv) EXPECT_THAT(argument, Not(HasSubstr("secret")));
}

TEST(Client, AnErrorHasTheServersWordsAndNotTheStatement) {
  FakePrograms programs;
  programs.answer.exit_code = 1;
  programs.answer.err =
      "--------------\nCREATE USER x IDENTIFIED BY 'secret'\n--------------\n\n"
      "ERROR 1064 (42000) at line 1: You have an error in your SQL syntax; near 'secret' at line 1\n";
  const Status status = Client(programs, "/run/x.sock").Run("CREATE USER x IDENTIFIED BY 'secret'");
  EXPECT_THAT(status.error().message(), AllOf(HasSubstr("ERROR 1064"), Not(HasSubstr("secret"))));
  programs.answer.err = "ERROR 2002 (HY000): Can't connect to local server through socket\n";
  EXPECT_EQ(Client(programs, "/run/x.sock").Run("SELECT 1").error().code(), ErrorCode::kUnavailable);
}

TEST(Client, AShownRowIsReadByColumn) {
  FakePrograms programs;
  programs.answer.out =
      "*************************** 1. row ***************************\n                   Master_Host: 10.0.0.1\n"
      "                 Last_IO_Error: \n";
  const auto shown = Client(programs, "/run/x.sock").Show("SHOW SLAVE STATUS");
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->at("Master_Host"), "10.0.0.1");
  EXPECT_EQ(shown->at("Last_IO_Error"), "");
}

}  // namespace
}  // namespace podwright::drivers::database::mysql
