#include "reconciler/secrets/secret_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/crypto/keys.h"
#include "core/crypto/seal.h"
#include "reconciler/store/faulty_store.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/memory_store.h"

namespace podwright::secrets {
namespace {

using crypto::SecretString;
using store::FaultyStore;
using testing::HasSubstr;
using testing::Not;

class SecretStoreTest : public testing::Test {
 protected:
  SecretStoreTest() { EXPECT_TRUE(keys_.Add("k1", crypto::SecretBytes(std::string(32, 'k'))).ok()); }

  template <typename T>
  static ErrorCode Code(const Result<T>& result) {
    return result.ok() ? ErrorCode::kUnknown : result.error().code();
  }
  Result<std::int64_t> Set(const std::string& value, const std::string& request = "") {
    return secrets_.Set(db_, SecretString(value), request);
  }
  std::string Value(std::int64_t version = 0) {
    const auto opened = secrets_.Open(db_, version, "token:test");
    return opened.ok() ? std::string(opened->value.Reveal()) : "error " + opened.error().ToString();
  }

  FakeClock clock_;
  store::MemoryStore memory_{clock_};
  FaultyStore store_{memory_};
  crypto::EnvelopeKeyring keys_;
  std::vector<Opening> openings_;
  bool audit_fails_ = false;
  SecretStore secrets_{store_, keys_, clock_, [this](const Opening& opening) -> Status {
                         if (audit_fails_) return Unavailable("the audit log is away");
                         openings_.push_back(opening);
                         return Ok();
                       }};
  const SecretName db_{"default", "db"};
};

TEST_F(SecretStoreTest, EverySetIsANewVersionAndOldOnesStay) {
  EXPECT_EQ(*Set("one"), 1);
  EXPECT_EQ(*Set("two"), 2);
  EXPECT_EQ(Value(), "two");
  EXPECT_EQ(Value(1), "one");
  EXPECT_EQ(Code(secrets_.Open(db_, 3, "x")), ErrorCode::kNotFound);
  EXPECT_EQ(Code(secrets_.Open({"other", "db"}, 0, "x")), ErrorCode::kNotFound);
}

TEST_F(SecretStoreTest, TheSameIdempotencyKeyMakesOneVersion) {
  EXPECT_EQ(*Set("one", "request-1"), 1);
  EXPECT_EQ(*Set("one", "request-1"), 1);
  EXPECT_EQ(*Set("one", "request-2"), 2);
  EXPECT_EQ(Code(Set("two", "request-1")), ErrorCode::kConflict);
  EXPECT_EQ(*Set("one", ""), 3);
}

TEST_F(SecretStoreTest, ARetryAfterALostAnswerMakesNoSecondVersion) {
  store_.FailNth(FaultyStore::Operation::kCommit, 1, FaultyStore::When::kAfter);
  EXPECT_EQ(Code(Set("one", "request-1")), ErrorCode::kUnavailable);
  EXPECT_EQ(*Set("one", "request-1"), 1);
}

TEST_F(SecretStoreTest, AFailingStoreHalfWritesNothing) {
  store_.FailNth(FaultyStore::Operation::kCommit, 1, FaultyStore::When::kBefore);
  EXPECT_EQ(Code(Set("one")), ErrorCode::kUnavailable);
  EXPECT_EQ(Code(secrets_.Describe(db_)), ErrorCode::kNotFound);
  EXPECT_TRUE(memory_.Range({store::Prefix("")})->kvs.empty());
}

TEST_F(SecretStoreTest, NothingReadableIsStored) {
  ASSERT_TRUE(Set("hunter2hunter2").ok());
  const auto stored = memory_.Range({store::Prefix("")});
  for (const store::KeyValue& kv : stored->kvs) {
    EXPECT_THAT(kv.value, Not(HasSubstr("hunter2")));
  }
}

TEST_F(SecretStoreTest, AValueCannotPassForAnother) {
  ASSERT_TRUE(Set("one").ok());
  ASSERT_TRUE(Set("two").ok());
  const auto values = memory_.Range({store::Prefix("secrets/value/default/db/")})->kvs;
  ASSERT_EQ(values.size(), 2U);
  ASSERT_TRUE(store::Put(memory_, values[1].key, values[0].value).ok());
  EXPECT_EQ(Code(secrets_.Open(db_, 2, "x")), ErrorCode::kDataLoss);
  std::string changed = values[0].value;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  ASSERT_TRUE(store::Put(memory_, values[0].key, changed).ok());
  EXPECT_EQ(Code(secrets_.Open(db_, 1, "x")), ErrorCode::kDataLoss);
}

TEST_F(SecretStoreTest, DamagedMetadataIsAnErrorNotACrash) {
  ASSERT_TRUE(Set("one").ok());
  for (const char* text : {"", "nonsense", "[]", "{}", R"({"last":"x","versions":[]})",
                           R"({"last":1,"versions":[[1]]})", R"({"last":1,"versions":[["a",2]]})"}) {
    ASSERT_TRUE(store::Put(memory_, "secrets/meta/default/db", text).ok());
    EXPECT_EQ(Code(secrets_.Describe(db_)), ErrorCode::kDataLoss) << text;
    EXPECT_EQ(Code(Set("two")), ErrorCode::kDataLoss) << text;
  }
}

TEST_F(SecretStoreTest, OpeningsAreReportedWithWhoAndWhy) {
  ASSERT_TRUE(Set("one").ok());
  const auto agent = *crypto::PrivateKey::Generate(crypto::KeyType::kX25519);
  ASSERT_TRUE(secrets_.Open(db_, 0, "token:ci").ok());
  ASSERT_TRUE(secrets_.SealFor(db_, 1, *agent.Public()->Raw(), "web-1").ok());
  ASSERT_EQ(openings_.size(), 2U);
  EXPECT_EQ(openings_[0].by, "token:ci");
  EXPECT_EQ(openings_[1].by, "agent:web-1");
  EXPECT_EQ(openings_[1].purpose, "deliver");
  EXPECT_EQ(openings_[1].version, 1);
}

TEST_F(SecretStoreTest, WhatCannotBeAuditedStaysClosed) {
  ASSERT_TRUE(Set("one").ok());
  audit_fails_ = true;
  const auto agent = *crypto::PrivateKey::Generate(crypto::KeyType::kX25519);
  EXPECT_EQ(Code(secrets_.Open(db_, 0, "token:ci")), ErrorCode::kUnavailable);
  EXPECT_EQ(Code(secrets_.SealFor(db_, 0, *agent.Public()->Raw(), "web-1")), ErrorCode::kUnavailable);
}

TEST_F(SecretStoreTest, ASealedSecretOpensAtItsAgentOnly) {
  ASSERT_TRUE(Set("one").ok());
  const auto agent = *crypto::PrivateKey::Generate(crypto::KeyType::kX25519);
  const auto sealed = secrets_.SealFor(db_, 0, *agent.Public()->Raw(), "web-1");
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(sealed->version, 1);
  EXPECT_EQ(crypto::Open(agent, sealed->sealed, "default/db/1")->Reveal(), "one");
  EXPECT_FALSE(
      crypto::Open(*crypto::PrivateKey::Generate(crypto::KeyType::kX25519), sealed->sealed, "default/db/1").ok());
  EXPECT_EQ(Code(secrets_.SealFor(db_, 0, "no key", "web-1")), ErrorCode::kInvalidArgument);
}

TEST_F(SecretStoreTest, DescribeAndListTellVersionsAndTimesOnly) {
  ASSERT_TRUE(Set("one").ok());
  clock_.Advance(std::chrono::hours(1));
  ASSERT_TRUE(Set("two").ok());
  ASSERT_TRUE(secrets_.Set({"default", "other"}, SecretString("x"), "").ok());
  ASSERT_TRUE(secrets_.Set({"default2", "db"}, SecretString("x"), "").ok());
  const auto info = secrets_.Describe(db_);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->current, 2);
  ASSERT_EQ(info->versions.size(), 2U);
  EXPECT_EQ(info->versions[1].created - info->versions[0].created, std::chrono::hours(1));
  const auto all = secrets_.List("default");
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[1].secret.name, "other");
  EXPECT_TRUE(openings_.empty());
}

