#include "reconciler/auth/api_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "reconciler/store/faulty_store.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/memory_store.h"

namespace podwright::auth {
namespace {

using std::chrono::hours;
using testing::HasSubstr;
using testing::Not;

class ApiTokensTest : public testing::Test {
 protected:
  template <typename T>
  static ErrorCode Code(const Result<T>& result) {
    return result.ok() ? ErrorCode::kUnknown : result.error().code();
  }
  NewApiToken Create(const std::string& role = "operator", std::chrono::milliseconds ttl = hours(0)) {
    auto made = tokens_.Create("ci", role, "default", ttl);
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return std::move(made).value();
  }

  FakeClock clock_;
  store::MemoryStore memory_{clock_};
  store::FaultyStore store_{memory_};
  SeededRandom random_{1};
  ApiTokens tokens_{store_, clock_, random_};
};

TEST_F(ApiTokensTest, ATokenIsWhoItWasMadeFor) {
  const NewApiToken made = Create();
  EXPECT_TRUE(made.text.Reveal().starts_with("pw_" + made.token.id + "_"));
  const auto found = tokens_.Authenticate(made.text.Reveal());
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_EQ(found->id, made.token.id);
  EXPECT_EQ(found->name, "ci");
  EXPECT_EQ(found->role, "operator");
  EXPECT_EQ(found->workspace, "default");
  EXPECT_FALSE(found->expires.has_value());
}

TEST_F(ApiTokensTest, TheSecretIsNotStored) {
  const NewApiToken made = Create();
  const std::string secret(made.text.Reveal().substr(16));
  const auto stored = memory_.Range({store::Prefix("")});
  ASSERT_EQ(stored->kvs.size(), 1U);
  EXPECT_THAT(stored->kvs[0].value, Not(HasSubstr(secret)));
}

TEST_F(ApiTokensTest, WrongTokensAreAllRefusedAlike) {
  const std::string good(Create().text.Reveal());
  std::string last_changed = good;
  last_changed.back() = last_changed.back() == 'A' ? 'B' : 'A';
  std::string id_changed = good;
  id_changed[3] = id_changed[3] == 'a' ? 'b' : 'a';
  for (const std::string& text :
       {std::string(), std::string("pw_"), std::string("pw__"), good.substr(0, 15), good.substr(0, 16),
        good.substr(0, good.size() - 1), good + "x", last_changed, id_changed, "PW" + good.substr(2), good.substr(3),
        " " + good, std::string(100'000, 'x'), std::string("pw_../../../../_aaaa"),
        std::string("pw_aaaaaaaaaaaa_\0", 17)}) {
    const auto found = tokens_.Authenticate(text);
    EXPECT_EQ(Code(found), ErrorCode::kUnauthenticated) << text.substr(0, 80);
    EXPECT_EQ(found.error().message(), "the token is unknown or wrong");
  }
}

TEST_F(ApiTokensTest, ExpiredTokensAreRefused) {
  const NewApiToken made = Create("viewer", hours(1));
  EXPECT_EQ(*made.token.expires, clock_.Now() + hours(1));
  EXPECT_TRUE(tokens_.Authenticate(made.text.Reveal()).ok());
  clock_.Advance(hours(1));
  EXPECT_EQ(Code(tokens_.Authenticate(made.text.Reveal())), ErrorCode::kUnauthenticated);
}

TEST_F(ApiTokensTest, ARevocationCountsAtOnceAndStaysListed) {
  const NewApiToken made = Create();
  const NewApiToken other = Create();
  ASSERT_TRUE(tokens_.Revoke(made.token.id).ok());
  ASSERT_TRUE(tokens_.Revoke(made.token.id).ok());
  EXPECT_EQ(Code(tokens_.Authenticate(made.text.Reveal())), ErrorCode::kUnauthenticated);
  EXPECT_TRUE(tokens_.Authenticate(other.text.Reveal()).ok());
  const auto all = tokens_.List();
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(std::count_if(all->begin(), all->end(), [](const ApiToken& t) { return t.revoked; }), 1);
  EXPECT_EQ(Code(tokens_.Revoke("aaaaaaaaaaaa")), ErrorCode::kNotFound);
  EXPECT_EQ(Code(tokens_.Revoke("../../x")), ErrorCode::kNotFound);
}

TEST_F(ApiTokensTest, BadRequestsAreRefused) {
  const auto create = [&](const std::string& name, const std::string& role, const std::string& workspace, hours ttl) {
    return Code(tokens_.Create(name, role, workspace, ttl));
  };
  EXPECT_EQ(create("", "viewer", "*", hours(1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(create("CI", "viewer", "*", hours(1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(create(std::string(64, 'a'), "viewer", "*", hours(1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(create("ci", "root", "*", hours(1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(create("ci", "viewer", "", hours(1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(create("ci", "viewer", "a/b", hours(1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(create("ci", "viewer", "*", hours(-1)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(create("ci", "viewer", "*", hours(1)), ErrorCode::kUnknown);
}

TEST_F(ApiTokensTest, AFailingStoreLetsNobodyIn) {
  const NewApiToken made = Create();
  store_.SetRule([](const store::FaultyStore::Call&) {
    return store::FaultyStore::Fault{store::FaultyStore::When::kBefore, Unavailable("away")};
  });
  EXPECT_EQ(Code(tokens_.Authenticate(made.text.Reveal())), ErrorCode::kUnavailable);
  EXPECT_EQ(Code(tokens_.Create("ci", "viewer", "*", hours(1))), ErrorCode::kUnavailable);
  EXPECT_EQ(Code(tokens_.List()), ErrorCode::kUnavailable);
}

TEST_F(ApiTokensTest, DamagedRecordsLetNobodyIn) {
  const NewApiToken made = Create();
  for (const char* text : {"", "nonsense", "{}", R"({"name":1})"}) {
    ASSERT_TRUE(store::Put(memory_, "auth/token/" + made.token.id, text).ok());
    EXPECT_EQ(Code(tokens_.Authenticate(made.text.Reveal())), ErrorCode::kDataLoss);
  }
}

}  // namespace
}  // namespace podwright::auth
