// Blocks, plan modifiers, semantic equality inside values, and time limits, without a host.
#include <gtest/gtest.h>

#include <chrono>

#include "provider/sdk/logic/apply.h"
#include "provider/sdk/logic/checks.h"
#include "provider/sdk/logic/deadline.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/plan.h"
#include "provider/sdk/logic/read.h"
#include "provider/sdk/plan_modifiers.h"

namespace podwright::sdk::logic {
namespace {

Value Str(const char* text) {
  return Value::String(text);
}

class Plain final : public Resource {
 public:
  explicit Plain(Schema schema) : schema_(std::move(schema)) {}
  std::string TypeName() const override { return "t"; }
  Schema GetSchema() const override { return schema_; }
  void Create(const CreateRequest& q, CreateResponse& r) override {
    r.state = UnknownAsNull(q.plan);
    if (q.cancellation.WaitFor(std::chrono::milliseconds(wait_ms))) {
      reason = q.cancellation.reason();
      r.diagnostics.AddError("broken off", "");
    }
  }
  void Read(const ReadRequest&, ReadResponse& r) override { r.state = read; }
  void Update(const UpdateRequest& q, UpdateResponse& r) override {
    ++updates;
    r.state = UnknownAsNull(q.plan);
  }
  void Delete(const DeleteRequest&, DeleteResponse&) override {}

  int wait_ms = 0;
  int updates = 0;
  CancelReason reason = CancelReason::kNone;
  Value read{};

 private:
  Schema schema_;
};

bool SameIgnoringCase(const Value& a, const Value& b) {
  const std::string left = a.StringOr("");
  const std::string right = b.StringOr("");
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char x, char y) { return std::tolower(x) == std::tolower(y); });
}

Schema BlockSchema() {
  const Attribute name{.name = "name", .type = Type::String(), .optional = true, .semantic_equal = SameIgnoringCase};
  const Attribute made{.name = "made", .type = Type::String(), .computed = true};
  return {.attributes = {
              {.name = "id", .type = Type::String(), .computed = true, .use_state_for_unknown = true},
              {.name = "words",
               .type = Type::List(Type::String()),
               .optional = true,
               .element_semantic_equal = SameIgnoringCase},
              {.name = "tags",
               .type = Type::Set(Type::String()),
               .optional = true,
               .element_semantic_equal = SameIgnoringCase},
              {.name = "list", .nesting = Nesting::kList, .attributes = {name, made}, .block = true, .max_items = 2},
              {.name = "set", .nesting = Nesting::kSet, .attributes = {name}, .block = true},
              {.name = "map", .nesting = Nesting::kMap, .attributes = {name}, .block = true},
              {.name = "single", .nesting = Nesting::kSingle, .attributes = {name}, .block = true},
              {.name = "group", .nesting = Nesting::kGroup, .attributes = {name, made}, .block = true},
          }};
}

struct Made {
  ResourceEntry entry;
  Plain* plain;
};

Made Make(Schema schema) {
  auto resource = std::make_unique<Plain>(std::move(schema));
  Plain* plain = resource.get();
  return {ResourceEntry::Make(std::move(resource)).value(), plain};
}

Value Fit(const ResourceEntry& entry, Value::Fields fields) {
  Diagnostics diagnostics;
  return Returnable(entry.schema.attributes, Fitted(Value::Object(std::move(fields)), entry.type, {}, diagnostics));
}

std::string Errors(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics.items())
    text += d.path.ToString() + "|" + d.detail.substr(0, d.detail.find('\n')) + "\n";
  return text;
}

TEST(Blocks, AbsentOnesHaveTheFormThatCoreWants) {
  const Made made = Make(BlockSchema());
  const Value value = Fit(made.entry, {});
  EXPECT_EQ(value.Get("list"), Value::List({}));
  EXPECT_EQ(value.Get("set"), Value::Set({}));
  EXPECT_EQ(value.Get("map"), Value::Map({}));
  EXPECT_TRUE(value.Get("single").is_null());
  EXPECT_EQ(value.Get("group"), Value::Object({{"name", {}}, {"made", {}}}));
}

TEST(Blocks, ComputedAttributesInThemArePlanned) {
  const Made made = Make(BlockSchema());
  const Value config = Fit(made.entry, {{"list", Value::List({Value::Object({{"name", Str("a")}})})}});
  const PlanOutput plan = Plan(made.entry, {.config = config, .proposed = config});
  EXPECT_EQ(Errors(plan.diagnostics), "");
  EXPECT_TRUE(plan.planned.Get("list").elements()[0].Get("made").is_unknown());
  EXPECT_TRUE(plan.planned.Get("group").Get("made").is_unknown());
}

TEST(Blocks, CountOfAWrongPlanIsNamed) {
  const Made made = Make(BlockSchema());
  const Value config = Fit(made.entry, {{"list", Value::List({Value::Object({{"name", Str("a")}})})}});
  Value planned = config;
  planned.SetField("list", Value::List({}));
  planned.SetField("single", Value::Object({{"name", {}}}));
  Diagnostics found;
  CheckPlan(made.entry.schema, config, {}, config, planned, found);
  EXPECT_EQ(Errors(found),
            "list|.list: block count in plan (0) disagrees with count in config (1)\n"
            "single|.single: planned a block that is not configured\n");
}

