// What each forge says in its own way.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/forge/forges.h"
#include "reconciler/forge/testing/fake_transport.h"
#include "reconciler/forge/testing/leaping_clock.h"
#include "reconciler/forge/testing/samples.h"

namespace podwright::forge {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;
using testing::CommentOf;
using testing::PullOf;
using testing::SentRequest;
using testing::ShaOf;

constexpr Pace kPatient{Urgency::kBackground, hours(10)};
constexpr WallTime kSince(std::chrono::milliseconds(1'763'632'800'500));  // 2025-11-20T10:00:00.500Z

class Dialect : public ::testing::Test {
 protected:
  Dialect(ForgeType type, const std::string& api, const std::string& repository) : type_(type) {
    ForgeSettings settings;
    settings.address = {type, api, repository};
    settings.token = crypto::SecretString("token");
    forge = std::move(forges.Open(std::move(settings))).value();
  }
  void Answer(int status, const json& body, std::map<std::string, std::string> headers = {}) {
    transport.Answer(status, body.dump(), std::move(headers));
  }
  PullRequest Read(const json& body) {
    Answer(200, body);
    const auto pull = forge->Get(1);
    EXPECT_TRUE(pull.ok()) << pull.error().message();
    return pull.ok() ? *pull : PullRequest{};
  }
  json Pull() { return PullOf(type_, 1); }
  SentRequest Last() { return transport.sent().back(); }
  bool LastHas(const std::string& header) {
    const SentRequest last = Last();
    return std::find(last.headers.begin(), last.headers.end(), header) != last.headers.end();
  }
  std::string StateSent(StatusState state) {
    Answer(201, json::object());
    EXPECT_TRUE(forge->SetStatus(ShaOf(1), {state, "podwright", "", ""}, kPatient).ok());
    return json::parse(Last().body)["state"];
  }

  testing::LeapingClock clock;
  testing::FakeTransport transport;
  Forges forges{clock, transport};
  std::unique_ptr<Forge> forge;

 private:
  const ForgeType type_;
};

struct GitHubTest : Dialect {
  GitHubTest() : Dialect(ForgeType::kGitHub, "https://api.github.com", "acme/plans") {}
  Permission PermissionFor(const std::string& word) {
    Answer(200, {{"permission", word}});
    return forge->PermissionOf("ada").value();
  }
};
struct GitLabTest : Dialect {
  GitLabTest() : Dialect(ForgeType::kGitLab, "https://gitlab.com/api/v4", "acme/infra/plans") {}
  Permission PermissionFor(const json& member) {
    Answer(200, json::array({{{"id", 3}, {"username", "ada"}}}));
    Answer(200, member);
    return forge->PermissionOf("ada").value();
  }
};
struct ForgejoTest : Dialect {
  ForgejoTest() : Dialect(ForgeType::kForgejo, "https://codeberg.org/api/v1", "acme/plans") {}
  Permission PermissionFor(const std::string& word) {
    Answer(200, {{"permission", word}});
    return forge->PermissionOf("ada").value();
  }
};

// ---- GitHub ----

TEST_F(GitHubTest, SaysWhichVersionOfTheApiItSpeaks) {
  Answer(200, json::array());
  ASSERT_TRUE(forge->ListOpen("release/1 2", 10).ok());
  EXPECT_EQ(Last().url,
            "https://api.github.com/repos/acme/plans/pulls?state=open&sort=updated&direction=desc&per_page=100&"
            "base=release%2F1%202");
  EXPECT_TRUE(LastHas("Accept: application/vnd.github+json"));
  EXPECT_TRUE(LastHas("X-GitHub-Api-Version: 2022-11-28"));
  EXPECT_EQ(Last().credential, "Authorization: Bearer token");
}

TEST_F(GitHubTest, ReadsForksMergesAndAccountsThatAreGone) {
  EXPECT_EQ(Read(Pull()).head_reference, "refs/pull/1/head");
  EXPECT_EQ(Read(Pull()).merge_commit, "");  // only tried
  json fork = Pull();
  fork["head"]["repo"]["id"] = 18;
  EXPECT_TRUE(Read(fork).from_fork);
  fork["head"]["repo"] = nullptr;
  fork["user"] = nullptr;
  EXPECT_TRUE(Read(fork).from_fork);
  EXPECT_EQ(Read(fork).author, "");
  json closed = Pull();
  closed["state"] = "closed";
  EXPECT_EQ(Read(closed).state, PullRequestState::kClosed);
  EXPECT_EQ(Read(closed).merge_commit, "");
  closed["merged_at"] = "2026-11-20T10:11:12Z";
  closed.erase("merged");  // as in lists
  EXPECT_EQ(Read(closed).state, PullRequestState::kMerged);
  EXPECT_EQ(Read(closed).merge_commit, ShaOf(999));
}

TEST_F(GitHubTest, WhatHasNotChangedCostsNothing) {
  Answer(200, json::array({Pull()}), {{"etag", "W/\"1\""}, {"link", "<https://x/?page=2>; rel=\"next\""}});
  Answer(200, json::array({PullOf(ForgeType::kGitHub, 2)}), {{"etag", "W/\"2\""}});
  ASSERT_EQ(forge->ListOpen("", 100)->size(), 2U);
  transport.Answer(304, "");
  Answer(200, json::array({PullOf(ForgeType::kGitHub, 2), PullOf(ForgeType::kGitHub, 3)}), {{"etag", "W/\"3\""}});
  const auto again = forge->ListOpen("", 100);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->size(), 3U);
  const auto sent = transport.sent();
  EXPECT_TRUE(std::count(sent[2].headers.begin(), sent[2].headers.end(), "If-None-Match: W/\"1\""));
  EXPECT_TRUE(std::count(sent[3].headers.begin(), sent[3].headers.end(), "If-None-Match: W/\"2\""));
  // Unasked for it is no answer.
  transport.Answer(304, "");
  EXPECT_FALSE(forge->Get(1).ok());
}

