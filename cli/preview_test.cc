// Saved plans as requests, and what becomes of the answer.
#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/render/preview.h"
#include "cli/terminal.h"
#include "cli/tofu_plan.h"
#include "kinds/registry.h"
#include "kinds/text.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

json Change(const std::string& address, std::vector<std::string> actions, json before, json after,
            json unknown = json::object()) {
  const std::size_t dot = address.rfind("podwright_");
  const std::string type = address.substr(dot, address.find('.', dot) - dot);
  return {{"address", address},
          {"mode", "managed"},
          {"type", type},
          {"change",
           {{"actions", std::move(actions)},
            {"before", std::move(before)},
            {"after", std::move(after)},
            {"after_unknown", std::move(unknown)}}}};
}

json PlanOf(std::vector<json> changes) {
  return {{"format_version", "1.2"},
          {"terraform_version", "1.11.4"},
          {"resource_changes", std::move(changes)},
          {"configuration",
           {{"provider_config",
             {{"podwright", {{"name", "podwright"}, {"expressions", {{"stack", {{"constant_value", "shop"}}}}}}}}}}}};
}

Result<TofuPlan> Read(const json& plan, const TofuPlanOptions& options = {}) {
  return ReadTofuPlan(kinds::AllKinds(), plan.dump(), options);
}

std::string Refusal(const std::string& text) {
  const Result<TofuPlan> plan = ReadTofuPlan(kinds::AllKinds(), text, {});
  return plan.ok() ? "" : plan.error().ToString();
}

TEST(TofuPlan, WrongInputSaysWhatItIsAndWhatToRunInstead) {
  const auto refusal = [](const std::string& what) { return AllOf(HasSubstr(what), HasSubstr("show -json")); };
  EXPECT_THAT(Refusal(""), refusal("empty"));
  EXPECT_THAT(Refusal("no json"), refusal("not JSON"));
  EXPECT_THAT(Refusal(PlanOf({}).dump().substr(0, 40)), refusal("not JSON, or not all of it"));
  EXPECT_THAT(Refusal("PK\x03\x04"), refusal("the saved plan itself"));
  EXPECT_THAT(Refusal("[]"), refusal("not an object"));
  EXPECT_THAT(Refusal("{\"@level\":\"info\"}\n{\"@level\":\"info\"}"), refusal("the log"));
  EXPECT_THAT(Refusal("{}"), refusal("format_version"));
  EXPECT_THAT(Refusal(R"({"format_version":"1.0","values":{}})"), refusal("a state"));
  EXPECT_THAT(Refusal(std::string(100000, '[')), refusal("too deeply"));
  const std::string deep = std::string(300, '[') + std::string(300, ']');
  EXPECT_THAT(Refusal(R"({"format_version":"1.2","resource_changes":)" + deep + "}"), refusal("too deeply"));
}

TEST(TofuPlan, AnotherFormatVersionAsksForANewerProgram) {
  json plan = PlanOf({});
  plan["format_version"] = "2.0";
  EXPECT_THAT(Refusal(plan.dump()), AllOf(HasSubstr("2.0"), HasSubstr("newer podwright")));
}

TEST(TofuPlan, APlanWithoutOurResourcesOrWithErrorsIsRefused) {
  EXPECT_THAT(Refusal(PlanOf({}).dump()), HasSubstr("no podwright_* resources"));
  json other = PlanOf({Change("podwright_secret.s", {"create"}, nullptr, {{"name", "s"}})});
  other["errored"] = true;
  EXPECT_THAT(Refusal(other.dump()), HasSubstr("ended with an error"));
  EXPECT_THAT(Refusal(PlanOf({Change("podwright_moon.m", {"create"}, nullptr, {{"name", "m"}})}).dump()),
              AllOf(HasSubstr("podwright_moon"), HasSubstr("newer")));
}

TEST(TofuPlan, WhatIsNotOfTheFormIsRefusedAtItsAddress) {
  EXPECT_THAT(
      Refusal(PlanOf({Change("podwright_secret.s", {"create"}, nullptr, {{"name", "s"}, {"generator", "x"}})}).dump()),
      AllOf(HasSubstr("podwright_secret.s"), HasSubstr("generator")));
  EXPECT_EQ(Refusal(PlanOf({Change("podwright_secret.s", {"create"}, nullptr, 7, "x")}).dump()), "");
  EXPECT_THAT(Refusal(R"({"format_version":"1.2","resource_changes":[7,null,"x",{"type":7}]})"),
              HasSubstr("no podwright_* resources"));
}

