// Values, numbers, types and their two encodings. The byte strings are those that core sends and takes.
#include "provider/sdk/value/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "core/digest.h"
#include "provider/sdk/value/json.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk {
namespace {

std::string Hex(const Value& value, const Type& type) {
  const Result<std::string> bytes = EncodeMsgpack(value, type);
  return bytes.ok() ? HexEncode(*bytes) : "error: " + bytes.error().message();
}

Result<Value> FromHex(std::string_view hex, const Type& type) {
  return DecodeMsgpack(HexDecode(hex).value(), type);
}

std::string NumberHex(std::string_view text) {
  return Hex(Value::Number(Number::Parse(text).value()), Type::Number());
}

TEST(Number, TextIsCanonicalAndExact) {
  EXPECT_EQ(Number::Parse("1.50").value().text(), "1.5");
  EXPECT_EQ(Number::Parse("-0").value().text(), "0");
  EXPECT_EQ(Number::Parse("+007").value().text(), "7");
  EXPECT_EQ(Number::Parse("1.25e2").value().text(), "125");
  EXPECT_EQ(Number::Parse("1.25e-3").value().text(), "0.00125");
  EXPECT_EQ(Number::Parse("12e1").value().text(), "120");
  EXPECT_EQ(Number::FromDouble(0.1).value().text(), "0.1");
  EXPECT_EQ(Number::FromDouble(1e21).value().text(), "1000000000000000000000");
  EXPECT_EQ(Number::FromExactDouble(0.1).value().text(), "0.1000000000000000055511151231257827021181583404541015625");
  EXPECT_EQ(Number::FromUint64(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
}

TEST(Number, RefusesWhatIsNone) {
  for (const char* text :
       {"", "-", ".", "1e", "1x", "0x10", "1e999999999", "1e99999999999999999999", "nan", "inf", "--1", "1 "}) {
    EXPECT_FALSE(Number::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(Number::Parse(std::string(5000, '1')).ok());
  EXPECT_FALSE(Number::FromDouble(std::numeric_limits<double>::quiet_NaN()).ok());
  EXPECT_TRUE(Value::Double(std::numeric_limits<double>::infinity()).is_null());
}

TEST(Number, OrdersNumerically) {
  const std::vector<std::string> ordered = {"-100", "-99.5", "-1", "-0.5", "0", "0.25", "0.5", "9", "10", "10.5", "11"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      const int expected = i < j ? -1 : (i == j ? 0 : 1);
      EXPECT_EQ(Number::Parse(ordered[i]).value().Compare(Number::Parse(ordered[j]).value()), expected)
          << ordered[i] << " " << ordered[j];
    }
  }
}

TEST(Msgpack, NumbersTakeTheFormThatCoreUses) {
  EXPECT_EQ(NumberHex("0"), "00");
  EXPECT_EQ(NumberHex("127"), "7f");
  EXPECT_EQ(NumberHex("128"), "cc80");
  EXPECT_EQ(NumberHex("65535"), "cdffff");
  EXPECT_EQ(NumberHex("65536"), "ce00010000");
  EXPECT_EQ(NumberHex("4294967296"), "cf0000000100000000");
  EXPECT_EQ(NumberHex("9223372036854775807"), "cf7fffffffffffffff");
  EXPECT_EQ(NumberHex("-1"), "ff");
  EXPECT_EQ(NumberHex("-33"), "d0df");
  EXPECT_EQ(NumberHex("-129"), "d1ff7f");
  EXPECT_EQ(NumberHex("-32769"), "d2ffff7fff");
  EXPECT_EQ(NumberHex("-9223372036854775808"), "d38000000000000000");
  EXPECT_EQ(NumberHex("0.5"), "cb3fe0000000000000");
  EXPECT_EQ(NumberHex("0.1"), "a3302e31");                                                  // "0.1"
  EXPECT_EQ(NumberHex("9223372036854775808"), "b339323233333732303336383534373735383038");  // 2^63 as text
}

TEST(Msgpack, AcceptsEveryFormOfANumber) {
  const auto text = [](std::string_view hex) { return FromHex(hex, Type::Number()).value().AsNumber()->text(); };
  EXPECT_EQ(text("cfffffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(text("ca3f000000"), "0.5");
  EXPECT_EQ(text("cb3ff8000000000000"), "1.5");
  EXPECT_EQ(text("a3302e31"), "0.1");
  EXPECT_EQ(text("d3ffffffffffffffff"), "-1");
  EXPECT_FALSE(FromHex("cb7ff8000000000000", Type::Number()).ok());  // NaN
  EXPECT_FALSE(FromHex("a3616263", Type::Number()).ok());
}

TEST(Msgpack, NullUnknownAndRefinedUnknown) {
  EXPECT_EQ(Hex(Value::Null(), Type::String()), "c0");
  EXPECT_EQ(Hex(Value::Unknown(), Type::String()), "d40000");
  EXPECT_TRUE(FromHex("d40000", Type::Dynamic()).value().is_unknown());
  EXPECT_TRUE(FromHex("c7030c8101c2", Type::String()).value().is_unknown());  // refined: not null
  EXPECT_TRUE(FromHex("c0", Type::List(Type::String())).value().is_null());
}

TEST(Msgpack, DynamicCarriesItsType) {
  const Value value = Value::Dynamic(Type::Bool(), Value::Bool(true));
  EXPECT_EQ(Hex(value, Type::Dynamic()), "92c40622626f6f6c22c3");
  EXPECT_EQ(FromHex("92c40622626f6f6c22c3", Type::Dynamic()).value(), value);
}

TEST(Msgpack, ObjectsHaveExactlyTheirAttributes) {
  const Type type = Type::Object({{"a", Type::String()}, {"b", Type::Bool()}});
  EXPECT_EQ(Hex(Value::Object({{"a", Value::String("x")}}), type), "82a161a178a162c0");
  EXPECT_FALSE(FromHex("81a161a178", type).ok());
  EXPECT_FALSE(FromHex("82a161a178a163c0", type).ok());
  EXPECT_FALSE(FromHex("82a161a178a161c0", type).ok());
  EXPECT_EQ(Hex(Value::Object({{"z", Value::Null()}}), type), "error: z: no such attribute");
}

TEST(Msgpack, ErrorsNameThePlace) {
  const Type type = Type::Object({{"m", Type::Map(Type::List(Type::String()))}});
  EXPECT_EQ(FromHex("81a16d81a16b92a17801", type).error().message(), "m[\"k\"][1]: a string is required");
  const Value bad = Value::Object({{"m", Value::Map({{"k", Value::List({Value::Bool(true)})}})}});
  EXPECT_EQ(Hex(bad, type), "error: m[\"k\"][0]: a string is required");
}

TEST(Msgpack, HostileInputIsAnErrorOnly) {
  const Type deep = Type::Dynamic();
  std::string nested = "\"string\"";
  for (int i = 0; i < 100; ++i) nested = "[\"list\"," + nested + "]";
  EXPECT_FALSE(Type::FromJson(nested).ok());
  EXPECT_FALSE(FromHex("ddffffffff", Type::List(Type::String())).ok());  // four thousand million elements
  EXPECT_FALSE(FromHex("dfffffffff", Type::Map(Type::String())).ok());
  EXPECT_FALSE(FromHex("dbffffffff", Type::String()).ok());
  EXPECT_FALSE(FromHex("c1", Type::String()).ok());
  EXPECT_FALSE(FromHex("c0c0", Type::String()).ok());  // bytes after the value
  EXPECT_FALSE(FromHex("a1ff", Type::String()).ok());  // not UTF-8
  EXPECT_FALSE(DecodeMsgpack("", deep).ok());
  // A dynamic value within a dynamic value within …: the depth is bounded.
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += HexDecode("92c40922").value() + "dynamic\"";
  EXPECT_FALSE(DecodeMsgpack(bytes, deep).ok());
  DecodeLimits few;
  few.max_values = 3;
  EXPECT_FALSE(DecodeMsgpack(HexDecode("93c0c0c0").value(), Type::List(Type::String()), few).ok());
}

TEST(Msgpack, RandomAndCutBytesNeverCrash) {
  const Type type =
      Type::Object({{"a", Type::Dynamic()},
                    {"l", Type::List(Type::Object({{"n", Type::Number()}, {"s", Type::Set(Type::String())}}))},
                    {"m", Type::Map(Type::Tuple({Type::Bool(), Type::String()}))}});
  const Value value = Value::Object(
      {{"a", Value::Dynamic(Type::List(Type::Number()), Value::List({Value::Int(1), Value::Double(0.1)}))},
       {"l", Value::List({Value::Object({{"n", Value::Int(-7)}, {"s", Value::Set({Value::String("x")})}})})},
       {"m", Value::Map({{"k", Value::Tuple({Value::Bool(true), Value::Unknown()})}})}});
  const std::string bytes = EncodeMsgpack(value, type).value();
  EXPECT_EQ(DecodeMsgpack(bytes, type).value(), value);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(DecodeMsgpack(bytes.substr(0, size), type).ok());
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = bytes;
    for (int n = 0; n < 3; ++n) changed[random() % changed.size()] = static_cast<char>(random());
    const Result<Value> decoded = DecodeMsgpack(changed, type);
    if (!decoded.ok()) continue;
    EXPECT_EQ(DecodeMsgpack(EncodeMsgpack(*decoded, type).value(), type).value(), *decoded);
  }
}

TEST(Type, JsonRoundTrips) {
  for (const char* json : {R"("string")", R"("dynamic")", R"(["list","number"])", R"(["map",["set","bool"]])",
                           R"(["tuple",["string","number"]])", R"(["object",{"a":"string","b":["list","dynamic"]}])",
                           R"(["object",{"a":"string"},["a"]])", R"(["tuple",[]])"}) {
    const Result<Type> type = Type::FromJson(json);
    ASSERT_TRUE(type.ok()) << json;
    EXPECT_EQ(type->ToJson(), json);
    EXPECT_EQ(*type, Type::FromJson(json).value());
  }
  for (const char* json : {"", "null", "1", R"("text")", R"(["list"])", R"(["list","string","x"])", R"(["object",[]])",
                           R"(["tuple","string"])", R"([["list"],"string"])", R"(["object",{},[1]])"}) {
    EXPECT_FALSE(Type::FromJson(json).ok()) << json;
  }
}

TEST(Json, DecodesWithoutLoss) {
  const Type type =
      Type::Object({{"n", Type::List(Type::Number())}, {"d", Type::Dynamic()}, {"s", Type::Set(Type::String())}});
  const Value value =
      DecodeJson(R"({"n":[18446744073709551616,0.1,1e3,-5],"d":{"value":"x","type":"string"},"s":["b","a","b"]})", type)
          .value();
  EXPECT_EQ(value.Get("n").elements()[0].AsNumber()->text(), "18446744073709551616");
  EXPECT_EQ(value.Get("n").elements()[1].AsNumber()->text(), "0.1");
  EXPECT_EQ(value.Get("n").elements()[2].AsInt64(), 1000);
  EXPECT_EQ(value.Get("d"), Value::Dynamic(Type::String(), Value::String("x")));
  EXPECT_EQ(value.Get("s").elements().size(), 2U);
  EXPECT_EQ(EncodeJson(value).value(),
            R"({"d":{"value":"x","type":"string"},"n":[18446744073709551616,0.1,1000,-5],"s":["a","b"]})");
}

TEST(Json, ConvertsPrimitivesAsTerraformDoes) {
  EXPECT_EQ(DecodeJson("5", Type::String()).value(), Value::String("5"));
  EXPECT_EQ(DecodeJson("\"5\"", Type::Number()).value(), Value::Int(5));
  EXPECT_EQ(DecodeJson("\"true\"", Type::Bool()).value(), Value::Bool(true));
  EXPECT_FALSE(DecodeJson("\"x\"", Type::Number()).ok());
  EXPECT_FALSE(DecodeJson("[]", Type::String()).ok());
}

TEST(Json, RefusesHostileText) {
  for (const std::string& text :
       {std::string("{\"a\":1,\"a\":2}"), std::string("{"), std::string("\"\xff\""), std::string("1e400000"),
        std::string("[1,]"), std::string(100'000, '['), std::string("nul"), std::string("1 2")}) {
    EXPECT_FALSE(ParseJson(text).ok()) << text.substr(0, 20);
  }
}

TEST(Value, CopiesDoNotShareChanges) {
  Value a = Value::Object({{"x", Value::Int(1)}});
  const Value b = a;
  a.SetField("x", Value::Int(2));
  EXPECT_EQ(b.Get("x").AsInt64(), 1);
  EXPECT_EQ(a.Get("x").AsInt64(), 2);
}

TEST(Value, PathsReadAndWrite) {
  Value value =
      Value::Object({{"users", Value::Map({{"app", Value::Object({{"ids", Value::List({Value::Int(1)})}})}})}});
  const AttributePath path = AttributePath("users").Key("app").Attribute("ids").Index(0);
  EXPECT_EQ(path.ToString(), "users[\"app\"].ids[0]");
  EXPECT_EQ(value.At(path)->AsInt64(), 1);
  EXPECT_TRUE(value.SetAt(path, Value::Int(9)));
  EXPECT_EQ(value.At(path)->AsInt64(), 9);
  EXPECT_EQ(value.At(AttributePath("users").Key("none")), nullptr);
  EXPECT_FALSE(value.SetAt(AttributePath("users").Key("none").Attribute("x"), Value::Null()));
  EXPECT_FALSE(value.SetAt(AttributePath("users").Key("app").Attribute("ids").Index(5), Value::Null()));
}

TEST(Value, SetsHaveNoOrderAndNoDuplicates) {
  EXPECT_EQ(Value::Set({Value::Int(2), Value::Int(10), Value::Int(2)}), Value::Set({Value::Int(10), Value::Int(2)}));
  EXPECT_EQ(Value::Set({Value::Unknown(), Value::Unknown()}).elements().size(), 2U);
}

}  // namespace
}  // namespace podwright::sdk
