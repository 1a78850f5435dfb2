#include <chrono>

#include "provider/sdk/duration.h"
#include "provider/sdk/plan_modifiers.h"
#include "provider/sdk/testing/toy_machine.h"
#include "provider/sdk/validators.h"

namespace podwright::sdk::testing {
namespace {

bool SameDuration(const Value& a, const Value& b) {
  const auto left = ParseDuration(a.StringOr(""));
  const auto right = ParseDuration(b.StringOr(""));
  return left.ok() && right.ok() && *left == *right;
}

bool Shrinks(const PlanModifierRequest& request) {
  return request.plan.AsNumber() != nullptr && request.state.AsNumber() != nullptr &&
         request.plan.AsNumber()->Compare(*request.state.AsNumber()) < 0;
}

Value TitleOf(const Value& planned) {
  const Value& name = planned.Get("name");
  const Value& size = planned.Get("size");
  if (!name.has_value() || size.is_unknown()) return Value::Unknown();
  return Value::String(name.StringOr("") + "/" + size.StringOr("any"));
}

std::vector<Attribute> Settings() {
  return {
      {.name = "id", .type = Type::String(), .computed = true, .use_state_for_unknown = true},
      {.name = "name",
       .type = Type::String(),
       .required = true,
       .requires_replace = true,
       .validators = {validators::LengthAtMost(20), validators::Matches("[a-z][a-z0-9-]*",
                                                                        "lower-case letters, "
                                                                        "digits and hyphens")}},
      {.name = "size",
       .type = Type::String(),
       .optional = true,
       .validators = {validators::OneOf(std::vector<std::string>{"small", "large"})}},
      {.name = "disk_gb",
       .type = Type::Number(),
       .optional = true,
       .validators = {validators::Between(1, 1000), validators::Integer()},
       .plan_modifiers = {plan_modifiers::RequiresReplaceIf(Shrinks)}},
      {.name = "address",
       .type = Type::String(),
       .computed = true,
       .plan_modifiers = {plan_modifiers::KeepUnlessChanged({"size"}),
                          plan_modifiers::RefineUnknown({.not_null = true, .prefix = "10."})}},
      {.name = "title",
       .type = Type::String(),
       .computed = true,
       .plan_modifiers = {plan_modifiers::ComputedFrom(TitleOf)}},
      {.name = "image", .type = Type::String(), .optional = true},
      {.name = "snapshot", .type = Type::String(), .optional = true},
      {.name = "user", .type = Type::String(), .optional = true},
      {.name = "key", .type = Type::String(), .optional = true},
      {.name = "labels",
       .type = Type::Map(Type::String()),
       .optional = true,
       .validators = {validators::EachKey({validators::LengthAtMost(10)})}},
      {.name = "pauses",
       .type = Type::List(Type::String()),
       .optional = true,
       .element_semantic_equal = SameDuration,
       .validators = {validators::EachElement({validators::Duration()}), validators::LengthAtMost(3)}},
      {.name = "windows",
       .nesting = Nesting::kSet,
       .attributes = {{.name = "day", .type = Type::String(), .required = true},
                      {.name = "length",
                       .type = Type::String(),
                       .required = true,
                       .semantic_equal = SameDuration,
                       .validators = {validators::Duration()}}},
       .optional = true},
      {.name = "wait", .type = Type::Number(), .optional = true},
  };
}

std::vector<Attribute> Blocks() {
  const Attribute route{.name = "route",
                        .nesting = Nesting::kList,
                        .attributes = {{.name = "to", .type = Type::String(), .required = true},
                                       {.name = "metric", .type = Type::Number(), .computed = true}},
                        .block = true};
  return {
      {.name = "network",
       .nesting = Nesting::kList,
       .attributes = {{.name = "name", .type = Type::String(), .required = true},
                      {.name = "mtu",
                       .type = Type::Number(),
                       .optional = true,
                       .computed = true,
                       .default_value = Value::Int(1500)},
                      {.name = "address", .type = Type::String(), .computed = true, .use_state_for_unknown = true},
                      {.name = "password_wo", .type = Type::String(), .optional = true, .write_only = true},
                      route},
       .block = true,
       .min_items = 1,
       .max_items = 3,
       .description = "Where it is connected."},
      {.name = "disk",
       .nesting = Nesting::kSet,
       .attributes = {{.name = "label", .type = Type::String(), .required = true},
                      {.name = "gb", .type = Type::Number(), .optional = true, .requires_replace = true}},
       .block = true},
      {.name = "mount",
       .nesting = Nesting::kMap,
       .attributes = {{.name = "path", .type = Type::String(), .required = true}},
       .block = true},
      {.name = "boot",
       .nesting = Nesting::kSingle,
       .attributes = {{.name = "order", .type = Type::List(Type::String()), .optional = true},
                      {.name = "seconds", .type = Type::Number(), .computed = true, .use_state_for_unknown = true}},
       .block = true},
      {.name = "meta",
       .nesting = Nesting::kGroup,
       .attributes = {{.name = "owner", .type = Type::String(), .optional = true},
                      {.name = "note", .type = Type::String(), .computed = true, .use_state_for_unknown = true}},
       .block = true},
  };
}

}  // namespace

Schema ToyMachine::GetSchema() const {
  Schema schema;
  schema.description = "A machine that is written with blocks.";
  schema.attributes = Settings();
  for (Attribute& block : Blocks()) schema.attributes.push_back(std::move(block));
  schema.validators = {validators::ExactlyOneOf({"image", "snapshot"}), validators::RequiredWith({"user", "key"}),
                       validators::ConflictsWith({"snapshot", AttributePath("boot").Attribute("order")})};
  schema.timeouts = Timeouts{.create = std::chrono::minutes(20), .remove = std::chrono::minutes(5)};
  return schema;
}

Schema ToyMachines::GetSchema() const {
  Schema schema;
  schema.description = "The machines that are there.";
  schema.attributes = {{.name = "names", .type = Type::List(Type::String()), .computed = true},
                       {.name = "filter",
                        .nesting = Nesting::kList,
                        .attributes = {{.name = "label", .type = Type::String(), .required = true},
                                       {.name = "values", .type = Type::Set(Type::String()), .required = true}},
                        .block = true}};
  schema.timeouts = Timeouts{.read = std::chrono::minutes(1), .block = true};
  return schema;
}

}  // namespace podwright::sdk::testing