TEST(TofuPlan, CreatesAndUpdatesArePutsAndDestroysAreDeletes) {
  const Result<TofuPlan> plan = Read(PlanOf({
      Change("podwright_server.web[0]", {"create"}, nullptr,
             {{"name", "web"},
              {"cloud", "lab"},
              {"labels", {{"tier", "web"}}},
              {"size", nullptr},
              {"files", {{"/etc/motd", {{"content", "hi"}, {"mode", nullptr}}}}},
              {"sysctl", {{"net.a.b", "1"}}}},
             {{"id", true}, {"status", true}, {"plan_digest", true}}),
      Change("podwright_secret.s", {"update"}, {{"id", "default/s"}, {"name", "s"}},
             {{"name", "s"}, {"generator", {{"length", 40}, {"alphabet", nullptr}}}}),
      Change("podwright_server.old", {"delete"}, {{"id", "default/old"}, {"name", "old"}}, nullptr),
      Change("podwright_server.same", {"no-op"}, {{"name", "same"}}, {{"name", "same"}}),
  }));
  ASSERT_TRUE(plan.ok()) << plan.error().ToString();
  EXPECT_EQ(plan->unchanged, 1);
  ASSERT_THAT(plan->stacks, SizeIs(2));  // one of the workspace that the plan does not say, one of "default"
  const v1::ApplyRequest& made = plan->stacks[0].request;
  EXPECT_EQ(made.owner(), "tofu:shop");
  EXPECT_EQ(made.workspace(), "");
  ASSERT_EQ(made.puts_size(), 1);
  EXPECT_EQ(made.puts(0).labels().at("tier"), "web");
  v1::kinds::ServerSpec server;
  ASSERT_TRUE(server.ParseFromString(made.puts(0).spec()));
  EXPECT_EQ(server.files().at("/etc/motd").content(), "hi");
  EXPECT_FALSE(server.files().at("/etc/motd").has_mode());
  EXPECT_FALSE(server.has_size());
  EXPECT_EQ(server.sysctl().at("net.a.b"), "1");
  const v1::ApplyRequest& changed = plan->stacks[1].request;
  EXPECT_EQ(changed.workspace(), "default");
  ASSERT_EQ(changed.puts_size(), 1);
  ASSERT_EQ(changed.deletes_size(), 1);
  EXPECT_EQ(changed.deletes(0).name(), "old");
  v1::kinds::SecretSpec secret;
  ASSERT_TRUE(secret.ParseFromString(changed.puts(0).spec()));
  EXPECT_EQ(secret.generator().length(), 40);
  EXPECT_THAT(plan->stacks[0].unbound, IsEmpty());
}

TEST(TofuPlan, UnknownValuesLeaveTheObjectOutAndAreNamed) {
  const Result<TofuPlan> plan = Read(PlanOf({
      Change("podwright_server.a", {"create"}, nullptr, {{"name", "a"}, {"files", {{"/a", {{"mode", "0644"}}}}}},
             {{"files", {{"/a", {{"content", true}}}, {"/b", true}}}}),
      Change("podwright_server.b", {"create"}, nullptr, {{"labels", {{"x", "y"}}}}, {{"name", true}}),
      Change("podwright_server.c", {"create"}, nullptr, {{"name", "c"}}, {{"sysctl", {{"net.a.b", true}}}}),
  }));
  ASSERT_TRUE(plan.ok()) << plan.error().ToString();
  ASSERT_THAT(plan->stacks, SizeIs(1));
  const TofuStack& stack = plan->stacks[0];
  EXPECT_EQ(stack.request.puts_size(), 0);
  EXPECT_THAT(stack.resources, SizeIs(3));
  std::vector<std::string> reasons;
  for (const Unbound& open : stack.unbound) reasons.push_back(open.address + ": " + open.reason);
  EXPECT_THAT(reasons, ::testing::ElementsAre("podwright_server.a: files[\"/a\"].content is known only after apply",
                                              "podwright_server.a: files[\"/b\"] is known only after apply",
                                              "podwright_server.b: name is known only after apply",
                                              "podwright_server.c: sysctl is known only after apply"));
}

