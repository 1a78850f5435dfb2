#include "reconciler/auth/enrolment_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/store/faulty_store.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/memory_store.h"

namespace podwright::auth {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using store::FaultyStore;
using testing::HasSubstr;
using testing::Not;

class EnrolmentTokensTest : public testing::Test {
 protected:
  template <typename T>
  static ErrorCode Code(const Result<T>& result) {
    return result.ok() ? ErrorCode::kUnknown : result.error().code();
  }
  NewEnrolmentToken Create(const std::string& server = "web-1", seconds ttl = seconds(0)) {
    auto made = tokens_.Create({"default", server}, "10.0.0.1:7442", std::string(64, 'a'), ttl);
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return std::move(made).value();
  }

  FakeClock clock_;
  store::MemoryStore memory_{clock_};
  FaultyStore store_{memory_};
  SeededRandom random_{1};
  EnrolmentTokens tokens_{store_, clock_, random_};
};

TEST_F(EnrolmentTokensTest, ATokenIsGoodOnceForItsServer) {
  const NewEnrolmentToken made = Create();
  EXPECT_EQ(made.expires, clock_.Now() + seconds(600));
  const auto parsed = EnrolmentToken::Parse(made.token.ToText().Reveal());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->server, "web-1");
  const auto enrolment = tokens_.Consume(parsed->secret.Reveal(), "web-1");
  ASSERT_TRUE(enrolment.ok()) << enrolment.error().ToString();
  EXPECT_EQ(enrolment->workspace, "default");
  EXPECT_EQ(enrolment->server, "web-1");
  EXPECT_EQ(Code(tokens_.Consume(parsed->secret.Reveal(), "web-1")), ErrorCode::kFailedPrecondition);
}

TEST_F(EnrolmentTokensTest, AnotherServersNameIsRefusedAndUsesNothingUp) {
  const NewEnrolmentToken made = Create();
  EXPECT_EQ(Code(tokens_.Consume(made.token.secret.Reveal(), "web-2")), ErrorCode::kPermissionDenied);
  EXPECT_EQ(Code(tokens_.Consume(made.token.secret.Reveal(), "")), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(tokens_.Consume(made.token.secret.Reveal(), "web-1").ok());
}

TEST_F(EnrolmentTokensTest, AnExpiredTokenIsRefusedAndSaysSo) {
  const NewEnrolmentToken made = Create("web-1", seconds(60));
  clock_.Advance(seconds(60));
  const auto refused = tokens_.Consume(made.token.secret.Reveal(), "web-1");
  EXPECT_EQ(Code(refused), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message(), HasSubstr("expired"));
}

TEST_F(EnrolmentTokensTest, UnknownSecretsAreRefused) {
  Create();
  for (const std::string& secret : {std::string(), std::string("x"), std::string(10'000, 'x')}) {
    EXPECT_EQ(Code(tokens_.Consume(secret, "web-1")), ErrorCode::kUnauthenticated);
  }
}

TEST_F(EnrolmentTokensTest, TheSecretIsNotStored) {
  const NewEnrolmentToken made = Create();
  const auto stored = memory_.Range({store::Prefix("")});
  for (const store::KeyValue& kv : stored->kvs) {
    EXPECT_THAT(kv.key + kv.value, Not(HasSubstr(std::string(made.token.secret.Reveal()))));
  }
}

TEST_F(EnrolmentTokensTest, OfManyAtOnceOneWins) {
  const NewEnrolmentToken made = Create();
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (tokens_.Consume(made.token.secret.Reveal(), "web-1").ok()) ++won;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
}

TEST_F(EnrolmentTokensTest, ALostAnswerDoesNotMakeTheTokenGoodAgain) {
  const NewEnrolmentToken made = Create();
  store_.FailNth(FaultyStore::Operation::kCommit, 1, FaultyStore::When::kAfter);
  EXPECT_EQ(Code(tokens_.Consume(made.token.secret.Reveal(), "web-1")), ErrorCode::kUnavailable);
  EXPECT_EQ(Code(tokens_.Consume(made.token.secret.Reveal(), "web-1")), ErrorCode::kFailedPrecondition);
}

TEST_F(EnrolmentTokensTest, RecordsGoByThemselves) {
  Create();
  clock_.Advance(seconds(600) + hours(24) + seconds(1));
  EXPECT_TRUE(memory_.Range({store::Prefix("")})->kvs.empty());
}

TEST_F(EnrolmentTokensTest, BadRequestsAreRefused) {
  const std::string fingerprint(64, 'a');
  EXPECT_FALSE(tokens_.Create({"", "web-1"}, "h:1", fingerprint, seconds(0)).ok());
  EXPECT_FALSE(tokens_.Create({"default", "Web 1"}, "h:1", fingerprint, seconds(0)).ok());
  EXPECT_FALSE(tokens_.Create({"default", "web-1"}, "h", fingerprint, seconds(0)).ok());
  EXPECT_FALSE(tokens_.Create({"default", "web-1"}, "h:1", "no fingerprint", seconds(0)).ok());
  EXPECT_FALSE(tokens_.Create({"default", "web-1"}, "h:1", fingerprint, seconds(-1)).ok());
  EXPECT_FALSE(tokens_.Create({"default", "web-1"}, "h:1", fingerprint, hours(25)).ok());
  EXPECT_TRUE(memory_.Range({store::Prefix("")})->kvs.empty());
}

}  // namespace
}  // namespace podwright::auth
