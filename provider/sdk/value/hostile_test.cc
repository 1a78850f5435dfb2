// What a hostile peer may send: little input must not become much memory, nor much time, nor a crash.
#include <gtest/gtest.h>

#include "provider/sdk/value/json.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk {
namespace {

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

// An array of `count` times `element`.
std::string Array(std::uint32_t count, const std::string& element) {
  std::string bytes = Bytes({0xdd, static_cast<int>(count >> 24U), static_cast<int>((count >> 16U) & 0xffU),
                             static_cast<int>((count >> 8U) & 0xffU), static_cast<int>(count & 0xffU)});
  for (std::uint32_t i = 0; i < count; ++i) bytes += element;
  return bytes;
}

TEST(HostileMsgpack, FewBytesDoNotBecomeManyDigits) {
  const Result<Value> exponents = DecodeMsgpack(Array(100'000,
                                                      "\xa6"
                                                      "1e4096"),
                                                Type::List(Type::Number()));
  ASSERT_FALSE(exponents.ok());
  EXPECT_NE(exponents.error().message().find("too many digits"), std::string::npos);
  const Result<Value> tiny =
      DecodeMsgpack(Array(100'000, Bytes({0xcb, 0, 0, 0, 0, 0, 0, 0, 1})), Type::List(Type::Number()));
  EXPECT_FALSE(tiny.ok());  // each is 1,074 places
}

TEST(HostileMsgpack, SixtyFourMebibytesOfNothingAreRefused) {
  const Result<Value> nulls = DecodeMsgpack(Array(64U << 20U, "\xc0"), Type::List(Type::String()));
  ASSERT_FALSE(nulls.ok());
  EXPECT_EQ(nulls.error().code(), ErrorCode::kResourceExhausted);
}

TEST(HostileMsgpack, OneStringOfSixtyFourMebibytesIsTaken) {
  const Type type = Type::Object({{"content", Type::String()}});
  const Value value = Value::Object({{"content", Value::String(std::string(64U << 20U, 'x'))}});
  EXPECT_EQ(DecodeMsgpack(EncodeMsgpack(value, type).value(), type).value(), value);
}

TEST(HostileMsgpack, DepthOfTypeAndValueIsBounded) {
  Type type = Type::String();
  std::string bytes =
      "\xa1"
      "x";
  for (int i = 0; i < 127; ++i) {
    type = Type::List(type);
    bytes = "\x91" + bytes;
  }
  EXPECT_TRUE(DecodeMsgpack(bytes, type).ok());
  EXPECT_FALSE(DecodeMsgpack("\x91"
                             "\x91" +
                                 bytes,
                             Type::List(Type::List(type)))
                   .ok());
}

TEST(HostileMsgpack, LyingLengthsInRefinementsAndTypesAreErrors) {
  for (const std::string& bytes :
       {Bytes({0xc7, 6, 12, 0xdf, 0xff, 0xff, 0xff, 0xff, 0}), Bytes({0xc7, 6, 12, 0x81, 2, 0xdb, 0xff, 0xff, 0xff}),
        Bytes({0xc9, 0xff, 0xff, 0xff, 0xff, 12}), Bytes({0x92, 0xc6, 0xff, 0xff, 0xff, 0xff}), Bytes({0xd8, 12})}) {
    EXPECT_FALSE(DecodeMsgpack(bytes, Type::Dynamic()).ok() && DecodeMsgpack(bytes, Type::String()).ok());
  }
}

TEST(HostileJson, FewBytesDoNotBecomeMuch) {
  const auto list = [](const std::string& element, int count) {
    std::string text = "[" + element;
    for (int i = 1; i < count; ++i) text += "," + element;
    return text + "]";
  };
  EXPECT_FALSE(ParseJson(list("1e4096", 100'000)).ok());
  EXPECT_FALSE(ParseJson(list("0", 4'000'001)).ok());
  EXPECT_TRUE(ParseJson(list("1e400", 1000)).ok());
  EXPECT_EQ(Number::Parse("123.4567e2").value().text(), "12345.67");
  EXPECT_EQ(Number::Parse("1.5e4").value().text(), "15000");
}

TEST(Json, TextIsReadAsTheStandardSays) {
  EXPECT_EQ(
      ParseJson(R"( {"a" : [ true , null, "\u00e9\ud83d\ude00\n\/" ] , "b":{} } )").value().Get("a").elements()[2],
      Value::String("é😀\n/"));
  EXPECT_EQ(ParseJson("-9223372036854775808").value().AsInt64(), INT64_MIN);
  EXPECT_EQ(ParseJson("-0").value().AsInt64(), 0);
  for (const char* text : {"",          " ",        "01",      "+1",          ".5",          "1.",
                           "1e",        "-",        "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
                           "\"\\u12\"", "\"a\nb\"", "[1 2]",   "{\"a\"}",     "{\"a\":}",    "{a:1}",
                           "{,}",       "[,]",      "tru",     "\"abc",       "[",           "{\"a\":1,}",
                           "1,",        "\x00"}) {
    EXPECT_FALSE(ParseJson(text).ok()) << text;
  }
  EXPECT_FALSE(ParseJson(std::string_view("\0", 1)).ok());
  EXPECT_FALSE(ParseJson(std::string_view("[1\0]", 4)).ok());
}

TEST(Conform, SaysWhereItFailed) {
  const Type type =
      Type::Object({{"m", Type::Map(Type::Object({{"s", Type::Set(Type::Object({{"n", Type::Number()}}))}}))}});
  const Value bad = Value::Object(
      {{"m", Value::Map({{"k", Value::Object({{"s", Value::List({Value::Object({{"n", Value::String("x")}})})}})}})}});
  AttributePath where;
  EXPECT_FALSE(Conform(bad, type, ExtraAttributes::kRefuse, MissingAttributes::kNull, &where).ok());
  EXPECT_EQ(where.ToString(), "m[\"k\"].s");
  EXPECT_FALSE(
      EncodeMsgpack(
          Value::Object(
              {{"m", Value::Map(
                         {{"k", Value::Object({{"s", Value::Set({Value::Object({{"n", Value::String("x")}})})}})}})}}),
          type, &where)
          .ok());
  EXPECT_EQ(where.ToString(), "m[\"k\"].s");
}

}  // namespace
}  // namespace podwright::sdk
