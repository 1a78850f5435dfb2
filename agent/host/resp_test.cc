// What is sent to Redis, and what is understood of its answers.
#include "agent/host/resp.h"

#include <gtest/gtest.h>

namespace podwright::host {
namespace {

TEST(Resp, ACommandIsAListOfTexts) {
  EXPECT_EQ(EncodeCommand({"SET", "k", "a\r\nb"}), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n");
}

TEST(Resp, EveryTypeOfAnswerIsRead) {
  const auto whole = ParseReply("*5\r\n+OK\r\n:-7\r\n$3\r\nabc\r\n$-1\r\n*1\r\n-ERR no\r\nrest");
  ASSERT_TRUE(whole.ok() && *whole);
  const RedisReply& reply = (*whole)->reply;
  ASSERT_EQ(reply.items.size(), 5U);
  EXPECT_EQ(reply.items[0].text, "OK");
  EXPECT_EQ(reply.items[1].integer, -7);
  EXPECT_EQ(reply.items[2].text, "abc");
  EXPECT_EQ(reply.items[3].type, RedisReply::Type::kNull);
  EXPECT_EQ(reply.items[4].items[0].text, "ERR no");
  EXPECT_EQ((*whole)->size, std::string("*5\r\n+OK\r\n:-7\r\n$3\r\nabc\r\n$-1\r\n*1\r\n-ERR no\r\n").size());
}

TEST(Resp, APartOfAnAnswerWaitsForTheRest) {
  const std::string whole = "*2\r\n$2\r\nab\r\n:1\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto parsed = ParseReply(std::string_view(whole).substr(0, size));
    ASSERT_TRUE(parsed.ok()) << size;
    EXPECT_FALSE(*parsed) << size;
  }
}

TEST(Resp, WhatIsNoAnswerIsRefused) {
  for (const char* bytes : {"HTTP/1.1 400\r\n", "$99999999999\r\n", "*-2\r\n", ":x\r\n", "\r\n",
                            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"}) {
    EXPECT_FALSE(ParseReply(bytes).ok()) << bytes;
  }
}

TEST(Resp, FieldsAreNamesAndValuesInTurn) {
  const auto parsed = ParseReply("*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\na\r\n");
  EXPECT_EQ((*parsed)->reply.Field("a"), "1");
  EXPECT_EQ((*parsed)->reply.Field("b"), "a");
  EXPECT_EQ((*parsed)->reply.Field("c"), "");
}

}  // namespace
}  // namespace podwright::host
