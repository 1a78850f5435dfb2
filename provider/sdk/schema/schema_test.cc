#include "provider/sdk/schema/schema.h"

#include <gtest/gtest.h>

namespace podwright::sdk {
namespace {

std::string Faults(std::vector<Attribute> attributes, Schema::Of of = Schema::Of::kResource) {
  const Status status = Schema{.attributes = std::move(attributes)}.Check(of);
  return status.ok() ? "" : status.error().message();
}

TEST(Schema, ImpliedTypeFollowsNesting) {
  const Schema schema{.attributes = {{.name = "a", .type = Type::Number(), .required = true},
                                     {.name = "m",
                                      .nesting = Nesting::kMap,
                                      .attributes = {{.name = "x", .type = Type::Bool(), .optional = true}},
                                      .optional = true}}};
  EXPECT_EQ(schema.ImpliedType().ToJson(), R"(["object",{"a":"number","m":["map",["object",{"x":"bool"}]]}])");
  EXPECT_TRUE(schema.Check(Schema::Of::kResource).ok());
}

TEST(Schema, NamesEveryFaultAtItsPlace) {
  EXPECT_EQ(Faults({{.name = "a", .type = Type::String()}}), "a: must be required, optional or computed");
  EXPECT_EQ(Faults({{.name = "a", .type = Type::String(), .required = true, .computed = true}}),
            "a: required excludes optional and computed");
  EXPECT_EQ(Faults({{.name = "Bad", .type = Type::String(), .required = true}}), "Bad: names are [a-z][a-z0-9_]*");
  EXPECT_EQ(Faults({{.name = "a", .type = Type::String(), .computed = true, .write_only = true}}),
            "a: write-only excludes computed");
  EXPECT_EQ(Faults({{.name = "a", .type = Type::String(), .optional = true, .default_value = Value::Int(1)}}),
            "a: a default needs optional and computed");
  EXPECT_EQ(
      Faults({{.name = "a", .type = Type::Bool(), .optional = true, .computed = true, .default_value = Value::Int(1)}}),
      "a: its default is not of its type");
  EXPECT_EQ(Faults({{.name = "count", .type = Type::String(), .required = true}}),
            "count: is a word of Terraform's own");
  EXPECT_EQ(Faults({{.name = "a", .type = Type::Set(Type::Dynamic()), .optional = true}}),
            "a: no dynamic types inside sets");
}

TEST(Schema, RefusesWriteOnlyInsideSetsAtAnyDepth) {
  const Attribute secret{.name = "s", .type = Type::String(), .optional = true, .write_only = true};
  const Attribute inner{.name = "i", .nesting = Nesting::kList, .attributes = {secret}, .optional = true};
  EXPECT_EQ(Faults({{.name = "o", .nesting = Nesting::kSet, .attributes = {inner}, .optional = true}}),
            "o.i.s: no write-only attributes inside sets");
  EXPECT_EQ(Faults({{.name = "o", .nesting = Nesting::kMap, .attributes = {inner}, .optional = true}}), "");
}

TEST(Schema, ProvidersComputeNothing) {
  EXPECT_EQ(Faults({{.name = "a", .type = Type::String(), .computed = true}}, Schema::Of::kProvider),
            "a: a provider's settings are neither computed nor write-only");
  EXPECT_EQ(Faults({{.name = "alias", .type = Type::String(), .optional = true}}, Schema::Of::kProvider),
            "alias: is a word of Terraform's own");
}

}  // namespace
}  // namespace podwright::sdk
