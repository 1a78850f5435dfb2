// What a preview says: escaped, within limits, and the same for the same content; commands in comments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconciler/previews/commands.h"
#include "reconciler/previews/comment.h"
#include "reconciler/previews/page.h"

namespace podwright::previews {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kLimit = 65'536;

Content Planned(int actions) {
  Content content;
  content.state = State::kPlanned;
  content.workspace = "default";
  content.source = "plans";
  content.number = 7;
  content.branch = "main";
  content.head = std::string(40, 'a');
  content.plan.set_digest(std::string(32, '\x0a'));
  content.approve = std::string(64, '1');
  v1::Slice* slice = content.plan.add_slices();
  slice->mutable_object()->set_kind("server");
  slice->mutable_object()->set_name("web");
  for (int i = 0; i < actions; ++i) {
    v1::Action* action = slice->add_actions();
    action->set_id("id" + std::to_string(i));
    *action->mutable_object() = slice->object();
    action->set_server("web-" + std::to_string(i % 10));
    action->set_summary("write /etc/file-" + std::to_string(i));
    action->set_disruption(i == 0 ? v1::DISRUPTION_RESTART : v1::DISRUPTION_NONE);
    action->set_downtime_ms(i == 0 ? 4000 : 0);
    content.plan.add_order(action->id());
  }
  return content;
}

TEST(PreviewText, TheHeadlineSaysHowMuchAndHowBad) {
  EXPECT_EQ(Headline(Planned(3)), "3 actions on 3 servers, worst disruption: restart, estimated downtime: 4 s");
  EXPECT_EQ(Headline(Planned(0)), "no actions: what runs is what would be declared");
  Content waiting = Planned(1);
  waiting.allowed = false;
  waiting.can_approve = true;
  EXPECT_EQ(Headline(waiting).substr(0, 15), "needs approval:");
  EXPECT_EQ(StatusOf(waiting, 140).state, forge::StatusState::kPending);
  EXPECT_THAT(CommentText(waiting, kLimit), HasSubstr("`podwright approve 1111111111111111`"));
}

TEST(PreviewText, NothingFromOutsideIsMarkupOrAMention) {
  Content content = Planned(1);
  const std::string evil = "x`` | @everyone <img src=x onerror=y> [a](http://b) #7 \n# big\n</details><!-- --> ~~~";
  content.plan.mutable_slices(0)->mutable_actions(0)->set_summary(evil);
  content.plan.mutable_slices(0)->add_notes(evil);
  content.plan.mutable_slices(0)->add_requirements(evil);
  content.plan.mutable_slices(0)->mutable_object()->set_name(evil);
  content.plan.mutable_slices(0)->mutable_actions(0)->mutable_object()->set_name(evil);
  content.plan.mutable_slices(0)->mutable_actions(0)->set_deletes(true);
  content.warnings.push_back(evil);
  content.policy.push_back(evil);
  content.answer = evil;
  content.branch = evil;
  content.source = evil;
  content.problem = evil;
  for (const State state : {State::kPlanned, State::kFailed, State::kOutdated, State::kUntrusted}) {
    content.state = state;
    content.details = {evil};
    const std::string text = CommentText(content, kLimit);
    EXPECT_THAT(text, AllOf(Not(HasSubstr("\n# big")), Not(HasSubstr("\n</details><!--"))));
    // Outside code spans nothing of it is left that a forge would act on.
    std::string outside;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '`') {
        outside += text[i++];
        continue;
      }
      const std::size_t run = text.find_first_not_of('`', i) - i;
      const std::size_t end = text.find(std::string(run, '`'), i + run);
      ASSERT_NE(end, std::string::npos) << text.substr(i);
      i = end + run;
      while (i < text.size() && text[i] == '`') ++i;
    }
    EXPECT_THAT(outside, AllOf(Not(HasSubstr("<img")), Not(HasSubstr("@everyone")), Not(HasSubstr("](http://b)"))));
    EXPECT_THAT(StatusOf(content, 140).description, Not(HasSubstr("\n")));
  }
  content.state = State::kPlanned;
  EXPECT_THAT(PageOf(content), AllOf(Not(HasSubstr("<img")), HasSubstr("&lt;img")));
  EXPECT_THAT(PlainPreview(content), Not(HasSubstr("\x1b")));
}

