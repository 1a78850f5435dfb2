// What authors return and must not: each fault is named with its place, before core sees it.
#include "provider/sdk/logic/returned.h"

#include <gtest/gtest.h>

#include "provider/sdk/logic/apply.h"
#include "provider/sdk/logic/made_up.h"
#include "provider/sdk/logic/move.h"
#include "provider/sdk/logic/plan.h"
#include "provider/sdk/logic/read.h"
#include "provider/sdk/logic/scripted.h"
#include "provider/sdk/logic/state.h"

namespace podwright::sdk::logic {
namespace {

const AttributePath kPassword = AttributePath("users").Key("app").Attribute("password");

void Leak(Value& state) {
  state.SetField("secret", Str("leak"));
  state.SetAt(kPassword, Str("leak"));
}

// The places that an answer's errors name.
std::string Places(const Diagnostics& diagnostics) {
  std::string places;
  for (const Diagnostic& d : diagnostics.items()) {
    EXPECT_EQ(d.detail.find("leak"), std::string::npos) << "a secret is shown";
    places += d.summary + ": " + d.path.ToString() + "\n";
  }
  return places;
}

std::string Leaks(const std::string& summary) {
  return summary + ": secret\n" + summary + ": users[\"app\"].password\n";
}

using WriteOnlyValues = LogicOfExisting;

TEST_F(WriteOnlyValues, OfAPlanAreNamedAndDropped) {
  scripted_->modify = [](const ModifyPlanRequest&, ModifyPlanResponse& r) { Leak(r.plan); };
  const PlanOutput output = PlanWith(config_, prior_);
  EXPECT_EQ(Places(output.diagnostics), Leaks("Provider produced invalid plan"));
  EXPECT_EQ(output.planned, prior_);
}

TEST_F(WriteOnlyValues, OfAResultAreNamedAndDropped) {
  scripted_->update = [](const UpdateRequest& q, UpdateResponse& r) {
    r.state = q.plan;
    Leak(r.state);
  };
  const ApplyOutput output = Apply(entry_, {.config = config_, .prior = prior_, .planned = prior_});
  EXPECT_EQ(Places(output.diagnostics), Leaks("Provider returned invalid result object after apply"));
  EXPECT_EQ(output.state, prior_);
}

TEST_F(WriteOnlyValues, OfAReadAreNamedAndDropped) {
  scripted_->read = [](const ReadRequest&, ReadResponse& r) { Leak(r.state); };
  const ReadOutput output = Read(entry_, {.state = prior_});
  EXPECT_EQ(Places(output.diagnostics), Leaks("Provider produced invalid object"));
  EXPECT_EQ(output.state, prior_);
}

TEST_F(WriteOnlyValues, OfAnImportOrAMoveAreNamedAndDropped) {
  scripted_->import = [this](const ImportRequest&, ImportResponse& r) {
    r.state = prior_;
    Leak(r.state);
  };
  const StateOutput imported = Import(entry_, {.id = "a"}, {});
  EXPECT_EQ(Places(imported.diagnostics), Leaks("Provider produced invalid object"));
  EXPECT_EQ(imported.state, prior_);
  scripted_->move = [this](const MoveRequest&, MoveResponse& r) {
    r.state = prior_;
    Leak(r.state);
  };
  const MoveResponse moved = Move(entry_, {});
  EXPECT_EQ(Places(moved.diagnostics), Leaks("Provider produced invalid object"));
  EXPECT_TRUE(moved.state.is_null());
}

TEST_F(WriteOnlyValues, OfAnOldStateAreDroppedWithoutAWord) {
  const StateOutput upgraded = UpgradeState(entry_, 2, R"({"name":"a","secret":"from before it was write-only"})");
  EXPECT_EQ(Places(upgraded.diagnostics), "");
  EXPECT_TRUE(upgraded.state.Get("secret").is_null());
}

using UnknownValues = LogicOfExisting;

TEST_F(UnknownValues, OfEveryAnswerButAPlanAreNamed) {
  scripted_->read = [](const ReadRequest&, ReadResponse& r) { r.state.SetField("stamp", Value::Unknown()); };
  EXPECT_EQ(Places(Read(entry_, {.state = prior_}).diagnostics), "Provider produced invalid object: stamp\n");
  scripted_->import = [this](const ImportRequest&, ImportResponse& r) {
    r.state = prior_;
    r.state.SetField("stamp", Value::Unknown());
  };
  EXPECT_EQ(Places(Import(entry_, {.id = "a"}, {}).diagnostics), "Provider produced invalid object: stamp\n");
  scripted_->upgrade = [](const UpgradeRequest&, UpgradeResponse& r) { r.state.SetField("stamp", Value::Unknown()); };
  EXPECT_EQ(Places(UpgradeState(entry_, 1, R"({"name":"a"})").diagnostics),
            "Provider produced invalid object: stamp\n");
  scripted_->update = [](const UpdateRequest& q, UpdateResponse& r) {
    r.state = q.plan;
    r.state.SetField("stamp", Value::Unknown());
  };
  EXPECT_EQ(Places(Apply(entry_, {.config = config_, .prior = prior_, .planned = prior_}).diagnostics),
            "Provider returned invalid result object after apply: stamp\n");
}

TEST_F(LogicOfExisting, UpdateThatReturnsNothingIsAnErrorAndKeepsTheObject) {
  scripted_->update = [](const UpdateRequest&, UpdateResponse& r) { r.state = Value::Null(); };
  const ApplyOutput output = Apply(entry_, {.config = config_, .prior = prior_, .planned = prior_});
  EXPECT_EQ(Errors(output.diagnostics),
            "The provider lost the object|Its update returned neither an object nor an error.\n");
  EXPECT_EQ(output.state, prior_);
}

struct Misnamed final : Scripted {
  std::string TypeName() const override { return "Toy-File"; }
};

TEST(Names, OfResourcesAreThoseOfTheLanguage) {
  const auto made = ResourceEntry::Make(std::make_unique<Misnamed>());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message(), "the resource \"Toy-File\": names are [a-z][a-z0-9_]*");
}

class FinalPlans : public Logic {
 protected:
  PlanOutput PlanWithUnknownNote(Value note = Value::Unknown()) {
    Value config = Config({{"name", Str("a")}, {"note", std::move(note)}});
    return Plan(entry_, {.config = config, .proposed = config});
  }
};

TEST_F(FinalPlans, KnownValueThatChangesWithAnUnknownOneIsNamed) {
  scripted_->modify = [](const ModifyPlanRequest& q, ModifyPlanResponse& r) {
    r.plan.SetField("stamp", Str(q.config.Get("note").is_unknown() ? "early" : "late"));
  };
  EXPECT_EQ(
      Errors(PlanWithUnknownNote().diagnostics),
      "Provider produced inconsistent final plan|.stamp: was \"early\", but now \"late\", when the unknown values "
      "of the configuration were known (values made up by the checks)\n");
  EXPECT_EQ(Errors(PlanWithUnknownNote(Str("n")).diagnostics), "");
}

TEST_F(FinalPlans, PromiseThatAKnownValueBreaksIsNamed) {
  scripted_->modify = [](const ModifyPlanRequest& q, ModifyPlanResponse& r) {
    const bool unknown = q.config.Get("note").is_unknown();
    r.plan.SetField("stamp", unknown ? Value::Unknown({.prefix = "his"}) : Str("mine"));
  };
  EXPECT_EQ(Places(PlanWithUnknownNote().diagnostics), "Provider produced inconsistent final plan: stamp\n");
}

TEST_F(FinalPlans, ValuesMadeUpThatTheAuthorRefusesTellNothing) {
  scripted_->modify = [](const ModifyPlanRequest& q, ModifyPlanResponse& r) {
    if (!q.config.Get("note").is_unknown()) return r.diagnostics.AddError("not such a note", "");
    r.plan.SetField("stamp", Str("early"));
  };
  EXPECT_EQ(Errors(PlanWithUnknownNote().diagnostics), "");
}

TEST_F(FinalPlans, MadeUpValuesHoldWhatIsPromised) {
  const Number five = *Value::Int(5).AsNumber();
  const std::vector<Attribute> attributes = {
      {.name = "text", .type = Type::String(), .optional = true},
      {.name = "number", .type = Type::Number(), .optional = true},
      {.name = "list", .type = Type::List(Type::Bool()), .optional = true},
      {.name = "deep", .type = Type::Object({{"any", Type::Dynamic()}, {"tuple", Type::Tuple({Type::Number()})}})},
      {.name = "blocks",
       .nesting = Nesting::kSet,
       .attributes = {{.name = "needed", .type = Type::String(), .required = true},
                      {.name = "free", .type = Type::String(), .optional = true}},
       .block = true}};
  const Value made = *MadeUp(attributes, Value::Object({{"text", Value::Unknown({.prefix = "ab"})},
                                                        {"number", Value::Unknown({.min = Refinement::Bound{five}})},
                                                        {"list", Value::List({Value::Unknown()})},
                                                        {"deep", Value::Unknown()},
                                                        {"blocks", Value::Unknown()}}));
  EXPECT_TRUE(made.IsWhollyKnown());
  EXPECT_EQ(made.Get("text"), Str("abx"));
  EXPECT_EQ(made.Get("number"), Value::Int(5));
  EXPECT_EQ(made.Get("list"), Value::List({Value::Bool(true)}));
  EXPECT_EQ(made.Get("deep").Get("tuple"), Value::Tuple({Value::Int(1)}));
  EXPECT_EQ(made.Get("blocks"), Value::Set({Value::Object({{"needed", Str("x")}, {"free", Value::Null()}})}));
  EXPECT_FALSE(MadeUp(attributes, Value::Object({{"list", Value::Unknown({.min_length = 3})}})).has_value());
}

}  // namespace
}  // namespace podwright::sdk::logic
