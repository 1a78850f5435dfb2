#include "reconciler/sources/webhook.h"

#include <gtest/gtest.h>

#include <map>

#include "core/digest.h"

namespace podwright::sources {
namespace {

constexpr char kSecret[] = "it is a secret";
constexpr char kBody[] = R"({"ref":"refs/heads/main"})";
const WallTime kNow(std::chrono::milliseconds(1'700'000'000'000));

using Headers = std::map<std::string, std::string>;

bool Accepts(const std::string& type, const Headers& headers, std::string_view body = kBody) {
  const WebhookCall call{[&](const std::string& name) {
                           const auto at = headers.find(name);
                           return at == headers.end() ? "" : at->second;
                         },
                         body};
  return IsAuthentic(type, kSecret, call, kNow);
}

std::string Signature(const std::string& data, const std::string& secret = kSecret) {
  return HexEncode(HmacSha256(secret, data));
}

TEST(Webhook, GithubSignsTheBody) {
  EXPECT_TRUE(Accepts("github", {{"X-Hub-Signature-256", "sha256=" + Signature(kBody)}}));
  EXPECT_FALSE(Accepts("github", {{"X-Hub-Signature-256", "sha256=" + Signature(kBody)}}, "{}"));
  EXPECT_FALSE(Accepts("github", {{"X-Hub-Signature-256", Signature(kBody)}}));
  EXPECT_FALSE(Accepts("github", {{"X-Hub-Signature-256", "sha256=" + Signature(kBody, "other")}}));
  EXPECT_FALSE(Accepts("github", {{"X-Hub-Signature-256", "sha256="}}));
  EXPECT_FALSE(Accepts("github", {}));
}

// GitHub's own example: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
TEST(Webhook, GithubsOwnExampleHolds) {
  const WebhookCall call{[](const std::string& name) {
                           return name == "X-Hub-Signature-256" ? "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c"
                                                                  "22c46f4379c8b043e17"
                                                                : "";
                         },
                         "Hello, World!"};
  EXPECT_TRUE(IsAuthentic("github", "It's a Secret to Everybody", call, kNow));
}

TEST(Webhook, GitlabShowsTheSecret) {
  EXPECT_TRUE(Accepts("gitlab", {{"X-Gitlab-Token", kSecret}}));
  EXPECT_FALSE(Accepts("gitlab", {{"X-Gitlab-Token", "it is"}}));
  EXPECT_FALSE(Accepts("gitlab", {}));
}

TEST(Webhook, GiteaAndForgejoSignTheBody) {
  EXPECT_TRUE(Accepts("gitea", {{"X-Gitea-Signature", Signature(kBody)}}));
  EXPECT_TRUE(Accepts("gitea", {{"X-Forgejo-Signature", Signature(kBody)}}));
  EXPECT_FALSE(Accepts("gitea", {{"X-Gitea-Signature", Signature("{}")}}));
  EXPECT_FALSE(Accepts("gitea", {}));
}

TEST(Webhook, GenericSignsTimeAndBodyAndTheTimeIsNear) {
  const auto at = [](std::int64_t seconds, const std::string& signed_time) {
    return Headers{{"X-Podwright-Timestamp", std::to_string(seconds)},
                   {"X-Podwright-Signature", "sha256=" + Signature(signed_time + "." + kBody)}};
  };
  EXPECT_TRUE(Accepts("generic", at(1'700'000'000, "1700000000")));
  EXPECT_TRUE(Accepts("generic", at(1'699'999'701, "1699999701")));
  EXPECT_FALSE(Accepts("generic", at(1'699'999'699, "1699999699")));
  EXPECT_FALSE(Accepts("generic", at(1'700'000'301, "1700000301")));
  EXPECT_FALSE(Accepts("generic", at(1'700'000'000, "1699999999")));
  Headers odd{{"X-Podwright-Timestamp", "soon"},
              {"X-Podwright-Signature", "sha256=" + Signature(std::string("soon.") + kBody)}};
  EXPECT_FALSE(Accepts("generic", odd));
}

TEST(Webhook, ARepetitionIsKnownWhateverItsUnsignedHeadersSay) {
  ReplayGuard guard;
  const auto call = [&](const std::string& delivery, std::string_view body) {
    return guard.IsNew(
        {[delivery](const std::string& name) { return name == "X-GitHub-Delivery" ? delivery : ""; }, body});
  };
  EXPECT_TRUE(call("1", "a"));
  EXPECT_FALSE(call("1", "a"));
  EXPECT_FALSE(call("2", "a"));
  EXPECT_TRUE(call("1", "b"));
}

}  // namespace
}  // namespace podwright::sources
