#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/output.h"
#include "cli/render/plan.h"
#include "cli/render/progress.h"
#include "cli/render/words.h"
#include "cli/terminal.h"

namespace podwright::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Action& AddAction(v1::Slice& slice, const std::string& id, const std::string& verb, const std::string& summary) {
  v1::Action& action = *slice.add_actions();
  action.set_id(id);
  action.set_verb(verb);
  action.set_summary(summary);
  action.set_server(slice.object().name());
  *action.mutable_object() = slice.object();
  return action;
}

v1::Plan ExamplePlan() {
  v1::Plan plan;
  plan.set_digest(std::string(32, '\x5a'));
  v1::Slice& web = *plan.add_slices();
  web.mutable_object()->set_kind("server");
  web.mutable_object()->set_name("web-1");
  AddAction(web, "a", "server.file.write", "write /etc/app.conf (content differs)");
  v1::Action& restart = AddAction(web, "b", "server.unit.restart", "restart app.service");
  restart.set_disruption(v1::DISRUPTION_RESTART);
  restart.set_downtime_ms(2500);
  v1::Action& install = AddAction(web, "c", "server.package.install", "install tree");
  install.mutable_compensation()->set_verb("server.package.remove");
  web.add_notes("hello.service is not declared, and stays");
  v1::Slice& db = *plan.add_slices();
  db.mutable_object()->set_kind("server");
  db.mutable_object()->set_name("db");
  AddAction(db, "d", "server.file.remove", "remove /etc/old").set_deletes(true);
  v1::Slice& bad = *plan.add_slices();
  bad.mutable_object()->set_kind("server");
  bad.mutable_object()->set_name("cache");
  bad.set_error("the lab cannot set vm.swappiness");
  for (const char* id : {"c", "a", "b", "d"}) plan.add_order(id);
  return plan;
}

class RenderTest : public ::testing::Test {
 protected:
  Terminal Plain(TerminalTraits traits = {}) { return Terminal(in_, out_, out_, traits); }
  std::istringstream in_;
  std::ostringstream out_;
};

TEST_F(RenderTest, PlanShowsActionsInOrderWithDisruptionHeadlineAndDigest) {
  EXPECT_EQ(RenderPlan(ExamplePlan(), Plain()),
            "  + web-1  server.package.install  install tree\n"
            "  ~ web-1  server.file.write       write /etc/app.conf (content differs)\n"
            "  ! web-1  server.unit.restart     restart app.service  [restart, about 2.5 s of downtime]\n"
            "  - db     server.file.remove      remove /etc/old\n"
            "\n"
            "note: server/web-1: hello.service is not declared, and stays\n"
            "error: server/cache: the lab cannot set vm.swappiness\n"
            "4 actions on 2 servers. Worst disruption: restart. Estimated downtime: 2.5 s.\n"
            "1 object cannot be planned.\n"
            "Digest: 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\n");
}

TEST_F(RenderTest, EmptyPlanSaysThatNothingChanges) {
  EXPECT_EQ(RenderPlan(v1::Plan(), Plain()), "No changes: what runs is what was declared.\n");
}

TEST_F(RenderTest, ColorsOnlyWhereTheyAreOn) {
  EXPECT_THAT(RenderPlan(ExamplePlan(), Plain()), Not(HasSubstr("\033")));
  TerminalTraits traits;
  traits.color = true;
  EXPECT_THAT(RenderPlan(ExamplePlan(), Plain(traits)), HasSubstr("\033[33m!\033[0m"));
}

TEST_F(RenderTest, ControlCharactersFromOutsideDoNotReachTheTerminal) {
  v1::Plan plan = ExamplePlan();
  plan.mutable_slices(0)->mutable_actions(0)->set_summary("write \033]0;owned\a");
  EXPECT_THAT(RenderPlan(plan, Plain()), HasSubstr("write \\x1b]0;owned\\x07"));
}

v1::Run RunWith(v1::ActionState first, v1::ActionState second, v1::RunState state) {
  v1::Run run;
  run.set_id("r1");
  run.set_state(state);
  for (const auto action_state : {first, second}) {
    v1::ActionRecord& record = *run.add_actions();
    record.set_state(action_state);
    record.set_attempt(1);
    record.mutable_action()->set_id(run.actions_size() == 1 ? "a" : "b");
    record.mutable_action()->set_server("web-1");
    record.mutable_action()->set_summary(run.actions_size() == 1 ? "write a file" : "restart a unit");
  }
  return run;
}