TEST(TofuPlan, AReplacementIsShownAsTheDeletionThatItBeginsWith) {
  const Result<TofuPlan> plan = Read(
      PlanOf({Change("podwright_server.a", {"delete", "create"}, {{"id", "w/a"}, {"name", "a"}}, {{"name", "a"}})}));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->stacks[0].request.deletes_size(), 1);
  EXPECT_EQ(plan->stacks[0].request.puts_size(), 0);
  EXPECT_THAT(plan->stacks[0].unbound, SizeIs(1));
}

TEST(TofuPlan, AWriteOnlyValueIsKnownByItsVersion) {
  json versioned = PlanOf({Change("podwright_secret.s", {"create"}, nullptr,
                                  {{"name", "s"}, {"value_wo", nullptr}, {"value_wo_version", 3}})});
  Result<TofuPlan> plan = Read(versioned);
  ASSERT_TRUE(plan.ok()) << plan.error().ToString();
  v1::kinds::SecretSpec secret;
  ASSERT_TRUE(secret.ParseFromString(plan->stacks[0].request.puts(0).spec()));
  EXPECT_TRUE(secret.has_value());
  EXPECT_EQ(secret.value_version(), 3);
  EXPECT_THAT(plan->stacks[0].unbound, IsEmpty());

  json bare = PlanOf({Change("podwright_secret.s", {"create"}, nullptr, {{"name", "s"}, {"value_wo", nullptr}})});
  bare["configuration"]["root_module"]["resources"] = {{{"address", "podwright_secret.s"},
                                                        {"provider_config_key", "podwright"},
                                                        {"expressions", {{"value_wo", {{"references", {"var.v"}}}}}}}};
  plan = Read(bare);
  ASSERT_TRUE(plan.ok());
  ASSERT_THAT(plan->stacks[0].unbound, SizeIs(1));
  EXPECT_THAT(plan->stacks[0].unbound[0].reason, HasSubstr("value_wo"));
}

TEST(TofuPlan, TheStackIsFoundAtTheResourcesOwnProviderBlock) {
  json plan = PlanOf({
      Change("module.m[\"a.b\"].podwright_server.s[0]", {"create"}, nullptr, {{"name", "one"}}),
      Change("podwright_server.s", {"create"}, nullptr, {{"name", "two"}}),
  });
  plan["variables"]["stack"]["value"] = "from-a-variable";
  json& configuration = plan["configuration"];
  configuration["provider_config"] = {
      {"podwright", {{"name", "podwright"}, {"expressions", {{"stack", {{"references", {"var.stack"}}}}}}}},
      {"podwright.eu",
       {{"name", "podwright"},
        {"expressions", {{"stack", {{"constant_value", "eu"}}}, {"workspace", {{"constant_value", "w2"}}}}}}}};
  configuration["root_module"] = {
      {"resources", {{{"address", "podwright_server.s"}, {"provider_config_key", "podwright"}}}},
      {"module_calls",
       {{"m",
         {{"module",
           {{"resources", {{{"address", "podwright_server.s"}, {"provider_config_key", "podwright.eu"}}}}}}}}}}};
  const Result<TofuPlan> read = Read(plan);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  ASSERT_THAT(read->stacks, SizeIs(2));
  EXPECT_EQ(read->stacks[0].request.owner(), "tofu:eu");
  EXPECT_EQ(read->stacks[0].request.workspace(), "w2");
  EXPECT_EQ(read->stacks[1].request.owner(), "tofu:from-a-variable");
}

TEST(TofuPlan, AStackThatThePlanDoesNotSayIsAskedFor) {
  json plan = PlanOf({Change("podwright_server.s", {"create"}, nullptr, {{"name", "s"}})});
  plan["configuration"]["provider_config"]["podwright"]["expressions"] = {
      {"stack", {{"references", {"local.x", "local"}}}}};
  EXPECT_THAT(Refusal(plan.dump()), HasSubstr("--stack"));
  const Result<TofuPlan> read = Read(plan, {.stack = "given"});
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->stacks[0].request.owner(), "tofu:given");
}

StackPreview Answered(int actions) {
  StackPreview stack;
  stack.planned.stack = "shop";
  stack.planned.request.set_workspace("default");
  v1::Plan& plan = *stack.response.mutable_plan();
  plan.set_digest(std::string(32, '\x0a'));
  v1::Slice& slice = *plan.add_slices();
  slice.mutable_object()->set_kind("server");
  slice.mutable_object()->set_name("web-1");
  for (int i = 0; i < actions; ++i) {
    v1::Action& action = *slice.add_actions();
    action.set_id("a" + std::to_string(i));
    action.set_server("web-1");
    action.set_verb("server.file.write");
    action.set_summary("write `/etc/a|b`\n@everyone <b>");
    action.set_disruption(v1::DISRUPTION_RESTART);
    *action.mutable_object() = slice.object();
  }
  return stack;
}

