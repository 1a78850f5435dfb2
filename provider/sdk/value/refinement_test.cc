// What is known of unknown values, in the bytes that core sends and takes.
#include "provider/sdk/value/refinement.h"

#include <gtest/gtest.h>

#include "core/digest.h"
#include "provider/sdk/value/msgpack.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {
namespace {

std::string Hex(const Refinement& refinement, const Type& type) {
  return HexEncode(EncodeMsgpack(Value::Unknown(refinement), type).value());
}

Result<Value> FromHex(std::string_view hex, const Type& type) {
  return DecodeMsgpack(HexDecode(hex).value(), type);
}

// Decodes, and expects that the very bytes come back.
Refinement Same(const std::string& hex, const Type& type) {
  const Result<Value> value = FromHex(hex, type);
  if (!value.ok() || value->refinement() == nullptr) {
    ADD_FAILURE() << hex << (value.ok() ? "" : value.error().message());
    return {};
  }
  EXPECT_EQ(HexEncode(EncodeMsgpack(*value, type).value()), hex);
  return *value->refinement();
}

TEST(Refinement, EveryFormIsReadAndWrittenExactly) {
  const Type text = Type::String();
  const Type number = Type::Number();
  const Type list = Type::List(text);
  EXPECT_EQ(Same("c7030c8101c2", text), Refinement{.not_null = true});
  EXPECT_EQ(Same("c7070c8102a461726e3a", text), (Refinement{.prefix = "arn:"}));
  EXPECT_EQ(Same("c7090c8201c202a461726e3a", text), (Refinement{.not_null = true, .prefix = "arn:"}));
  EXPECT_EQ(Same("c7050c81039201c3", number).min, (Refinement::Bound{Number::FromInt64(1), true}));
  const Refinement range = Same("c7090c82039201c3049205c2", number);
  EXPECT_EQ(range.min->value.text(), "1");
  EXPECT_TRUE(range.min->inclusive);
  EXPECT_EQ(range.max->value.text(), "5");
  EXPECT_FALSE(range.max->inclusive);
  EXPECT_EQ(Same("d70c810392a3302e31c3", number).min->value.text(), "0.1");
  EXPECT_EQ(Same("c7050c8205010603", list), (Refinement{.min_length = 1, .max_length = 3}));
  EXPECT_EQ(Same("c7070c8301c205010603", Type::Map(text)),
            (Refinement{.not_null = true, .min_length = 1, .max_length = 3}));
}

TEST(Refinement, ThatDoesNotFitTheTypeIsPassedOver) {
  EXPECT_EQ(FromHex("c7070c8102a461726e3a", Type::Number())->refinement(), nullptr);
  EXPECT_EQ(FromHex("c7060c8209930102c0", Type::String()).ok(), false);
  EXPECT_EQ(FromHex("c7050c8109920102", Type::String())->refinement(), nullptr);  // a key of the future
  EXPECT_TRUE(FromHex("c7050c8109920102", Type::String())->is_unknown());
  const Refinement all{.not_null = true, .prefix = "a", .min_length = 2};
  EXPECT_EQ(Hex(all, Type::Bool()), "c7030c8101c2");
  EXPECT_EQ(Hex({.prefix = "a"}, Type::Bool()), "d40000");
  EXPECT_EQ(Hex({.min_length = 0}, Type::List(Type::Bool())), "d40000");
  EXPECT_EQ(Hex(all, Type::Dynamic()), "c7030c8101c2");
}

TEST(Refinement, NullnessOfNullIsTheNullValue) {
  EXPECT_TRUE(FromHex("c7030c8101c3", Type::String())->is_null());
}

TEST(Refinement, MalformedPayloadsAreErrors) {
  for (const char* hex : {"c7010c81", "c7020c8101", "c7030c8101c0", "c7030c810201", "c7040c8101c2c2", "c7020c9001",
                          "c7030c81c0c2", "c7050c8103920101", "c7040c81039101", "c7030c8105ff"}) {
    EXPECT_FALSE(
        FromHex(hex, std::string_view(hex).substr(8, 2) == "05" ? Type::List(Type::Bool()) : Type::Number()).ok() &&
        FromHex(hex, Type::String()).ok() && FromHex(hex, Type::List(Type::Bool())).ok())
        << hex;
  }
  EXPECT_FALSE(DecodeMsgpack(std::string("\xc8\x04\x01\x0c", 4) + std::string(1025, '\x80'), Type::String()).ok());
  EXPECT_TRUE(FromHex("c7030d8101c2", Type::String())->is_unknown());  // any other extension
}

TEST(Refinement, LongPrefixesAreCutAtACharacter) {
  const Refinement refinement{.prefix = std::string(255, 'a') + "é" + "tail"};
  const Value back =
      DecodeMsgpack(EncodeMsgpack(Value::Unknown(refinement), Type::String()).value(), Type::String()).value();
  EXPECT_EQ(back.refinement()->prefix, std::string(255, 'a'));
}

TEST(Refinement, HoldsWhatItPromises) {
  const Refinement text{.not_null = true, .prefix = "arn:"};
  EXPECT_TRUE(text.Holds(Value::String("arn:x")));
  EXPECT_FALSE(text.Holds(Value::String("x")));
  EXPECT_FALSE(text.Holds(Value::Null()));
  EXPECT_TRUE(text.Holds(Value::Unknown()));
  const Refinement number{.min = Refinement::Bound{Number::FromInt64(1), false},
                          .max = Refinement::Bound{Number::FromInt64(9)}};
  EXPECT_FALSE(number.Holds(Value::Int(1)));
  EXPECT_TRUE(number.Holds(Value::Int(9)));
  EXPECT_FALSE(number.Holds(Value::Int(10)));
  EXPECT_TRUE(number.Holds(Value::Null()));
  const Refinement length{.min_length = 1, .max_length = 2};
  EXPECT_FALSE(length.Holds(Value::List({})));
  EXPECT_TRUE(length.Holds(Value::List({Value::Null()})));
  EXPECT_FALSE(length.Holds(Value::Map({{"a", {}}, {"b", {}}, {"c", {}}})));
  EXPECT_EQ(text.ToDisplay(), "not null, begins with \"arn:\"");
}

TEST(DynamicValue, NullAndUnknownKeepTheirType) {
  const std::string null = "92c40822737472696e6722c0";
  const Value value = FromHex(null, Type::Dynamic()).value();
  EXPECT_TRUE(value.is_null());
  EXPECT_FALSE(value.has_value());
  EXPECT_EQ(HexEncode(EncodeMsgpack(value, Type::Dynamic()).value()), null);
  const std::string unknown = "92c40822737472696e6722c7030c8101c2";
  const Value later = FromHex(unknown, Type::Dynamic()).value();
  EXPECT_TRUE(later.is_unknown());
  EXPECT_EQ(HexEncode(EncodeMsgpack(later, Type::Dynamic()).value()), unknown);
}

}  // namespace
}  // namespace podwright::sdk