TEST(PreviewText, WhatDoesNotFitIsCountedAndCanBeReadElsewhere) {
  Content content = Planned(5000);
  for (int i = 0; i < 3000; ++i) {
    content.warnings.push_back("warning " + std::to_string(i));
    content.policy.push_back("limit " + std::to_string(i));
    content.plan.mutable_slices(0)->add_notes("note " + std::to_string(i));
  }
  for (const std::size_t limit : {kLimit, std::size_t{1'000'000}, std::size_t{8'000}}) {
    const std::string text = CommentText(content, limit);
    EXPECT_LE(text.size(), limit);
    EXPECT_THAT(text, AllOf(HasSubstr("5000 actions"), HasSubstr("Digest:"), HasSubstr("/etc/file-0")));
    if (limit < 1'000'000) {
      EXPECT_THAT(text, AllOf(HasSubstr("more actions: `podwright source pull-request plans 7`")));
    }
  }
  content.page = "https://p.example.org/previews/default/plans/7/token";
  EXPECT_THAT(CommentText(content, kLimit), HasSubstr("more actions: [the whole preview](https://p.example.org"));
  EXPECT_THAT(PageOf(content), HasSubstr("/etc/file-4999"));
  EXPECT_THAT(PlainPreview(content), HasSubstr("5000. server/web on web-9: write /etc/file-4999"));
}

TEST(PreviewText, WhatCannotBePlannedAgainSaysThatItIsOutdated) {
  Content content = Planned(2);
  content.state = State::kOutdated;
  content.problem = "the store does not answer";
  EXPECT_THAT(CommentText(content, kLimit),
              AllOf(HasSubstr("**outdated, planning again"), HasSubstr("the store does not answer**"),
                    HasSubstr("/etc/file-1"), Not(HasSubstr("Digest:"))));
  EXPECT_EQ(StatusOf(content, 140).state, forge::StatusState::kPending);
}

TEST(PreviewText, DeletionsAndErrorsAreCalledOut) {
  Content content = Planned(2);
  content.plan.mutable_slices(0)->mutable_actions(1)->set_deletes(true);
  EXPECT_THAT(CommentText(content, kLimit), AllOf(HasSubstr("**Deletes** something of"), HasSubstr("`server/web`"),
                                                  HasSubstr("deletes in 1 object")));
  content.plan.mutable_slices(0)->set_error("there is no agent");
  EXPECT_THAT(CommentText(content, kLimit),
              AllOf(HasSubstr("there is no agent"), HasSubstr("A merge would be stopped")));
  EXPECT_EQ(StatusOf(content, 140).state, forge::StatusState::kFailure);
}

TEST(PreviewCommands, ALineOfItsOwnIsACommand) {
  EXPECT_EQ(ParseCommand("podwright plan")->verb, Verb::kPlan);
  EXPECT_EQ(ParseCommand("Good.\r\n  Podwright APPROVE 0A1b2c3d \r\nThanks")->argument, "0a1b2c3d");
  EXPECT_EQ(ParseCommand("podwright approve")->verb, Verb::kApprove);
  for (const char* text : {"", "podwright", "podwright apply", "please podwright plan", "> podwright plan",
                           "`podwright plan`", "```\npodwright approve\n```", "    podwright approve",
                           "podwright plan now!", "podwright approve 12 34", "podwright planning"}) {
    EXPECT_FALSE(ParseCommand(text)) << text;
  }
}

}  // namespace
}  // namespace podwright::previews
