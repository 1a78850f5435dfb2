// What the three forges have in common; what only one does is in dialects_test.cc.
#include "reconciler/forge/forges.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "reconciler/forge/testing/fake_transport.h"
#include "reconciler/forge/testing/leaping_clock.h"
#include "reconciler/forge/testing/samples.h"

namespace podwright::forge {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::CommentOf;
using testing::PullOf;
using testing::SentRequest;
using testing::ShaOf;

constexpr char kToken[] = "s3cr3t-token-of-the-bot";
constexpr Pace kPatient{Urgency::kBackground, hours(10)};

std::string ApiOf(ForgeType type) {
  switch (type) {
    case ForgeType::kGitHub: return "https://api.github.com";
    case ForgeType::kGitLab: return "https://gitlab.example/api/v4";
    case ForgeType::kForgejo: return "https://codeberg.example/api/v1";
  }
  return "";
}

struct EveryForge : public ::testing::TestWithParam<ForgeType> {
  EveryForge() : forge(Open()) {}

  std::unique_ptr<Forge> Open(const std::string& token = kToken) {
    ForgeSettings settings;
    settings.address = {GetParam(), ApiOf(GetParam()), "acme/plans"};
    settings.token = crypto::SecretString(token);
    return std::move(forges.Open(std::move(settings))).value();
  }
  json Pull(std::int64_t number) { return PullOf(GetParam(), number); }
  json CommentBy(std::int64_t id, const std::string& author) { return CommentOf(GetParam(), id, author, "text"); }
  void AnswerList(std::vector<json> items, std::map<std::string, std::string> headers = {}) {
    transport.Answer(200, json(std::move(items)).dump(), std::move(headers));
  }
  ErrorCode CodeOfRead(int status, std::map<std::string, std::string> headers = {}) {
    transport.Answer(status, R"({"message":"as the forge says it"})", std::move(headers));
    const auto read = forge->Get(1);
    EXPECT_FALSE(read.ok());
    EXPECT_NE(read.error().message().find("as the forge says it"), std::string::npos) << read.error().message();
    return read.error().code();
  }
  Error WriteError(int status, std::map<std::string, std::string> headers = {}) {
    transport.Answer(status, R"({"message":"as the forge says it"})", std::move(headers));
    auto written = forge->CreateComment(1, "text", kPatient);
    EXPECT_FALSE(written.ok());
    return written.error();
  }