TEST_F(SecretStoreTest, DeletionTakesAllVersionsAndReusesNoNumber) {
  ASSERT_TRUE(Set("one", "r").ok());
  ASSERT_TRUE(Set("two").ok());
  ASSERT_TRUE(secrets_.Delete(db_).ok());
  EXPECT_EQ(Code(secrets_.Open(db_, 1, "x")), ErrorCode::kNotFound);
  EXPECT_EQ(Code(secrets_.Describe(db_)), ErrorCode::kNotFound);
  EXPECT_EQ(Code(secrets_.Delete(db_)), ErrorCode::kNotFound);
  EXPECT_TRUE(secrets_.List("default")->empty());
  EXPECT_TRUE(memory_.Range({store::Prefix("secrets/value/")})->kvs.empty());
  EXPECT_EQ(*Set("three", "r"), 3);
}

TEST_F(SecretStoreTest, OnlyTheNewestVersionsAreKept) {
  for (int i = 0; i < 105; ++i) ASSERT_TRUE(Set(std::to_string(i), "request-" + std::to_string(i)).ok());
  EXPECT_EQ(secrets_.Describe(db_)->versions.size(), 100U);
  EXPECT_EQ(memory_.Range({store::Prefix("secrets/value/")})->kvs.size(), 100U);
  EXPECT_EQ(memory_.Range({store::Prefix("secrets/request/")})->kvs.size(), 100U);
  EXPECT_EQ(Value(105), "104");
}

TEST_F(SecretStoreTest, ConcurrentSetsAllGetTheirOwnVersion) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) EXPECT_TRUE(Set("x").ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(secrets_.Describe(db_)->current, 20);
}

TEST_F(SecretStoreTest, BadNamesAndSizesAreRefused) {
  for (const SecretName& name : {SecretName{"", "a"},
                                 {"default", ""},
                                 {"a/b", "c"},
                                 {"default", "a/b"},
                                 {"default", std::string("a\0b", 3)},
                                 {"default", std::string(300, 'x')}}) {
    EXPECT_EQ(Code(secrets_.Set(name, SecretString("x"), "")), ErrorCode::kInvalidArgument);
    EXPECT_EQ(Code(secrets_.Open(name, 0, "x")), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(Code(Set(std::string(kMaxSecretBytes + 1, 'x'))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(*Set(std::string(kMaxSecretBytes, 'x')), 1);
  EXPECT_EQ(*Set(""), 2);
  EXPECT_EQ(Value(), "");
}

}  // namespace
}  // namespace podwright::secrets
