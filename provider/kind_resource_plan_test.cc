// Plans of a kind's resource, and what they leave for the apply.
#include "provider/describe.h"
#include "provider/testing/kind_resource_case.h"

namespace podwright::provider {
namespace {

using sdk::Value;

class KindResourcePlanTest : public testing::KindResourceCase {
 protected:
  // Whether the destroying half of a replacement keeps the object for the creating one.
  bool DeleteHolds(const std::string& planned_private) {
    sdk::DeleteRequest destroy;
    destroy.state = Value::Object({{"id", Value::String("default/web-1")}});
    destroy.private_state = planned_private;
    sdk::DeleteResponse destroyed;
    resource_.Delete(destroy, destroyed);
    EXPECT_EQ(backend_.last.deletes_size(), 1);
    return backend_.last.hold_deletes();
  }
};

TEST_F(KindResourcePlanTest, ThePlanWarnsOfADisruptionInTheSummary) {
  v1::Slice* slice = backend_.plan.add_slices();
  v1::Action* action = slice->add_actions();
  action->mutable_object()->set_kind("server");
  action->mutable_object()->set_name("web-1");
  action->set_server("web-1");
  action->set_disruption(v1::DISRUPTION_RESTART);
  action->set_downtime_ms(2000);
  const sdk::ModifyPlanResponse response = Plan(CreatePlan("hi\n"));
  ASSERT_EQ(response.diagnostics.items().size(), 1U);
  EXPECT_EQ(response.diagnostics.items()[0].summary, "server/web-1: restart on web-1, about 2 s");
  EXPECT_EQ(response.plan.Get("planned_disruption"), Value::String("restart"));
  EXPECT_TRUE(response.plan.Get("plan_digest").is_null());
  EXPECT_TRUE(backend_.last.dry_run());
}

TEST_F(KindResourcePlanTest, ThePlanSaysWhatPolicyHoldsBackAndTheCommandThatApprovesIt) {
  backend_.policy.set_approval_needed(true);
  backend_.policy.set_needed(2);
  backend_.policy.set_digest(std::string(32, '\x5a'));
  backend_.policy.add_limits()->set_text("data_losses: 1 data losses, and the limit is 0");
  sdk::ModifyPlanResponse response = Plan(CreatePlan("hi\n"));
  EXPECT_FALSE(response.diagnostics.HasError());
  ASSERT_EQ(response.diagnostics.items().size(), 1U);
  EXPECT_EQ(response.diagnostics.items()[0].summary, "server/web-1: policy holds this back until it is approved");
  EXPECT_EQ(response.diagnostics.items()[0].detail,
            "- data_losses: 1 data losses, and the limit is 0\nIt goes through once it is approved (0 of 2 approvals "
            "are there): podwright approve " +
                HexDigest(backend_.policy.digest()));
  backend_.policy.set_approved(true);
  response = Plan(CreatePlan("hi\n"));
  EXPECT_EQ(response.diagnostics.items()[0].summary, "server/web-1: what policy says of this");
}

TEST_F(KindResourcePlanTest, AReferenceToWhatTheSameApplyMakesLeavesThePlanOpen) {
  v1::Slice* slice = backend_.plan.add_slices();
  slice->set_error("the secret \"token\" has no value yet");
  slice->add_missing()->set_name("token");
  backend_.warnings = {"server/web-1 refers to secret/token, which does not exist yet"};
  const sdk::ModifyPlanResponse response = Plan(CreatePlan("hi\n"));
  EXPECT_TRUE(response.diagnostics.empty());
  EXPECT_TRUE(response.plan.Get("planned_disruption").is_unknown());
}

TEST_F(KindResourcePlanTest, ItsOwnErrorIsAnErrorOfItsPlan) {
  v1::Slice* slice = backend_.plan.add_slices();
  slice->mutable_object()->set_kind("server");
  slice->mutable_object()->set_name("web-1");
  slice->set_error("no");
  const sdk::ModifyPlanResponse response = Plan(CreatePlan("hi\n"));
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_EQ(response.diagnostics.items()[0].summary, "server/web-1: cannot be planned");
}

TEST_F(KindResourcePlanTest, AnotherObjectsErrorStopsNoPlanAndHasItsOwnName) {
  v1::Slice* slice = backend_.plan.add_slices();
  slice->mutable_object()->set_kind("load_balancer");
  slice->mutable_object()->set_name("front");
  slice->set_error("database/orders does not exist");
  const sdk::ModifyPlanResponse response = Plan(CreatePlan("hi\n"));
  EXPECT_FALSE(response.diagnostics.HasError());
  ASSERT_EQ(response.diagnostics.items().size(), 1U);
  EXPECT_EQ(response.diagnostics.items()[0].summary.find("load_balancer/front: "), 0U);
}

TEST_F(KindResourcePlanTest, ADestroyIsNotStoppedByWhatGoesInTheSameApply) {
  sdk::ModifyPlanRequest request;
  request.state = Create("hi\n").state;
  request.plan = Value::Null();
  v1::Slice* slice = backend_.plan.add_slices();
  slice->mutable_object()->set_kind("load_balancer");
  slice->mutable_object()->set_name("front");
  slice->set_error("server/web-1 is no member of the mesh");
  EXPECT_TRUE(Plan(request).diagnostics.empty());
}

TEST_F(KindResourcePlanTest, WithBoundPlansTheDigestIsPartOfThePlanAndOfTheApply) {
  session_.bind_plans = true;
  backend_.plan.set_digest("\x01\x02");
  v1::Slice* slice = backend_.plan.add_slices();
  slice->add_reads()->set_key("object/secret/token");
  v1::FactRead* observed = slice->add_reads();
  observed->set_key("observed/server/web-1@web-1");
  observed->set_digest("\x0a");
  const sdk::ModifyPlanResponse response = Plan(CreatePlan("hi\n"));
  EXPECT_EQ(response.plan.Get("plan_digest"), Value::String("0102"));
  EXPECT_EQ(response.plan.Get("plan_facts"), Value::Map({{"object/secret/token", Value::String("absent")},
                                                         {"observed/server/web-1@web-1", Value::String("0a")}}));
  sdk::CreateRequest create;
  create.config = Config("hi\n");
  create.plan = response.plan;
  sdk::CreateResponse created;
  resource_.Create(create, created);
  EXPECT_EQ(backend_.last.plan_digest(), "\x01\x02");
}

TEST_F(KindResourcePlanTest, ANewNameIsAnErrorAtTheName) {
  sdk::ModifyPlanRequest request;
  request.state = Create("hi\n").state;
  request.config = Config("hi\n");
  request.plan = request.state;
  request.plan.SetField("name", Value::String("web-2"));
  const sdk::ModifyPlanResponse response = Plan(request);
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_EQ(response.diagnostics.items()[0].path.ToString(), "name");
}

TEST_F(KindResourcePlanTest, OtherDefaultLabelsAreAnUpdateOfWhatIsOtherwiseTheSame) {
  sdk::ModifyPlanRequest request;
  request.state = Create("hi\n").state;
  request.config = Config("hi\n");
  request.plan = request.state;
  const sdk::ModifyPlanResponse same = Plan(request);
  EXPECT_EQ(same.plan, request.state);
  session_.default_labels = {{"team", "shop"}};
  const sdk::ModifyPlanResponse other = Plan(request);
  EXPECT_EQ(other.plan.Get("effective_labels"), Value::Map({{"team", Value::String("shop")}}));
  EXPECT_EQ(backend_.last.puts(0).labels().at("team"), "shop");
}

// A value that stays known is what Terraform keeps in its state after the apply.
TEST_F(KindResourcePlanTest, WhatAChangeMayMoveOfTheStatusIsOpenInItsPlan) {
  KindResource databases{*kinds::AllKinds().Find("database"), session_};
  sdk::ModifyPlanRequest request;
  request.state = Value::Object({{"id", Value::String("default/orders")},
                                 {"name", Value::String("orders")},
                                 {"engine", Value::String("postgresql")},
                                 {"members", Value::List({Value::String("one"), Value::String("two")})},
                                 {"primary", Value::String("one")},
                                 {"status", Value::Object({{"primary", Value::String("one")},
                                                           {"read_write", Value::String("192.0.2.1:5432")},
                                                           {"users", Value::Map({})}})}});
  request.config = request.state;
  request.plan = request.state;
  request.plan.SetField("primary", Value::String("two"));
  sdk::ModifyPlanResponse response;
  response.plan = request.plan;
  databases.ModifyPlan(request, response);
  const Value status = response.plan.Get("status");
  EXPECT_FALSE(status.Get("primary").IsWhollyKnown());
  EXPECT_FALSE(status.Get("read_write").IsWhollyKnown());
  EXPECT_EQ(status.Get("users"), Value::Map({}));
}

TEST_F(KindResourcePlanTest, ACreateOfWhatIsThereAlreadyIsToldAndKeptByTheDeleteBeforeIt) {
  static_cast<void>(Create("hi\n"));
  session_.declared_here.Clear();  // another run
  // What core sends for a tainted object: no state, no private state.
  const sdk::ModifyPlanResponse planned = Plan(CreatePlan("hi\n"));
  ASSERT_EQ(planned.diagnostics.items().size(), 1U);
  EXPECT_EQ(planned.diagnostics.items()[0].summary, "server/web-1: exists already and is taken up as it is");
  EXPECT_TRUE(DeleteHolds(planned.private_state));
}

TEST_F(KindResourcePlanTest, AReplacementThatSomebodyAskedForIsOne) {
  sdk::ModifyPlanRequest first;  // -replace: core plans with the state, then again without, with the private state
  first.state = Create("hi\n").state;
  session_.declared_here.Clear();  // another run
  first.config = Config("hi\n");
  first.plan = first.state;
  const sdk::ModifyPlanResponse with_state = Plan(first);
  sdk::ModifyPlanRequest second = CreatePlan("hi\n");
  second.private_state = with_state.private_state;
  const sdk::ModifyPlanResponse without = Plan(second);
  EXPECT_TRUE(without.diagnostics.empty());
  EXPECT_FALSE(DeleteHolds(without.private_state));
}

TEST_F(KindResourcePlanTest, AnUnknownProviderConfigurationPlansWithoutAPreview) {
  session_.backend = nullptr;
  const sdk::ModifyPlanResponse response = Plan(CreatePlan("hi\n"));
  EXPECT_TRUE(response.diagnostics.empty());
  EXPECT_TRUE(response.plan.Get("planned_disruption").is_unknown());
}

}  // namespace
}  // namespace podwright::provider
