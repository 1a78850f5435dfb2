#include "provider/sdk/validators.h"

#include <gtest/gtest.h>

#include "provider/sdk/duration.h"

namespace podwright::sdk {
namespace {

namespace v = validators;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;

// "path: detail" of each error.
std::string Said(const AttributeValidator& validator, const Value& value) {
  Diagnostics diagnostics;
  validator(value, "a", diagnostics);
  std::string text;
  for (const Diagnostic& item : diagnostics.items()) text += item.path.ToString() + ": " + item.detail + "\n";
  return text;
}

Value Str(const char* text) {
  return Value::String(text);
}

TEST(Validators, LengthCountsCharactersAndElements) {
  EXPECT_EQ(Said(v::LengthBetween(2, 3), Str("äöü")), "");
  EXPECT_EQ(Said(v::LengthBetween(2, 3), Str("ä")), "a: It must have from 2 to 3 characters; it has 1.\n");
  EXPECT_EQ(Said(v::LengthAtLeast(1), Value::List({})), "a: It must have at least 1 elements; it has 0.\n");
  EXPECT_EQ(Said(v::LengthAtMost(1), Value::Map({{"x", {}}, {"y", {}}})),
            "a: It must have at most 1 elements; it has 2.\n");
  EXPECT_EQ(Said(v::LengthAtMost(1), Value::Set({Value::Unknown(), Value::Unknown()})), "");  // may be the same
}

TEST(Validators, RangesAreExact) {
  const Value beyond = Value::Number(Number::Parse("10.00000000000000000000000001").value());
  EXPECT_EQ(Said(v::Between(1, 10), Value::Int(10)), "");
  EXPECT_EQ(Said(v::Between(1, 10), beyond), "a: It must be a number from 1 to 10.\n");
  EXPECT_EQ(Said(v::AtLeast(1), Value::Number(Number::Parse("99999999999999999999").value())), "");
  EXPECT_EQ(Said(v::AtMost(1), Value::Int(2)), "a: It must be a number at most 1.\n");
  EXPECT_EQ(Said(v::Integer(), beyond), "a: It must be a number without a fraction.\n");
}

TEST(Validators, WordsAndPatterns) {
  const auto words = v::OneOf(std::vector<std::string>{"x", "y", "z"});
  EXPECT_EQ(Said(words, Str("y")), "");
  EXPECT_EQ(Said(words, Value::Dynamic(Type::String(), Str("y"))), "");
  EXPECT_EQ(Said(words, Str("secret")), "a: It must be \"x\", \"y\" or \"z\".\n");
  EXPECT_EQ(Said(v::OneOf(std::vector<Value>{Value::Int(1), Value::Int(2)}), Value::Int(3)), "a: It must be 1 or 2.\n");
  EXPECT_EQ(Said(v::NoneOf({"root"}), Str("root")), "a: It must not be \"root\".\n");
  EXPECT_EQ(Said(v::Matches("[a-z]+", "lower-case letters"), Str("abc")), "");
  EXPECT_EQ(Said(v::Matches("[a-z]+", "lower-case letters"), Str("abc1")), "a: It must be lower-case letters.\n");
  EXPECT_NE(Said(v::Matches("[", "x"), Str("abc")).find("bug of the provider"), std::string::npos);
  EXPECT_EQ(Said(v::AnyOf({v::Duration(), v::OneOf(std::vector<std::string>{"never"})}), Str("never")), "");
  EXPECT_EQ(Said(v::AnyOf({v::LengthAtMost(1), v::OneOf(std::vector<std::string>{"never"})}), Str("ab")),
            "a: It must have at most 1 characters; it has 2. Or: It must be \"never\".\n");
}

TEST(Validators, ElementsAndKeysHavePaths) {
  const auto each = v::EachElement({v::LengthAtMost(1)});
  EXPECT_EQ(Said(each, Value::List({Str("x"), Str("yy"), Value::Unknown(), Value::Null()})),
            "a[1]: It must have at most 1 characters; it has 2.\n");
  EXPECT_EQ(Said(each, Value::Map({{"k", Str("yy")}})), "a[\"k\"]: It must have at most 1 characters; it has 2.\n");
  EXPECT_EQ(Said(each, Value::Set({Str("yy")})), "a: It must have at most 1 characters; it has 2.\n");
  EXPECT_EQ(Said(v::EachKey({v::LengthAtMost(1)}), Value::Map({{"kk", {}}})),
            "a[\"kk\"]: It must have at most 1 characters; it has 2.\n");
  EXPECT_EQ(Said(v::UniqueElements(), Value::List({Str("x"), Str("y"), Str("x"), Value::Unknown(), Value::Unknown()})),
            "a[2]: Every element must differ from the others.\n");
}

TEST(Validators, SettingsOfAnObjectAreJudgedTogether) {
  const AttributePath deep = AttributePath("o").Attribute("x");
  const Value none = Value::Object({{"x", {}}, {"y", {}}, {"o", {}}, {"b", Value::List({})}});
  const Value both = Value::Object({{"x", Str("1")}, {"y", {}}, {"o", Value::Object({{"x", Str("2")}})}});
  const Value open = Value::Object({{"x", {}}, {"y", Value::Unknown()}, {"o", Value::Unknown()}});
  EXPECT_EQ(Said(v::ExactlyOneOf({"x", "y"}), none), "a: Exactly one of \"x\" or \"y\" must be set.\n");
  EXPECT_EQ(Said(v::ExactlyOneOf({"x", "y"}), both), "");
  EXPECT_EQ(Said(v::ExactlyOneOf({"x", "y"}), open), "");
  EXPECT_EQ(Said(v::ExactlyOneOf({"x", "b"}), none), "a: Exactly one of \"x\" or \"b\" must be set.\n");
  EXPECT_EQ(Said(v::ConflictsWith({"x", deep}), both),
            "a.x: Only one of \"x\" or \"o.x\" may be set; \"x\" and \"o.x\" are.\n"
            "a.o.x: Only one of \"x\" or \"o.x\" may be set; \"x\" and \"o.x\" are.\n");
  EXPECT_EQ(Said(v::ConflictsWith({"x", deep}), open), "");
  EXPECT_EQ(Said(v::RequiredWith({"x", "y"}), both), "a.x: \"y\" is required together with \"x\".\n");
  EXPECT_EQ(Said(v::RequiredWith({"x", "y"}), none), "");
  EXPECT_EQ(Said(v::AtLeastOneOf({"x", "y"}), none), "a: At least one of \"x\" and \"y\" must be set.\n");
  EXPECT_EQ(Said(v::AtLeastOneOf({"x", deep}), open), "");
  EXPECT_EQ(Said(v::Requires(deep, {"y"}), both), "a.o.x: \"o.x\" also requires \"y\".\n");
  EXPECT_EQ(Said(v::Requires("y", {"x"}), both), "");
  const Value sure = Value::Object({{"x", Value::Unknown({.not_null = true})}, {"y", Str("1")}});
  EXPECT_NE(Said(v::ConflictsWith({"x", "y"}), sure), "");
}

TEST(Duration, ReadsWhatGoWrites) {
  EXPECT_EQ(ParseDuration("1h30m").value(), hours(1) + minutes(30));
  EXPECT_EQ(ParseDuration("1.5h").value(), minutes(90));
  EXPECT_EQ(ParseDuration("-250ms").value(), milliseconds(-250));
  EXPECT_EQ(ParseDuration("+.5s").value(), milliseconds(500));
  EXPECT_EQ(ParseDuration("1us2µs3μs4ns").value(), nanoseconds(6004));
  EXPECT_EQ(ParseDuration("0").value(), nanoseconds(0));
  for (const char* text : {"", "1", "-", "s", "1x", "1 s", "1h ", ".s", "9223372036854775808ns", "99999999999h",
                           "1..5s", "--1s", "3000000h"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Duration, WritesTheShortestForm) {
  EXPECT_EQ(FormatDuration(minutes(90)), "1h30m");
  EXPECT_EQ(FormatDuration(milliseconds(-1500)), "-1s500ms");
  EXPECT_EQ(FormatDuration(nanoseconds(0)), "0s");
  EXPECT_EQ(FormatDuration(nanoseconds(1001)), "1us1ns");
  EXPECT_EQ(FormatDuration(nanoseconds::min()), "-2562047h47m16s854ms775us808ns");
}

}  // namespace
}  // namespace podwright::sdk
