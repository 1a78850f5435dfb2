#include "agent/drivers/database/postgresql/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/drivers/database/checks.h"
#include "agent/drivers/database/postgresql/psql.h"

namespace podwright::drivers::database::postgresql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::kinds::DatabaseKept Kept() {
  v1::kinds::DatabaseKept kept;
  auto& configuration = *kept.mutable_configuration();
  configuration.set_engine("postgresql");
  configuration.set_version("15");
  configuration.set_instance("orders");
  configuration.set_member("db-2");
  configuration.set_port(5432);
  (*configuration.mutable_members())["db-1"] = "192.0.2.1";
  (*configuration.mutable_members())["db-2"] = "192.0.2.2";
  (*configuration.mutable_members())["db-3"] = "2001:db8::3";
  return kept;
}

TEST(PostgresqlText, NothingGetsOutOfItsQuotes) {
  EXPECT_EQ(Literal("it's"), "'it''s'");
  EXPECT_EQ(Literal("a\\'b"), " E'a\\\\''b'");
  EXPECT_EQ(Name("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(ConfigValue("o'clock \\n"), "'o''clock \\\\n'");
}

TEST(PostgresqlText, PositionsAreTwoHexNumbers) {
  EXPECT_TRUE(IsPosition("16/B374D848"));
  EXPECT_FALSE(IsPosition("16"));
  EXPECT_FALSE(IsPosition("16/B374D848' or true"));
  EXPECT_FALSE(IsPosition("/1"));
}

TEST(PostgresqlText, AReplicaFollowsItsUpstreamThroughItsSlot) {
  auto kept = Kept();
  kept.set_upstream("db-1");
  const std::string text = ConfText("orders", kept, PathsOf("15", "orders"));
  EXPECT_THAT(text, HasSubstr("primary_conninfo = 'host=192.0.2.1 port=5432 user=podwright_replication"));
  EXPECT_THAT(text, HasSubstr("sslmode=require"));
  EXPECT_THAT(text, HasSubstr("primary_slot_name = 'podwright_db_2'"));
  kept.clear_upstream();
  EXPECT_THAT(ConfText("orders", kept, PathsOf("15", "orders")), HasSubstr("primary_conninfo = ''"));
}

TEST(PostgresqlText, EveryMemberNamesTheOthersAsSynchronous) {
  auto kept = Kept();
  const Paths paths = PathsOf("15", "orders");
  EXPECT_THAT(ConfText("orders", kept, paths), HasSubstr("synchronous_standby_names = ''"));
  kept.mutable_configuration()->set_sync_mode("quorum");
  kept.mutable_configuration()->set_sync_count(1);
  EXPECT_THAT(ConfText("orders", kept, paths), HasSubstr("'ANY 1 (\"db-1\", \"db-3\")'"));
  kept.mutable_configuration()->set_sync_mode("synchronous");
  EXPECT_THAT(ConfText("orders", kept, paths), HasSubstr("'FIRST 1 (\"db-1\", \"db-3\")'"));
}

TEST(PostgresqlText, DeclaredParametersComeLastAndWin) {
  auto kept = Kept();
  (*kept.mutable_configuration()->mutable_parameters())["max_wal_senders"] = "30";
  const std::string text = ConfText("orders", kept, PathsOf("15", "orders"));
  EXPECT_LT(text.find("max_wal_senders = '20'"), text.find("max_wal_senders = '30'"));
}

TEST(PostgresqlText, MembersComeInOverTlsAndTheAdministratorNotAtAll) {
  auto kept = Kept();
  kept.mutable_configuration()->add_clients("10.0.0.0/8");
  const std::string text = HbaText("orders", kept.configuration(), "");
  EXPECT_THAT(text, HasSubstr("hostssl replication podwright_replication 192.0.2.1/32 scram-sha-256\n"));
  EXPECT_THAT(text, HasSubstr("hostssl replication podwright_replication 2001:db8::3/128 scram-sha-256\n"));
  EXPECT_THAT(text, HasSubstr("host all podwright_replication all reject\n"));
  EXPECT_THAT(text, HasSubstr("host all postgres all reject\n"));
  EXPECT_THAT(text, HasSubstr("host all all 10.0.0.0/8 scram-sha-256\n"));
  EXPECT_THAT(text, Not(HasSubstr("samenet")));
  EXPECT_THAT(HbaText("orders", kept.configuration(), "host a b 192.0.2.9/32 md5\n"), HasSubstr("192.0.2.9/32 md5"));
}

// RFC 5802 has no vector of SCRAM-SHA-256; this is that of RFC 7677, of the user "user" with the password "pencil".
TEST(PostgresqlText, TheVerifierIsThatOfTheStandard) {
  const std::string salt("\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81", 16);
  const auto verifier = ScramVerifier("pencil", salt);
  ASSERT_TRUE(verifier.ok());
  EXPECT_EQ(*verifier,
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  EXPECT_FALSE(ScramVerifier("", salt).ok());
  EXPECT_FALSE(ScramVerifier("pass\xc3\xa9", salt).ok());
}

TEST(PostgresqlText, APasswordFileEscapesWhatDividesIt) {
  const auto text = PassfileText(Kept().configuration(), "a:b\\c");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "*:5432:*:podwright_replication:a\\:b\\\\c\n");
  EXPECT_FALSE(PassfileText(Kept().configuration(), "a\nb").ok());
}

TEST(PostgresqlText, TheControlFileTellsWhereAFormerPrimaryStopped) {
  const auto data = ParseControlData(
      "Database system identifier:           7300000000000000001\n"
      "Database cluster state:               shut down\n"
      "Latest checkpoint location:           0/3000028\n"
      "Latest checkpoint's TimeLineID:       2\n"
      "max_connections setting:              120\n"
      "Data page checksum version:           1\n");
  ASSERT_TRUE(data.ok());
  EXPECT_TRUE(data->clean);
  EXPECT_EQ(data->checkpoint, "0/3000028");
  EXPECT_EQ(data->timeline, 2);
  EXPECT_TRUE(data->checksums);
  EXPECT_EQ(data->limits.at("max_connections setting"), 120);
  EXPECT_FALSE(ParseControlData("pg_controldata: error").ok());
}

TEST(PostgresqlText, MarksAndNotesAreReadAsTheyWereWritten) {
  const Mark mark = ParseMark(MarkText({"orders", "ready", true}));
  EXPECT_EQ(mark.object, "orders");
  EXPECT_EQ(mark.state, "ready");
  EXPECT_TRUE(mark.adopted);
  RoleNote login;
  login.user = "app";
  login.version = 7;
  EXPECT_EQ(ParseRoleNote(RoleNoteText(login)).version, 7);
  EXPECT_EQ(ParseRoleNote(RoleNoteText(login)).user, "app");
  RoleNote user;
  user.user = "app";
  user.grants = {{"orders", "read"}};
  EXPECT_EQ(ParseRoleNote(RoleNoteText(user)).grants, user.grants);
  EXPECT_EQ(ParseRoleNote("somebody's comment").user, "");
}

TEST(PostgresqlText, TheRoleCheckAsksEveryOtherMember) {
  const std::string text = CheckText("orders", Kept().configuration(), PathsOf("15", "orders"));
  EXPECT_THAT(text, HasSubstr("db-1=192.0.2.1"));
  EXPECT_THAT(text, Not(HasSubstr("db-2=192.0.2.2")));
  EXPECT_THAT(text, HasSubstr("standby.signal ] && exit 0"));
}

TEST(PostgresqlText, TheServersWordsAreKeptWithoutPsqls) {
  EXPECT_EQ(ServerWords("psql:<stdin>:12: ERROR:  extension \"nope\" is not available\n"),
            "ERROR:  extension \"nope\" is not available");
}

TEST(DatabaseChecks, WhatIsNoAddressOrNameIsRefused) {
  auto configuration = Kept().configuration();
  EXPECT_TRUE(CheckConfiguration(configuration).ok());
  configuration.add_clients("10.0.0.0/33");
  EXPECT_FALSE(CheckConfiguration(configuration).ok());
  configuration.clear_clients();
  (*configuration.mutable_members())["db-1"] = "192.0.2.1 all trust";
  EXPECT_FALSE(CheckConfiguration(configuration).ok());
  configuration = Kept().configuration();
  configuration.set_instance("../etc");
  EXPECT_FALSE(CheckConfiguration(configuration).ok());
  configuration = Kept().configuration();
  (*configuration.mutable_parameters())["work_mem"] = "1\ninclude 'x'";
  EXPECT_FALSE(CheckConfiguration(configuration).ok());
}

}  // namespace
}  // namespace podwright::drivers::database::postgresql