TEST(Blocks, WrongDeclarationsAreNamed) {
  const auto faults = [](Attribute attribute) {
    const Status status = Schema{.attributes = {std::move(attribute)}}.Check(Schema::Of::kResource);
    return status.ok() ? "" : status.error().message();
  };
  const Attribute inner{.name = "x", .type = Type::String(), .optional = true};
  EXPECT_EQ(faults({.name = "b", .nesting = Nesting::kList, .attributes = {inner}, .block = true, .optional = true}),
            "b: a block is neither required, optional nor computed: use min_items and max_items");
  EXPECT_EQ(faults({.name = "b",
                    .nesting = Nesting::kList,
                    .attributes = {inner},
                    .block = true,
                    .min_items = 3,
                    .max_items = 2}),
            "b: min_items is above max_items");
  EXPECT_EQ(faults({.name = "b", .nesting = Nesting::kSingle, .attributes = {inner}, .block = true, .min_items = 2}),
            "b: a single block has at most one item");
  EXPECT_EQ(faults({.name = "b", .nesting = Nesting::kMap, .attributes = {inner}, .block = true, .min_items = 1}),
            "b: min_items and max_items are for lists, sets and single blocks");
  EXPECT_EQ(faults({.name = "b",
                    .nesting = Nesting::kList,
                    .attributes = {inner},
                    .block = true,
                    .semantic_equal = SameIgnoringCase}),
            "b: a block has no semantic equality: its attributes may have one");
  EXPECT_EQ(faults({.name = "n",
                    .nesting = Nesting::kList,
                    .attributes = {inner},
                    .optional = true,
                    .semantic_equal = SameIgnoringCase}),
            "n: nested attributes have semantic equalities of their own");
  EXPECT_EQ(faults({.name = "b", .nesting = Nesting::kGroup, .attributes = {inner}, .optional = true}),
            "b: only blocks are groups");
  EXPECT_EQ(faults({.name = "b",
                    .nesting = Nesting::kList,
                    .attributes = {{.name = "d", .type = Type::Dynamic(), .optional = true}},
                    .block = true}),
            "b.d: no dynamic types inside repeated blocks");
  EXPECT_EQ(faults({.name = "n",
                    .nesting = Nesting::kSingle,
                    .attributes = {{.name = "b", .nesting = Nesting::kList, .attributes = {inner}, .block = true}},
                    .optional = true}),
            "n.b: no blocks inside nested attributes");
}

TEST(SemanticEquality, ReachesIntoListsAndSets) {
  const Made made = Make(BlockSchema());
  const auto named = [](const char* name) { return Value::Object({{"name", Str(name)}}); };
  const Value before = Fit(made.entry, {{"words", Value::List({Str("A"), Str("B")})},
                                        {"tags", Value::Set({Str("X"), Str("Y")})},
                                        {"set", Value::Set({named("One"), named("Two")})},
                                        {"map", Value::Map({{"k", named("K")}})}});
  const Value now = Fit(made.entry, {{"words", Value::List({Str("a"), Str("c")})},
                                     {"tags", Value::Set({Str("y"), Str("z")})},
                                     {"set", Value::Set({named("two"), named("three")})},
                                     {"map", Value::Map({{"k", named("k")}})}});
  const Value each = KeepSpelling(made.entry.schema.attributes, nullptr, before, now, Spelling::kEach);
  EXPECT_EQ(each.Get("words"), Value::List({Str("A"), Str("c")}));
  EXPECT_EQ(each.Get("tags"), Value::Set({Str("Y"), Str("z")}));
  EXPECT_EQ(each.Get("set"), Value::Set({named("Two"), named("three")}));
  EXPECT_EQ(each.Get("map"), before.Get("map"));
  // A plan has the configured value or the prior one, nothing between.
  EXPECT_EQ(KeepSpelling(made.entry.schema.attributes, nullptr, before, now, Spelling::kWhole).Get("words"),
            now.Get("words"));
}

TEST(PlanModifiers, ChangeWhatIsOpenAndAskForReplacement) {
  Schema schema{.attributes = {
                    {.name = "size",
                     .type = Type::Number(),
                     .optional = true,
                     .plan_modifiers = {plan_modifiers::RequiresReplaceIf(
                         [](const PlanModifierRequest& q) { return q.plan.Int64Or(0) < q.state.Int64Or(0); })}},
                    {.name = "note", .type = Type::String(), .optional = true},
                    {.name = "address",
                     .type = Type::String(),
                     .computed = true,
                     .plan_modifiers = {plan_modifiers::KeepUnlessChanged({"size"}),
                                        plan_modifiers::RefineUnknown({.not_null = true})}},
                }};
  const Made made = Make(std::move(schema));
  const Value prior = Fit(made.entry, {{"size", Value::Int(2)}, {"note", Str("n")}, {"address", Str("here")}});
  const auto plan = [&](std::int64_t size, const char* note) {
    const Value config = Fit(made.entry, {{"size", Value::Int(size)}, {"note", Str(note)}});
    Value proposed = config;
    proposed.SetField("address", Str("here"));
    return Plan(made.entry, {.config = config, .prior = prior, .proposed = proposed});
  };
  EXPECT_EQ(plan(2, "n").planned, prior);
  EXPECT_EQ(plan(2, "other").planned.Get("address"), Str("here"));
  const PlanOutput grown = plan(3, "n");
  EXPECT_TRUE(grown.planned.Get("address").refinement()->not_null);
  EXPECT_TRUE(grown.requires_replace.empty());
  const PlanOutput shrunk = plan(1, "n");
  ASSERT_EQ(shrunk.requires_replace.size(), 1U);
  EXPECT_EQ(shrunk.requires_replace[0].ToString(), "size");
}

