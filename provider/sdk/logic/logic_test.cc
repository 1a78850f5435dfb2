// Planning, applying, reading and upgrading with a resource whose doings the test decides.
#include <gtest/gtest.h>

#include <stdexcept>

#include "provider/sdk/logic/apply.h"
#include "provider/sdk/logic/checks.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/plan.h"
#include "provider/sdk/logic/read.h"
#include "provider/sdk/logic/scripted.h"
#include "provider/sdk/logic/state.h"
#include "provider/sdk/logic/validate.h"

namespace podwright::sdk::logic {
namespace {

TEST_F(Logic, CreatePlansDefaultsAndUnknowns) {
  const Value config = Config({{"name", Str("a")}, {"secret", Str("x")}, {"users", Users({{"password", Str("y")}})}});
  const PlanOutput plan = Plan(entry_, {.config = config, .proposed = config});
  EXPECT_EQ(Errors(plan.diagnostics), "");
  EXPECT_TRUE(plan.planned.Get("id").is_unknown());
  EXPECT_TRUE(plan.planned.Get("stamp").is_unknown());
  EXPECT_EQ(plan.planned.Get("mode"), Str("0644"));
  EXPECT_TRUE(plan.planned.Get("secret").is_null());
  const AttributePath user = AttributePath("users").Key("app");
  EXPECT_TRUE(plan.planned.At(user.Attribute("token"))->is_unknown());
  EXPECT_TRUE(plan.planned.At(user.Attribute("password"))->is_null());
  EXPECT_TRUE(plan.planned.At(user.Attribute("role"))->is_null());
}

TEST_F(LogicOfExisting, NothingChangedPlansTheStateAsItIs) {
  const PlanOutput plan = PlanWith(config_, prior_);
  EXPECT_EQ(Errors(plan.diagnostics), "");
  EXPECT_EQ(plan.planned, prior_);
  EXPECT_TRUE(plan.requires_replace.empty());
}

TEST_F(LogicOfExisting, AChangeMakesTheRestUnknownButWhatStays) {
  config_.SetField("note", Str("new"));
  Value proposed = prior_;
  proposed.SetField("note", Str("new"));
  const PlanOutput plan = PlanWith(config_, proposed);
  EXPECT_EQ(Errors(plan.diagnostics), "");
  EXPECT_EQ(plan.planned.Get("id"), Str("1"));
  EXPECT_TRUE(plan.planned.Get("stamp").is_unknown());
  EXPECT_EQ(*plan.planned.At(AttributePath("users").Key("app").Attribute("token")), Str("t"));
  EXPECT_TRUE(plan.planned.At(AttributePath("users").Key("app").Attribute("seen"))->is_unknown());
  EXPECT_TRUE(plan.planned.Get("labels").elements()[0].Get("made").is_unknown());
  EXPECT_TRUE(plan.requires_replace.empty());
}

TEST_F(LogicOfExisting, OtherSpellingOfTheSameIsNoChange) {
  config_.SetField("size", Str("cd"));
  Value proposed = prior_;
  proposed.SetField("size", Str("cd"));
  EXPECT_EQ(PlanWith(config_, proposed).planned, prior_);
}

TEST_F(LogicOfExisting, ReplacementIsAskedForWhereTheValueDiffers) {
  config_.SetField("name", Str("b"));
  Value proposed = prior_;
  proposed.SetField("name", Str("b"));
  const PlanOutput plan = PlanWith(config_, proposed);
  ASSERT_EQ(plan.requires_replace.size(), 1U);
  EXPECT_EQ(plan.requires_replace[0].ToString(), "name");
}

TEST_F(LogicOfExisting, DestroyPlanIsNullAndMayWarn) {
  scripted_->modify = [](const ModifyPlanRequest&, ModifyPlanResponse& r) { r.diagnostics.AddWarning("gone", ""); };
  const PlanOutput plan = Plan(entry_, {.prior = prior_});
  EXPECT_TRUE(plan.planned.is_null());
  EXPECT_EQ(plan.diagnostics.items().size(), 1U);
  EXPECT_FALSE(plan.diagnostics.HasError());
}

TEST_F(LogicOfExisting, AuthorsWrongPlanNamesTheAttribute) {
  scripted_->modify = [](const ModifyPlanRequest&, ModifyPlanResponse& r) {
    r.plan.SetAt(AttributePath("users").Key("app").Attribute("role"), Str("other"));
  };
  Diagnostics found;
  const PlanOutput plan = PlanWith(config_, prior_);
  CheckPlan(entry_.schema, config_, prior_, prior_, plan.planned, found);
  ASSERT_EQ(found.items().size(), 1U);
  EXPECT_EQ(found.items()[0].path.ToString(), "users[\"app\"].role");
  EXPECT_EQ(Errors(found),
            "Provider produced invalid plan|.users[\"app\"].role: planned value \"other\" does not match config "
            "value \"r\" nor prior value \"r\"\n");
}

TEST_F(LogicOfExisting, ExceptionInModifyPlanIsADiagnostic) {
  scripted_->modify = [](const ModifyPlanRequest&, ModifyPlanResponse&) { throw std::runtime_error("boom"); };
  EXPECT_NE(Errors(PlanWith(config_, prior_).diagnostics).find("boom"), std::string::npos);
}

TEST_F(Logic, CreateSeesWriteOnlyValues) {
  const Value config = Config({{"name", Str("a")}, {"secret", Str("x")}});
  Value planned = Config({{"name", Str("a")}, {"id", Value::Unknown()}});
  std::string seen;
  scripted_->create = [&](const CreateRequest& q, CreateResponse& r) {
    seen = q.config.Get("secret").StringOr("");
    r.state = q.plan;
    r.state.SetField("id", Str("1"));
    r.private_state = "p";
  };
  const ApplyOutput output = Apply(entry_, {.config = config, .planned = planned});
  EXPECT_EQ(Errors(output.diagnostics), "");
  EXPECT_EQ(seen, "x");
  EXPECT_EQ(output.private_state, "p");
}

TEST_F(Logic, FailedCreateKeepsWhatExists) {
  const Value config = Config({{"name", Str("a")}});
  Value planned = Config({{"name", Str("a")}, {"id", Value::Unknown()}});
  scripted_->create = [&](const CreateRequest& q, CreateResponse& r) {
    r.state = q.plan;
    throw std::runtime_error("half done");
  };
  const ApplyOutput output = Apply(entry_, {.config = config, .planned = planned});
  EXPECT_TRUE(output.diagnostics.HasError());
  EXPECT_EQ(output.state.Get("name"), Str("a"));
  EXPECT_TRUE(output.state.IsWhollyKnown());
}

TEST_F(Logic, UnknownAfterApplyIsNamed) {
  const Value config = Config({{"name", Str("a")}});
  scripted_->create = [](const CreateRequest& q, CreateResponse& r) { r.state = q.plan; };
  const ApplyOutput output =
      Apply(entry_, {.config = config, .planned = Config({{"name", Str("a")}, {"id", Value::Unknown()}})});
  ASSERT_EQ(output.diagnostics.items().size(), 1U);
  EXPECT_EQ(output.diagnostics.items()[0].path.ToString(), "id");
  EXPECT_TRUE(output.state.has_value());
}

TEST_F(LogicOfExisting, FailedUpdateAndDeleteKeepThePriorState) {
  scripted_->update = [](const UpdateRequest&, UpdateResponse& r) { r.diagnostics.AddError("no", "", ""); };
  scripted_->remove = [](const DeleteRequest&, DeleteResponse& r) { r.diagnostics.AddError("no", "", ""); };
  EXPECT_EQ(Apply(entry_, {.config = config_, .prior = prior_, .planned = prior_}).state, prior_);
  EXPECT_EQ(Apply(entry_, {.prior = prior_}).state, prior_);
}

TEST_F(LogicOfExisting, ResultKeepsThePlannedSpelling) {
  scripted_->update = [](const UpdateRequest& q, UpdateResponse& r) {
    r.state = q.plan;
    r.state.SetField("size", Str("xy"));
  };
  const ApplyOutput output = Apply(entry_, {.config = config_, .prior = prior_, .planned = prior_});
  EXPECT_EQ(Errors(output.diagnostics), "");
  EXPECT_EQ(output.state.Get("size"), Str("ab"));
}

TEST_F(LogicOfExisting, ChangedResultNamesTheAttribute) {
  Value state = prior_;
  state.SetAt(AttributePath("users").Key("app").Attribute("token"), Str("other"));
  state.SetField("stamp", Value::Null());
  Diagnostics found;
  CheckApplied(entry_.schema, prior_, state, found);
  EXPECT_EQ(Errors(found),
            "Provider produced inconsistent result after apply|.stamp: was \"s\", but now null\n"
            "Provider produced inconsistent result after apply|.users[\"app\"].token: was \"t\", but now \"other\"\n");
}

TEST_F(LogicOfExisting, ReadTellsThatTheObjectIsGone) {
  scripted_->read = [](const ReadRequest&, ReadResponse& r) { r.state = Value::Null(); };
  const ReadOutput output = Read(entry_, {.state = prior_, .private_state = "p"});
  EXPECT_TRUE(output.state.is_null());
  EXPECT_FALSE(output.diagnostics.HasError());
  EXPECT_EQ(output.private_state, "p");
}

TEST_F(Logic, UpgradeFillsDropsAndCallsTheAuthor) {
  const StateOutput same = UpgradeState(entry_, 2, R"({"id":"1","name":"a","gone":[1],"secret":"old"})");
  EXPECT_EQ(Errors(same.diagnostics), "");
  EXPECT_EQ(same.state, Config({{"id", Str("1")}, {"name", Str("a")}}));
  EXPECT_EQ(UpgradeState(entry_, 1, R"({"id":"1"})").state.Get("name"), Str("upgraded"));
  EXPECT_TRUE(UpgradeState(entry_, 3, "{}").diagnostics.HasError());
  EXPECT_TRUE(UpgradeState(entry_, 2, "{").diagnostics.HasError());
  EXPECT_TRUE(UpgradeState(entry_, 2, R"({"name":[]})").diagnostics.HasError());
}

TEST_F(Logic, WriteOnlyNeedsAClientThatKnowsIt) {
  const Value config = Config({{"name", Str("a")}, {"users", Users({{"password", Str("y")}})}});
  const Diagnostics refused = ValidateResource(entry_, {.config = config});
  ASSERT_EQ(refused.items().size(), 1U);
  EXPECT_EQ(refused.items()[0].path.ToString(), "users[\"app\"].password");
  EXPECT_TRUE(ValidateResource(entry_, {.config = config, .client = {.write_only_attributes_allowed = true}}).empty());
}

}  // namespace
}  // namespace podwright::sdk::logic