TEST(PreviewMarkdown, TextOfThePlanIsNeitherMarkupNorAMention) {
  const std::string text = PreviewMarkdown({"1.11", 2, {Answered(1)}});
  EXPECT_THAT(text, StartsWith(kPreviewMark));
  EXPECT_THAT(text, HasSubstr("| ``write `/etc/a\\|b` @everyone <b>`` |"));
  EXPECT_THAT(text, HasSubstr("**1 action** on 1 server. Worst disruption: **restart**."));
  EXPECT_THAT(text, HasSubstr("Digest: `0a0a0a"));
  EXPECT_THAT(text, HasSubstr("2 podwright resources stay"));
}

TEST(PreviewMarkdown, WhatGoesIsSeenAndTheRestIsFolded) {
  StackPreview stack = Answered(0);
  v1::ObjectRef ref;
  ref.set_kind("secret");
  ref.set_name("token");
  stack.planned.resources = {{"prod/a.yaml:2:1", ref, "create"}, {"no longer there", ref, "delete"}};
  const std::string text = PreviewMarkdown({"", 0, {stack}});
  EXPECT_THAT(text, HasSubstr("No actions: nothing changes on servers."));
  EXPECT_THAT(text, HasSubstr("\n\n- **delete** `secret/token`: `no longer there`\n\n<details>"));
  EXPECT_THAT(text,
              HasSubstr("<summary>1 created or changed</summary>\n\n- create `secret/token`: `prod/a.yaml:2:1`\n"));
  EXPECT_THAT(PreviewMarkdown({"", 0, {Answered(0)}}), HasSubstr("No changes: what runs is what was declared."));
}

TEST(PreviewMarkdown, ChangesStayWithinACommentToo) {
  StackPreview stack = Answered(4000);
  v1::ObjectRef ref;
  ref.set_kind("secret");
  ref.set_name("token");
  for (int i = 0; i < 4000; ++i) {
    stack.planned.resources.push_back({"prod/a.yaml:2:1", ref, "create"});
    stack.planned.resources.push_back({"no longer there", ref, "delete"});
  }
  const std::string text = PreviewMarkdown({"", 0, {stack}});
  EXPECT_LT(text.size(), 65000U);
  EXPECT_THAT(text, HasSubstr("more deletions**"));
  EXPECT_THAT(text, HasSubstr("4000 created or changed"));
}

TEST(PreviewMarkdown, StaysWithinACommentAndCountsTheRest) {
  const std::string text = PreviewMarkdown({"1.11", 0, {Answered(4000), Answered(4000)}});
  EXPECT_LT(text.size(), 65000U);
  EXPECT_THAT(text, HasSubstr("more actions."));
  EXPECT_THAT(text, HasSubstr("**4000 actions**"));
}

TEST(Preview, OpenReferencesAreNoErrorsAndTakeTheDigestAway) {
  StackPreview stack = Answered(0);
  stack.planned.resources.push_back({"podwright_server.web", stack.response.plan().slices(0).object(), "create"});
  v1::Slice& slice = *stack.response.mutable_plan()->mutable_slices(0);
  slice.set_error("there is no secret/token");
  slice.add_missing()->set_kind("secret");
  slice.mutable_missing(0)->set_name("token");
  TakeOpenSlices(&stack);
  std::istringstream in;
  std::ostringstream out;
  const Terminal terminal(in, out, out, {});
  const Preview preview{"1.11", 0, {stack}};
  const std::string text = PreviewText(preview, terminal);
  EXPECT_THAT(text, HasSubstr("cannot be bound: podwright_server.web: it refers to secret/token"));
  EXPECT_THAT(text, Not(HasSubstr("0a0a")));
  EXPECT_THAT(text, Not(HasSubstr("error")));
  EXPECT_THAT(PreviewMarkdown(preview), HasSubstr("Digest: cannot be bound"));
  const auto value = PreviewJson(preview);
  EXPECT_TRUE(value["stacks"][0]["digest"].is_null());
  EXPECT_EQ(value["stacks"][0]["unbound"].size(), 1U);
}

}  // namespace
}  // namespace podwright::cli