TEST(Checks, BrokenPromisesAreNamed) {
  const Schema schema{.attributes = {{.name = "id", .type = Type::String(), .computed = true}}};
  Diagnostics found;
  CheckApplied(schema, Value::Object({{"id", Value::Unknown({.not_null = true})}}), Value::Object({{"id", {}}}), found);
  EXPECT_EQ(Errors(found), "id|.id: was promised to be not null, but is now null\n");
}

Schema TimedSchema(bool block) {
  return {
      .attributes = {{.name = "name", .type = Type::String(), .optional = true}},
      .timeouts = Timeouts{.create = std::chrono::milliseconds(20), .update = std::chrono::minutes(1), .block = block}};
}

TEST(TimeLimits, CancelTheOperationAndSaySo) {
  const Made made = Make(TimedSchema(false));
  made.plain->wait_ms = 60'000;
  const ApplyOutput output = Apply(made.entry, {.planned = Fit(made.entry, {{"name", Str("a")}})});
  EXPECT_EQ(made.plain->reason, CancelReason::kTimeout);
  EXPECT_EQ(Errors(output.diagnostics),
            "|\ntimeouts|It was broken off after 20ms. Set \"timeouts.create\" to give it more time.\n");
  EXPECT_EQ(output.state.Get("name"), Str("a"));
}

class Slow final : public DataSource {
 public:
  std::string TypeName() const override { return "slow"; }
  Schema GetSchema() const override {
    return {.attributes = {{.name = "name", .type = Type::String(), .optional = true}},
            .timeouts = Timeouts{.read = std::chrono::minutes(1), .block = true}};
  }
  void Read(const ReadDataRequest& q, ReadDataResponse& r) override {
    if (q.cancellation.WaitFor(std::chrono::minutes(1))) r.diagnostics.AddError("broken off", "");
  }
};

TEST(TimeLimits, EndTheReadingOfADataSource) {
  const DataSourceEntry entry = DataSourceEntry::Make(std::make_unique<Slow>()).value();
  const Value config = Value::Object({{"name", Value::Null()}, {"timeouts", Value::Object({{"read", Str("30ms")}})}});
  const ReadDataOutput output = ReadData(entry, {.config = config});
  EXPECT_EQ(Errors(output.diagnostics),
            "|\ntimeouts.read|It was broken off after 30ms. Set \"timeouts.read\" to give it more time.\n");
}

TEST(TimeLimits, UsersOwnLimitCountsAndStopStillStops) {
  const Made made = Make(TimedSchema(true));
  made.plain->wait_ms = 60'000;
  CancellationSource stop;
  const auto timer = std::chrono::steady_clock::now();
  std::thread later([&] { stop.Cancel(); });
  const Value planned = Fit(made.entry, {{"timeouts", Value::Object({{"create", Str("1h")}})}});
  const ApplyOutput output = Apply(made.entry, {.planned = planned, .cancellation = stop.token()});
  later.join();
  EXPECT_LT(std::chrono::steady_clock::now() - timer, std::chrono::seconds(30));
  EXPECT_EQ(made.plain->reason, CancelReason::kStopped);
  EXPECT_EQ(output.diagnostics.items().size(), 1U);
  EXPECT_EQ(output.state.Get("timeouts").Get("create"), Str("1h"));
}

TEST(TimeLimits, AloneTheyReachNoAuthor) {
  const Made made = Make(TimedSchema(false));
  const Value prior = Fit(made.entry, {{"name", Str("a")}});
  const Value planned = Fit(made.entry, {{"name", Str("a")}, {"timeouts", Value::Object({{"create", Str("1h")}})}});
  const PlanOutput plan = Plan(made.entry, {.config = planned, .prior = prior, .proposed = planned});
  EXPECT_EQ(plan.planned, planned);
  EXPECT_EQ(Apply(made.entry, {.config = planned, .prior = prior, .planned = planned}).state, planned);
  EXPECT_EQ(made.plain->updates, 0);
  made.plain->read = Value::Object({{"name", Str("b")}});
  const Value read = Read(made.entry, {.state = planned}).state;
  EXPECT_EQ(read.Get("timeouts"), planned.Get("timeouts"));
  EXPECT_EQ(read.Get("name"), Str("b"));
}

}  // namespace
}  // namespace podwright::sdk::logic