TEST_F(RenderTest, ProgressElsewhereThanOnATerminalIsOneLineAChange) {
  Terminal terminal = Plain();
  RunProgress progress(terminal, false);
  progress.Update(RunWith(v1::ACTION_STATE_SENT, v1::ACTION_STATE_PENDING, v1::RUN_STATE_RUNNING));
  progress.Update(RunWith(v1::ACTION_STATE_SENT, v1::ACTION_STATE_PENDING, v1::RUN_STATE_RUNNING));
  progress.Update(RunWith(v1::ACTION_STATE_SUCCEEDED, v1::ACTION_STATE_SENT, v1::RUN_STATE_RUNNING));
  v1::Run end = RunWith(v1::ACTION_STATE_SUCCEEDED, v1::ACTION_STATE_FAILED, v1::RUN_STATE_FAILED);
  end.mutable_actions(1)->mutable_outcome()->set_error("unit not found");
  end.set_estimated_downtime_ms(2000);
  progress.Update(end);
  progress.Finish(end);
  EXPECT_EQ(out_.str(),
            "running  web-1  write a file\n"
            "done     web-1  write a file\n"
            "running  web-1  restart a unit\n"
            "failed   web-1  restart a unit\n"
            "         unit not found\n"
            "Run r1 failed. Downtime: estimated 2 s, measured 0 s.\n");
}

TEST_F(RenderTest, ProgressOnATerminalDrawsWhatRunsAgain) {
  TerminalTraits traits;
  traits.out_is_terminal = true;
  Terminal terminal = Plain(traits);
  RunProgress progress(terminal, false);
  progress.Update(RunWith(v1::ACTION_STATE_SENT, v1::ACTION_STATE_PENDING, v1::RUN_STATE_RUNNING));
  progress.Update(RunWith(v1::ACTION_STATE_SUCCEEDED, v1::ACTION_STATE_SENT, v1::RUN_STATE_RUNNING));
  EXPECT_THAT(out_.str(),
              HasSubstr("\033[2A\033[Jdone     web-1  write a file\n  … web-1  restart a unit\n1 of 2 actions"));
}

TEST(Words, DurationsAndAges) {
  EXPECT_EQ(DurationWords(0), "0 s");
  EXPECT_EQ(DurationWords(400), "400 ms");
  EXPECT_EQ(DurationWords(2500), "2.5 s");
  EXPECT_EQ(DurationWords(59'999), "59 s");
  EXPECT_EQ(DurationWords(61'000), "1 min 1 s");
  EXPECT_EQ(DurationWords(3'900'000), "1 h 5 min");
  EXPECT_EQ(Age(0, 1000), "-");
  EXPECT_EQ(Age(1000, 31'000), "30s");
  EXPECT_EQ(Age(1, 10'800'001), "3h");
}

TEST(Output, YamlReadsBackAsTheSameStrings) {
  const Json value = {
      {"plain", "web-1"},  {"bool", "off"},          {"number", "1.10"},
      {"empty", ""},       {"text", "a\nb\n"},       {"odd", "a: b # c"},
      {"list", {1, "no"}}, {"none", Json::object()}, {"deep", {{"x", {{{"y", true}, {"z", nullptr}}}}}}};
  EXPECT_EQ(YamlText(value),
            "plain: web-1\nbool: \"off\"\nnumber: \"1.10\"\nempty: \"\"\ntext: |\n  a\n  b\nodd: \"a: b # c\"\n"
            "list:\n  - 1\n  - \"no\"\nnone: {}\ndeep:\n  x:\n    - \"y\": true\n      z: null\n");
}

TEST(Output, TableAlignsByCodePoints) {
  Table table({"A", "B"});
  table.Add({"ü", "1"});
  table.Add({"long", ""});
  EXPECT_EQ(table.Text(), "A     B\nü     1\nlong\n");
}

}  // namespace
}  // namespace podwright::cli