  testing::LeapingClock clock;
  testing::FakeTransport transport;
  Forges forges{clock, transport};
  std::unique_ptr<Forge> forge;
};

TEST_P(EveryForge, ListsPageAfterPageAndNeverElsewhere) {
  AnswerList(
      {Pull(1), Pull(2)},
      {{"link", "<https://evil.example/x?page=9>; rel=\"prev\", <https://evil.example/x?page=2&per=2>; rel=\"next\""}});
  AnswerList({Pull(3)}, {{"link", "<https://evil.example/x?page=1>; rel=\"prev\""}});
  const auto pulls = forge->ListOpen("main", 100);
  ASSERT_TRUE(pulls.ok()) << pulls.error().message();
  ASSERT_EQ(pulls->size(), 3U);
  EXPECT_EQ((*pulls)[2].number, 3);
  const auto sent = transport.sent();
  ASSERT_EQ(sent.size(), 2U);
  for (const SentRequest& request : sent) {
    EXPECT_TRUE(request.url.starts_with(ApiOf(GetParam()) + "/")) << request.url;
    EXPECT_TRUE(request.credential.ends_with(kToken));
    for (const std::string& header : request.headers) EXPECT_EQ(header.find(kToken), std::string::npos);
    EXPECT_EQ(request.url.find(kToken), std::string::npos);
  }
  EXPECT_TRUE(sent[1].url.ends_with("?page=2&per=2")) << sent[1].url;
}

TEST_P(EveryForge, ListsNoMoreThanAskedFor) {
  AnswerList({Pull(1), Pull(2), Pull(3)}, {{"link", "<https://x/?page=2>; rel=\"next\""}});
  const auto pulls = forge->ListOpen("", 2);
  ASSERT_TRUE(pulls.ok());
  EXPECT_EQ(pulls->size(), 2U);
  EXPECT_EQ(transport.sent().size(), 1U);
}

TEST_P(EveryForge, ALinkThatLeadsInCirclesEnds) {
  for (int i = 0; i < 1'000; ++i) {
    AnswerList({}, {{"link", "<https://x/?page=" + std::to_string(i % 2) + ">; rel=\"next\""}});
  }
  EXPECT_TRUE(forge->ListOpen("", 100).ok());
  EXPECT_LE(transport.sent().size(), 500U);
}

TEST_P(EveryForge, APageThatIsTooLargeIsReadInSmallerOnes) {
  const Error large = OutOfRange("the answer is larger than 7 bytes");
  AnswerList({Pull(1), Pull(2)}, {{"link", "<https://x/?limit=50&page=2&q=x>; rel=\"next\""}});
  transport.Fail(large);
  transport.Fail(large);
  AnswerList({Pull(3)}, {{"link", "<https://x/?q=x&limit=2&page=27>; rel=\"next\""}});
  AnswerList({Pull(4)});
  const auto pulls = forge->ListOpen("main", 100);
  ASSERT_TRUE(pulls.ok()) << pulls.error().message();
  EXPECT_EQ(pulls->size(), 4U);
  const auto sent = transport.sent();
  ASSERT_EQ(sent.size(), 5U);
  EXPECT_TRUE(sent[2].url.ends_with("?q=x&limit=10&page=6")) << sent[2].url;
  EXPECT_TRUE(sent[3].url.ends_with("?q=x&limit=2&page=26")) << sent[3].url;
  EXPECT_TRUE(sent[4].url.ends_with("?q=x&limit=2&page=27")) << sent[4].url;
  for (int i = 0; i < 10; ++i) transport.Fail(large);
  EXPECT_EQ(forge->ListOpen("main", 100).error().code(), ErrorCode::kInternal);
  EXPECT_LE(transport.sent().size(), sent.size() + 5);
  EXPECT_EQ(forge->Get(1).error().code(), ErrorCode::kInternal);
}

TEST_P(EveryForge, ReadsAPullRequest) {
  transport.Answer(200, Pull(7).dump());
  const auto pull = forge->Get(7);
  ASSERT_TRUE(pull.ok()) << pull.error().message();
  EXPECT_EQ(pull->number, 7);
  EXPECT_EQ(pull->author, "ada");
  EXPECT_EQ(pull->state, PullRequestState::kOpen);
  EXPECT_FALSE(pull->draft);
  EXPECT_FALSE(pull->from_fork);
  EXPECT_EQ(pull->head_sha, ShaOf(7));
  EXPECT_EQ(pull->head_branch, "change");
  EXPECT_EQ(pull->base_branch, "main");
  EXPECT_EQ(pull->merge_commit, "");
  EXPECT_EQ(FormatRfc3339(pull->updated).substr(0, 19), "2026-11-20T10:11:12");
}

TEST_P(EveryForge, WhatIsNotAsPromisedIsAnErrorAndNoCrash) {
  for (const char* body : {"", "<html>It works!</html>", "[]", "{}", "null", "7", "\"x\"",
                           "{\"number\":\"7\",\"iid\":[]}", "{\"head\":7,\"author\":[]}"}) {
    transport.Answer(200, body);
    const auto read = forge->Get(1);
    ASSERT_FALSE(read.ok()) << body;
    EXPECT_EQ(read.error().code(), ErrorCode::kInternal) << body;
  }
  transport.Answer(200, "{}");
  EXPECT_EQ(forge->ListOpen("", 10).error().code(), ErrorCode::kInternal);
  transport.Answer(200, std::string(2'000'000, '['));
  EXPECT_EQ(forge->Get(1).error().code(), ErrorCode::kInternal);
}

TEST_P(EveryForge, EveryStatusHasItsError) {
  EXPECT_EQ(CodeOfRead(401), ErrorCode::kUnauthenticated);
  EXPECT_EQ(CodeOfRead(403), ErrorCode::kPermissionDenied);
  EXPECT_EQ(CodeOfRead(404), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOfRead(410), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOfRead(409), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOfRead(500), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOfRead(422), ErrorCode::kInvalidArgument);
  EXPECT_EQ(WriteError(404).code(), ErrorCode::kNotFound);
  EXPECT_EQ(WriteError(422).code(), ErrorCode::kInvalidArgument);
}

TEST_P(EveryForge, AFailureOfAWriteLeavesUnknownWhetherItWasDone) {
  for (const int status : {500, 502, 503, 504}) {
    const Error error = WriteError(status);
    EXPECT_EQ(error.code(), ErrorCode::kUnknown) << status;
    EXPECT_EQ(error.retry(), Retry::kBackoff);
  }
  transport.Fail(Error(ErrorCode::kUnknown, "the connection broke", Retry::kBackoff));
  EXPECT_EQ(forge->CreateComment(1, "text", kPatient).error().code(), ErrorCode::kUnknown);
  transport.Fail(OutOfRange("the answer is larger than 7 bytes"));
  EXPECT_EQ(forge->CreateComment(1, "text", kPatient).error().code(), ErrorCode::kUnknown);
  // A read has done nothing, whatever became of it.
  transport.Fail(Error(ErrorCode::kUnknown, "the connection broke", Retry::kBackoff));
  EXPECT_EQ(forge->Get(1).error().code(), ErrorCode::kUnavailable);
  transport.Fail(Unavailable("no connection"));
  EXPECT_EQ(forge->CreateComment(1, "text", kPatient).error().code(), ErrorCode::kUnavailable);
}

TEST_P(EveryForge, TheTokenIsInNoError) {
  const std::string token = kToken;
  const auto check = [&](const Error& error) {
    EXPECT_EQ(error.message().find("s3cr3t"), std::string::npos) << error.message();
  };
  transport.Answer(400, json({{"message", "no: Authorization: " + token}}).dump());
  check(forge->Get(1).error());
  // Where it would be cut in the middle.
  for (std::size_t before = 470; before <= 500; ++before) {
    transport.Answer(500, std::string(before, 'x') + token);
    check(forge->Get(1).error());
  }
  transport.Fail(Unavailable("could not send " + token));
  check(forge->Get(1).error());
  transport.Answer(302, "", {{"location", "https://evil.example/?" + token}});
  check(forge->Get(1).error());
}

TEST_P(EveryForge, ARedirectIsFollowedOnTheSameHostOnly) {
  transport.Answer(301, "", {{"location", ApiOf(GetParam()) + "/moved/7"}});
  transport.Answer(200, Pull(7).dump());
  ASSERT_TRUE(forge->Get(7).ok());
  EXPECT_EQ(transport.sent().back().url, ApiOf(GetParam()) + "/moved/7");
  for (const char* elsewhere : {"https://evil.example/x", "//evil.example/x", "http://api.github.com/x", "x", "",
                                "https://api.github.com.evil.example/x", "https://api.github.com@evil.example/"}) {
    transport.Answer(302, "", {{"location", elsewhere}});
    const std::size_t before = transport.sent().size();
    const auto read = forge->Get(7);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(transport.sent().size(), before + 1) << elsewhere;
  }
  for (int i = 0; i < 10; ++i) transport.Answer(302, "", {{"location", ApiOf(GetParam()) + "/again"}});
  EXPECT_FALSE(forge->Get(7).ok());
}

TEST_P(EveryForge, AWriteIsSentOnAsItIsOrNotAtAll) {
  transport.Answer(307, "", {{"location", ApiOf(GetParam()) + "/moved"}});
  transport.Answer(201, CommentBy(5, "podwright-bot").dump());
  ASSERT_TRUE(forge->CreateComment(7, "text", kPatient).ok());
  EXPECT_EQ(transport.sent().back().method, "POST");
  EXPECT_EQ(transport.sent().back().body, R"({"body":"text"})");
  // After 302 a client would come back with a GET.
  transport.Answer(302, "", {{"location", ApiOf(GetParam()) + "/moved"}});
  const std::size_t before = transport.sent().size();
  EXPECT_FALSE(forge->CreateComment(7, "text", kPatient).ok());
  EXPECT_EQ(transport.sent().size(), before + 1);
}

TEST_P(EveryForge, RetryAfterHoldsReadsAndWritesOfAllRepositoriesOfTheAccount) {
  auto other = Open();
  auto stranger = Open("another-token");
  EXPECT_EQ(WriteError(429, {{"retry-after", "90"}}).code(), ErrorCode::kResourceExhausted);
  const SteadyTime later = clock.Steady() + seconds(90);
  const std::size_t sent = transport.sent().size();
  EXPECT_EQ(other->Get(1).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(other->CreateComment(1, "text", {}).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(transport.sent().size(), sent);
  EXPECT_EQ(other->RetryAt(), later);
  EXPECT_EQ(other->WriteAt(Urgency::kInteractive), later);
  transport.Answer(200, Pull(1).dump());
  EXPECT_TRUE(stranger->Get(1).ok());
  clock.Advance(seconds(90));
  transport.Answer(200, Pull(1).dump());
  EXPECT_TRUE(other->Get(1).ok());
}

TEST_P(EveryForge, AServerThatIsDownAndSaysForHowLongIsLeftAlone) {
  EXPECT_EQ(WriteError(503, {{"retry-after", "60"}}).code(), ErrorCode::kUnknown);
  EXPECT_EQ(forge->Get(1).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(forge->RetryAt(), clock.Steady() + minutes(1));
}

TEST_P(EveryForge, TheAccountsWritesKeepThePaceWhateverTheRepository) {
  auto other = Open();
  std::vector<SteadyTime> times;
  for (int i = 0; i < 600; ++i) {
    transport.Answer(201, CommentBy(5, "podwright-bot").dump());
    ASSERT_TRUE((i % 2 == 0 ? forge : other)->CreateComment(7, "text", {Urgency::kInteractive, hours(10)}).ok());
    times.push_back(clock.Steady());
  }
  for (std::size_t i = 80; i < times.size(); ++i) EXPECT_GT(times[i] - times[i - 80], minutes(1));
  for (std::size_t i = 500; i < times.size(); ++i) EXPECT_GT(times[i] - times[i - 500], hours(1));
  EXPECT_EQ(forge->CreateComment(7, "text", {}).error().code(), ErrorCode::kResourceExhausted);
}

TEST_P(EveryForge, AForgeThatIsOpenedAgainGoesOnAtThePaceOfBefore) {
  transport.Answer(201, CommentBy(5, "podwright-bot").dump());
  ASSERT_TRUE(forge->CreateComment(7, "text", {}).ok());
  forge.reset();
  EXPECT_TRUE(Open("another-token") != nullptr);
  forge = Open();
  EXPECT_EQ(forge->CreateComment(7, "text", {}).error().code(), ErrorCode::kResourceExhausted);
  forge.reset();
  clock.Advance(hours(2));
  forge = Open();
  EXPECT_EQ(forge->WriteAt(Urgency::kBackground), clock.Steady());
}

TEST_P(EveryForge, CommentsComeInTheOrderOfTheirCreation) {
  AnswerList({CommentBy(3, "ada"), CommentBy(4, "podwright-bot")});
  const auto comments = forge->ListComments(7);
  ASSERT_TRUE(comments.ok()) << comments.error().message();
  ASSERT_EQ(comments->size(), 2U);
  EXPECT_EQ((*comments)[0].id, 3);
  EXPECT_EQ((*comments)[0].author, "ada");
  EXPECT_EQ((*comments)[1].author, "podwright-bot");
}

TEST_P(EveryForge, ACommentThatIsTooLongIsNotSent) {
  const std::string most(forge->limits().comment, 'x');
  EXPECT_EQ(forge->CreateComment(7, most + "x", kPatient).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(forge->EditComment(7, 5, most + "x", kPatient).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(forge->CreateComment(7, "", kPatient).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(transport.sent().empty());
  transport.Answer(201, CommentBy(5, "podwright-bot").dump());
  EXPECT_TRUE(forge->CreateComment(7, most, kPatient).ok());
}

TEST_P(EveryForge, WhatIsNoTextIsSentAsText) {
  transport.Answer(201, CommentBy(5, "podwright-bot").dump());
  EXPECT_TRUE(forge->CreateComment(7, "\xFF\"\n", kPatient).ok());
  EXPECT_EQ(transport.sent().back().body, "{\"body\":\"\xEF\xBF\xBD\\\"\\n\"}");
}

TEST_P(EveryForge, DeletingWhatIsGoneIsASuccess) {
  transport.Answer(204, "");
  EXPECT_TRUE(forge->DeleteComment(7, 5, kPatient).ok());
  transport.Answer(404, "{}");
  EXPECT_TRUE(forge->DeleteComment(7, 5, kPatient).ok());
  EXPECT_EQ(transport.sent()[0].body, "");
  transport.Answer(403, "{}");
  EXPECT_FALSE(forge->DeleteComment(7, 5, kPatient).ok());
}

TEST_P(EveryForge, AStatusFitsWhatTheForgeTakes) {
  transport.Answer(201, "{}");
  CommitStatus status{StatusState::kPending, "podwright/plans", std::string(300, 'x') + "\n", "https://pod.example/p"};
  ASSERT_TRUE(forge->SetStatus(ShaOf(7), status, kPatient).ok());
  const json body = json::parse(transport.sent()[0].body);
  EXPECT_EQ(body["state"], "pending");
  EXPECT_EQ(body["target_url"], "https://pod.example/p");
  EXPECT_EQ(body["description"].get<std::string>().size(), forge->limits().status_description);
  EXPECT_TRUE(transport.sent()[0].url.ends_with("/statuses/" + ShaOf(7)));
  status.target_url = "javascript:alert(1)";
  EXPECT_EQ(forge->SetStatus(ShaOf(7), status, kPatient).error().code(), ErrorCode::kInvalidArgument);
  status.target_url = "";
  EXPECT_EQ(forge->SetStatus("../../x", status, kPatient).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(transport.sent().size(), 1U);
}

TEST_P(EveryForge, TheBotsNameIsAskedForOnce) {
  transport.Answer(200, R"({"id":3,"login":"podwright-bot","username":"podwright-bot"})");
  EXPECT_EQ(forge->BotLogin().value(), "podwright-bot");
  EXPECT_EQ(forge->BotLogin().value(), "podwright-bot");
  EXPECT_EQ(transport.sent().size(), 1U);
}

TEST_P(EveryForge, ALoginIsNoPartOfAPath) {
  transport.Answer(404, "{}");
  const auto permission = forge->PermissionOf("a/../../x?y#z");
  EXPECT_TRUE(!permission.ok() || *permission == Permission::kNone);
  EXPECT_EQ(transport.sent()[0].url.find("x?y"), std::string::npos) << transport.sent()[0].url;
  EXPECT_EQ(transport.sent()[0].url.find("a/.."), std::string::npos);
  EXPECT_EQ(forge->PermissionOf("").value(), Permission::kNone);
  EXPECT_EQ(transport.sent().size(), 1U);
}

TEST_P(EveryForge, StopEndsEverything) {
  forges.Stop();
  EXPECT_EQ(forge->Get(1).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(forge->CreateComment(1, "text", kPatient).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(Open("another-token")->Get(1).error().code(), ErrorCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(, EveryForge, ::testing::Values(ForgeType::kGitHub, ForgeType::kGitLab, ForgeType::kForgejo),
                         [](const auto& tested) {
                           return tested.param == ForgeType::kGitHub   ? "GitHub"
                                  : tested.param == ForgeType::kGitLab ? "GitLab"
                                                                       : "Forgejo";
                         });

TEST(Forges, SettingsThatCannotBeAreRefused) {
  testing::LeapingClock clock;
  testing::FakeTransport transport;
  Forges forges(clock, transport);
  const auto opens = [&](const std::string& api, const std::string& repository, const std::string& token) {
    ForgeSettings settings;
    settings.address = {ForgeType::kGitHub, api, repository};
    settings.token = crypto::SecretString(token);
    const auto opened = forges.Open(std::move(settings));
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().message().find("secret"), std::string::npos) << opened.error().message();
    }
    return opened.ok();
  };
  EXPECT_TRUE(opens("https://api.github.com", "acme/plans", "secret\n"));
  EXPECT_TRUE(opens("http://127.0.0.1:8080/api/v1", "acme/plans", "secret"));
  EXPECT_TRUE(opens("http://[::1]:8080", "acme/plans", "secret"));
  for (const char* api : {"http://git.example", "http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example",
                          "https://user@git.example", "https://git.example/?x", "https://git.example/#x",
                          "https://git.example/", "https://", "ftp://git.example", "git.example", "",
                          "https://git.example/a b", "https://git.example/a\r\nX: y"}) {
    EXPECT_FALSE(opens(api, "acme/plans", "secret")) << api;
  }
  for (const char* repository : {"", "acme", "acme/", "/plans", "acme/..", "./plans", "acme/plans/x", "acme/pl ans",
                                 "acme/plans?x", "acme/pl%2Fans", "acme//plans"}) {
    EXPECT_FALSE(opens("https://api.github.com", repository, "secret")) << repository;
  }
  for (const char* token : {"", " ", "secret\r\nX-Evil: 1", "secret secret", "secret\x01"}) {
    EXPECT_FALSE(opens("https://api.github.com", "acme/plans", token));
  }
}

TEST(AddressFromGitUrl, FindsTheApiOfTheHost) {
  const auto address = [](ForgeType type, const char* url) {
    const auto found = AddressFromGitUrl(type, url);
    return found.ok() ? found->api_url + " " + found->repository : "";
  };
  EXPECT_EQ(address(ForgeType::kGitHub, "https://github.com/acme/plans.git"), "https://api.github.com acme/plans");
  EXPECT_EQ(address(ForgeType::kGitHub, "git@GitHub.com:acme/plans.git"), "https://api.github.com acme/plans");
  EXPECT_EQ(address(ForgeType::kGitHub, "ssh://git@ssh.github.com:443/acme/plans"),
            "https://api.github.com acme/plans");
  EXPECT_EQ(address(ForgeType::kGitHub, "https://git.acme.example/acme/plans/"),
            "https://git.acme.example/api/v3 acme/plans");
  EXPECT_EQ(address(ForgeType::kGitLab, "https://gitlab.com/acme/infra/plans.git"),
            "https://gitlab.com/api/v4 acme/infra/plans");
  EXPECT_EQ(address(ForgeType::kForgejo, "ssh://git@codeberg.org:2222/acme/plans.git"),
            "https://codeberg.org/api/v1 acme/plans");
  EXPECT_EQ(address(ForgeType::kForgejo, "https://git.example:3000/acme/plans"),
            "https://git.example:3000/api/v1 acme/plans");
  for (const char* url : {"file:///srv/git/plans", "/srv/git/plans", "https://github.com/acme", "https:///a/b", "",
                          "http://git.example/acme/plans", "https://git.example/acme/../plans"}) {
    EXPECT_EQ(address(ForgeType::kGitHub, url), "") << url;
  }
}

}  // namespace
}  // namespace podwright::forge
