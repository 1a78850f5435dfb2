// When a source looks, and with whose credentials.
#include <gmock/gmock.h>

#include "core/digest.h"
#include "reconciler/sources/sources_fixture.h"

namespace podwright::sources {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(SourcesTest, WhatFailsIsTriedAgainWithBackoffAndSaysSince) {
  repository.Write("web.yaml", ServerDocument("web"));
  const std::string one = repository.Commit("one");
  fetcher.failures = 3;
  PutSource();
  EXPECT_EQ(Problem(), "FetchFailed");
  EXPECT_THAT(Message(), HasSubstr("the network is down"));
  const std::int64_t since = View().problem().since_unix_ms();
  world.Advance(std::chrono::milliseconds(5'500));
  EXPECT_EQ(sources->RunDue(), 1);
  EXPECT_EQ(View().problem().failures(), 2U);
  EXPECT_EQ(View().problem().since_unix_ms(), since);
  world.Advance(std::chrono::milliseconds(5'500));
  EXPECT_EQ(sources->RunDue(), 0);
  world.Advance(std::chrono::milliseconds(5'500));
  EXPECT_EQ(sources->RunDue(), 1);
  world.Advance(std::chrono::milliseconds(22'000));
  EXPECT_EQ(sources->RunDue(), 1);
  EXPECT_EQ(Applied(), one);
  EXPECT_EQ(world.CountEvents("source.blocked"), 1);
}

TEST_F(SourcesTest, ASuspendedSourceLooksAtNothingUntilItGoesOn) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  v1::SuspendSourceRequest request;
  request.set_workspace("default");
  request.set_name("plans");
  request.set_suspend(true);
  request.set_reason("holidays");
  ASSERT_TRUE(sources->Suspend("token:ada", request).ok());
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("two");
  Restart();
  NextLook();
  EXPECT_EQ(View().state(), "suspended");
  EXPECT_EQ(View().suspension().reason(), "holidays");
  EXPECT_FALSE(Wanted("db"));
  request.set_suspend(false);
  ASSERT_TRUE(sources->Suspend("token:ada", request).ok());
  sources->RunDue();
  EXPECT_TRUE(Wanted("db"));
}

TEST_F(SourcesTest, ASyncLooksAtOnceAndSaysWhenItIsDone) {
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("two");
  const v1::SourceView asked = sources->Sync("default", "plans").value();
  EXPECT_LT(asked.syncs_done(), asked.syncs_asked());
  EXPECT_EQ(sources->RunDue(), 1);
  EXPECT_EQ(View().syncs_done(), asked.syncs_asked());
  EXPECT_TRUE(Wanted("db"));
  EXPECT_EQ(sources->Sync("default", "nothing").error().code(), ErrorCode::kNotFound);
}

TEST_F(SourcesTest, AWebhookWakesTheSourceOnceAndOthersDoNot) {
  v1::ApplyRequest secret = world.Request("cli:sources");
  v1::kinds::SecretSpec value;
  value.set_value("shared");
  control::testing::World::Put(&secret, "secret", "hook", value);
  ASSERT_TRUE(world.Apply(secret).ok());
  spec.mutable_webhook()->set_secret("hook");
  spec.mutable_webhook()->set_type("github");
  repository.Write("web.yaml", ServerDocument("web"));
  repository.Commit("one");
  PutSource();
  ASSERT_EQ(Problem(), "");
  repository.Write("db.yaml", ServerDocument("db"));
  repository.Commit("two");
  world.Advance(std::chrono::milliseconds(2'000));
  const auto call = [&](const std::string& key, const std::string& source) {
    const std::string body = "{}";
    return sources
        ->Webhook("default", source,
                  {[&](const std::string& name) {
                     return name == "X-Hub-Signature-256" ? "sha256=" + HexEncode(HmacSha256(key, body)) : "";
                   },
                   body})
        .ok();
  };
  EXPECT_FALSE(call("wrong", "plans"));
  EXPECT_FALSE(call("shared", "nothing"));
  EXPECT_EQ(sources->RunDue(), 0);
  EXPECT_TRUE(call("shared", "plans"));
  EXPECT_EQ(sources->RunDue(), 1);
  EXPECT_TRUE(Wanted("db"));
  world.Advance(std::chrono::milliseconds(2'000));
  EXPECT_TRUE(call("shared", "plans"));  // a repetition
  EXPECT_EQ(sources->RunDue(), 0);
  EXPECT_EQ(View().webhooks_refused(), 1U);
}

TEST_F(SourcesTest, CredentialsFollowTheSecretsNewestVersionAndAreInNoMessage) {
  v1::ApplyRequest secret = world.Request("cli:sources");
  v1::kinds::SecretSpec value;
  value.set_value("token-1");
  control::testing::World::Put(&secret, "secret", "token", value);
  ASSERT_TRUE(world.Apply(secret).ok());
  spec.set_url("https://git.invalid/plans.git");
  spec.mutable_credentials()->set_secret("token");
  fetcher.failures = 1000;
  PutSource();
  EXPECT_EQ(fetcher.secret, "token-1");
  v1::SetSecretRequest set;
  set.set_name("token");
  set.set_value("token-2");
  ASSERT_TRUE(world.control().SetSecret(world.admin, set).ok());
  NextLook();
  EXPECT_EQ(fetcher.secret, "token-2");
  EXPECT_THAT(Message(), Not(HasSubstr("token-2")));
}

}  // namespace
}  // namespace podwright::sources