TEST_F(GitHubTest, PermissionsAreNeverFromWhatWasKept) {
  Answer(200, {{"permission", "write"}}, {{"etag", "W/\"1\""}});
  EXPECT_EQ(forge->PermissionOf("ada").value(), Permission::kWrite);
  Answer(200, {{"permission", "read"}});
  EXPECT_EQ(forge->PermissionOf("ada").value(), Permission::kRead);
  for (const std::string& header : Last().headers) EXPECT_FALSE(header.starts_with("If-None-Match")) << header;
}

TEST_F(GitHubTest, PermissionsAreOrderedAndWhatIsNewIsNone) {
  EXPECT_EQ(PermissionFor("admin"), Permission::kAdmin);
  EXPECT_EQ(PermissionFor("write"), Permission::kWrite);
  EXPECT_EQ(PermissionFor("read"), Permission::kRead);
  EXPECT_EQ(PermissionFor("none"), Permission::kNone);
  EXPECT_EQ(PermissionFor("superuser"), Permission::kNone);
  EXPECT_EQ(Last().url, "https://api.github.com/repos/acme/plans/collaborators/ada/permission");
  Answer(404, {{"message", "ada is not a user"}});
  EXPECT_EQ(forge->PermissionOf("ada").value(), Permission::kNone);
  Answer(403, {{"message", "Must have push access to view collaborator permission."}});
  EXPECT_EQ(forge->PermissionOf("ada").error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(GitHubTest, CommentsAreThoseOfTheIssue) {
  Answer(200, json::array({CommentOf(ForgeType::kGitHub, 5, "ada", "podwright plan")}));
  ASSERT_TRUE(forge->ListComments(7, kSince).ok());
  EXPECT_EQ(Last().url,
            "https://api.github.com/repos/acme/plans/issues/7/comments?per_page=100&since=2025-11-20T10%3A00%3A00Z");
  Answer(200, CommentOf(ForgeType::kGitHub, 5, "podwright-bot", "new"));
  ASSERT_TRUE(forge->EditComment(7, 5, "new", kPatient).ok());
  EXPECT_EQ(Last().method + " " + Last().url, "PATCH https://api.github.com/repos/acme/plans/issues/comments/5");
}

TEST_F(GitHubTest, StatusesHaveGitHubsWords) {
  EXPECT_EQ(StateSent(StatusState::kSuccess), "success");
  EXPECT_EQ(StateSent(StatusState::kFailure), "failure");
  EXPECT_EQ(StateSent(StatusState::kError), "error");
  EXPECT_EQ(json::parse(Last().body)["context"], "podwright");
  Answer(422, {{"message", "No commit found for SHA: " + ShaOf(1)}});
  EXPECT_EQ(forge->SetStatus(ShaOf(1), {}, kPatient).error().code(), ErrorCode::kNotFound);
}

TEST_F(GitHubTest, ItsLimitsAreHeld) {
  const auto held = [&](int status, const std::string& words, std::map<std::string, std::string> headers) {
    Answer(status, {{"message", words}}, std::move(headers));
    EXPECT_EQ(forge->CreateComment(1, "text", kPatient).error().code(), ErrorCode::kResourceExhausted) << words;
    const auto wait = std::chrono::duration_cast<seconds>(forge->RetryAt() - clock.Steady()).count();
    clock.Advance(forge->RetryAt() > clock.Steady() ? seconds(wait) : seconds(0));
    return wait;
  };
  EXPECT_EQ(held(403, "You have exceeded a secondary rate limit.", {{"retry-after", "40"}}), 40);
  EXPECT_EQ(held(403, "You have exceeded a secondary rate limit.", {}), 120);  // the second one in a row
  Answer(200, Pull());
  ASSERT_TRUE(forge->Get(1).ok());
  EXPECT_EQ(held(422, "Validation Failed: was submitted too quickly", {}), 60);
  EXPECT_EQ(held(403, "API rate limit exceeded",
                 {{"x-ratelimit-remaining", "0"},
                  {"x-ratelimit-reset", "1700000120"},
                  {"date", "Tue, 14 Nov 2023 22:13:20 GMT"}}),
            121);
  // The hour's last request was answered; the next one would not be.
  Answer(
      200, Pull(),
      {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1700000030"}, {"date", "Tue, 14 Nov 2023 22:13:20 GMT"}});
  EXPECT_TRUE(forge->Get(1).ok());
  EXPECT_EQ(forge->Get(1).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(forge->RetryAt(), clock.Steady() + seconds(31));
}

// ---- GitLab ----

TEST_F(GitLabTest, TheProjectIsOnePartOfThePath) {
  Answer(200, json::array());
  ASSERT_TRUE(forge->ListOpen("main", 10).ok());
  EXPECT_EQ(Last().url,
            "https://gitlab.com/api/v4/projects/acme%2Finfra%2Fplans/merge_requests?state=opened&order_by=updated_at&"
            "sort=desc&per_page=20&target_branch=main");
  EXPECT_EQ(Last().credential, "Authorization: Bearer token");
}

TEST_F(GitLabTest, ReadsForksAndEveryWayOfMerging) {
  EXPECT_EQ(Read(Pull()).head_reference, "refs/merge-requests/1/head");
  json pull = Pull();
  pull["source_project_id"] = 18;
  EXPECT_TRUE(Read(pull).from_fork);
  pull["source_project_id"] = nullptr;
  EXPECT_TRUE(Read(pull).from_fork);
  pull = Pull();
  pull["diff_refs"] = {{"start_sha", ShaOf(2)}};
  EXPECT_EQ(Read(pull).base_sha, ShaOf(2));
  pull["state"] = "locked";
  EXPECT_EQ(Read(pull).state, PullRequestState::kOpen);
  pull["state"] = "closed";
  EXPECT_EQ(Read(pull).state, PullRequestState::kClosed);
  pull["state"] = "merged";
  EXPECT_EQ(Read(pull).merge_commit, ShaOf(1));  // fast-forward: the head itself
  pull["squash_commit_sha"] = ShaOf(3);
  EXPECT_EQ(Read(pull).merge_commit, ShaOf(3));
  pull["merge_commit_sha"] = ShaOf(4);
  EXPECT_EQ(Read(pull).merge_commit, ShaOf(4));
  EXPECT_EQ(Read(pull).state, PullRequestState::kMerged);
}

TEST_F(GitLabTest, NotesOfTheSystemAndOnLinesOfCodeAreNoComments) {
  json system = CommentOf(ForgeType::kGitLab, 4, "ada", "added 1 commit");
  system["system"] = true;
  json line = CommentOf(ForgeType::kGitLab, 5, "ada", "podwright approve");
  line["type"] = "DiffNote";
  Answer(200, json::array({system, line, CommentOf(ForgeType::kGitLab, 6, "ada", "podwright plan")}));
  const auto comments = forge->ListComments(7);
  ASSERT_TRUE(comments.ok());
  ASSERT_EQ(comments->size(), 1U);
  EXPECT_EQ((*comments)[0].id, 6);
  EXPECT_TRUE(Last().url.ends_with("/notes?order_by=created_at&sort=asc&per_page=20")) << Last().url;
}

TEST_F(GitLabTest, NewNotesAreReadFromTheLatestOnAndNoFurther) {
  const auto note = [](std::int64_t id, const char* updated) {
    json value = CommentOf(ForgeType::kGitLab, id, "ada", "text");
    value["updated_at"] = updated;
    return value;
  };
  Answer(200,
         json::array({note(3, "2025-11-20T10:00:03Z"), note(9, "2025-11-20T11:00:01.500+01:00"),
                      note(8, "2025-11-20T10:00:00.400Z")}),
         {{"link", "<https://gitlab.com/?page=2>; rel=\"next\""}});
  const auto comments = forge->ListComments(7, kSince);
  ASSERT_TRUE(comments.ok()) << comments.error().message();
  ASSERT_EQ(comments->size(), 2U);
  EXPECT_EQ((*comments)[0].id, 3);
  EXPECT_EQ((*comments)[1].id, 9);
  EXPECT_EQ(transport.sent().size(), 1U);
  EXPECT_TRUE(Last().url.ends_with("/notes?order_by=updated_at&sort=desc&per_page=20")) << Last().url;
}

TEST_F(GitLabTest, PermissionsAreLevelsOfActiveMembers) {
  const auto level = [](int value) { return json{{"id", 3}, {"access_level", value}, {"state", "active"}}; };
  EXPECT_EQ(PermissionFor(level(50)), Permission::kAdmin);
  EXPECT_EQ(PermissionFor(level(40)), Permission::kAdmin);
  EXPECT_EQ(PermissionFor(level(30)), Permission::kWrite);
  EXPECT_EQ(PermissionFor(level(20)), Permission::kRead);
  EXPECT_EQ(PermissionFor(level(10)), Permission::kRead);
  EXPECT_EQ(PermissionFor(level(5)), Permission::kNone);  // minimal access
  EXPECT_EQ(PermissionFor({{"id", 3}, {"access_level", 40}, {"state", "blocked"}}), Permission::kNone);
  EXPECT_TRUE(Last().url.ends_with("/projects/acme%2Finfra%2Fplans/members/all/3")) << Last().url;
  Answer(200, json::array());
  EXPECT_EQ(forge->PermissionOf("nobody").value(), Permission::kNone);
  Answer(200, json::array({{{"id", 4}, {"username", "ada2"}}}));
  EXPECT_EQ(forge->PermissionOf("ada").value(), Permission::kNone);
  Answer(200, json::array({{{"id", 3}, {"username", "ada"}}}));
  Answer(404, {{"message", "404 Not found"}});
  EXPECT_EQ(forge->PermissionOf("ada").value(), Permission::kNone);
}

TEST_F(GitLabTest, AStatusThatIsThereAlreadyIsASuccess) {
  EXPECT_EQ(StateSent(StatusState::kFailure), "failed");
  EXPECT_EQ(StateSent(StatusState::kError), "failed");
  EXPECT_EQ(json::parse(Last().body)["name"], "podwright");
  Answer(400, {{"message", "Cannot transition status via :enqueue from :pending (Reason(s): …)"}});
  EXPECT_TRUE(forge->SetStatus(ShaOf(1), {}, kPatient).ok());
  Answer(400, {{"message", {{"target_url", {"is blocked: not allowed"}}}}});
  const Status refused = forge->SetStatus(ShaOf(1), {}, kPatient);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("target_url is blocked"), std::string::npos) << refused.error().message();
}

TEST_F(GitLabTest, ItsLimitsAreHeld) {
  transport.Answer(429, "Retry later\n", {{"retry-after", "35"}});
  const auto refused = forge->Get(1);
  EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_NE(refused.error().message().find("Retry later"), std::string::npos);
  EXPECT_EQ(forge->RetryAt(), clock.Steady() + seconds(35));
  clock.Advance(seconds(35));
  transport.Answer(
      429, "Retry later\n",
      {{"ratelimit-remaining", "0"}, {"ratelimit-reset", "1700000060"}, {"date", "Tue, 14 Nov 2023 22:13:20 GMT"}});
  EXPECT_FALSE(forge->Get(1).ok());
  EXPECT_EQ(forge->RetryAt(), clock.Steady() + seconds(61));
}

// ---- Forgejo, Gitea ----

TEST_F(ForgejoTest, ListsWhatIsOpenAndPicksTheBranchItself) {
  json other = PullOf(ForgeType::kForgejo, 2);
  other["base"]["ref"] = "other";
  Answer(200, json::array({other, Pull()}));
  const auto pulls = forge->ListOpen("main", 10);
  ASSERT_TRUE(pulls.ok());
  ASSERT_EQ(pulls->size(), 1U);
  EXPECT_EQ((*pulls)[0].number, 1);
  EXPECT_EQ(Last().url, "https://codeberg.org/api/v1/repos/acme/plans/pulls?state=open&sort=recentupdate&limit=50");
  EXPECT_EQ(Last().credential, "Authorization: token token");
}

TEST_F(ForgejoTest, ABranchPushedWithAgitIsAForks) {
  EXPECT_FALSE(Read(Pull()).from_fork);
  json agit = Pull();
  agit["flow"] = 1;
  EXPECT_TRUE(Read(agit).from_fork);
  agit = Pull();
  agit["head"]["ref"] = "refs/pull/1/head";
  EXPECT_TRUE(Read(agit).from_fork);
  json gone = Pull();
  gone["head"]["repo"] = nullptr;
  EXPECT_TRUE(Read(gone).from_fork);
}

TEST_F(ForgejoTest, ReadsMerges) {
  json pull = Pull();
  pull["state"] = "closed";
  EXPECT_EQ(Read(pull).state, PullRequestState::kClosed);
  pull["merged"] = true;
  EXPECT_EQ(Read(pull).state, PullRequestState::kMerged);
  EXPECT_EQ(Read(pull).merge_commit, ShaOf(999));
}

TEST_F(ForgejoTest, WhoMayNotAskWhoMayWriteIsToldWhatToDo) {
  Answer(403, {{"message", "Only admins can query all permissions"}});
  const auto refused = forge->PermissionOf("ada");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_NE(refused.error().message().find("administrator of the repository"), std::string::npos);
}

TEST_F(ForgejoTest, PermissionsAndStatusesHaveItsWords) {
  EXPECT_EQ(PermissionFor("owner"), Permission::kAdmin);
  EXPECT_EQ(PermissionFor("admin"), Permission::kAdmin);
  EXPECT_EQ(PermissionFor("write"), Permission::kWrite);
  EXPECT_EQ(PermissionFor("read"), Permission::kRead);
  EXPECT_EQ(PermissionFor("none"), Permission::kNone);
  EXPECT_EQ(StateSent(StatusState::kFailure), "failure");
  EXPECT_EQ(StateSent(StatusState::kError), "error");
}

}  // namespace
}  // namespace podwright::forge
