#include "reconciler/auth/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "reconciler/auth/audit_text.h"
#include "reconciler/store/faulty_store.h"
#include "reconciler/store/helpers.h"
#include "reconciler/store/memory_store.h"

namespace podwright::auth {
namespace {

using store::FaultyStore;
using testing::HasSubstr;

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() {
    EXPECT_TRUE(keys_.Add("k1", crypto::SecretBytes(std::string(32, 'k'))).ok());
    log_ = Open();
  }
  template <typename T>
  static ErrorCode Code(const Result<T>& result) {
    return result.ok() ? ErrorCode::kUnknown : result.error().code();
  }
  std::unique_ptr<AuditLog> Open() {
    auto opened = AuditLog::Open(store_, keys_, clock_);
    EXPECT_TRUE(opened.ok()) << opened.error().ToString();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  static AuditEvent Event(const std::string& object) {
    return {"token:ci", "apply", "default", object, "ok", "run r1"};
  }
  void Fill(int count) {
    for (int i = 1; i <= count; ++i) ASSERT_TRUE(log_->Append(Event("server/s" + std::to_string(i))).ok());
  }
  static std::string Key(int sequence) {
    const std::string digits = std::to_string(sequence);
    return "audit/entry/" + std::string(20 - digits.size(), '0') + digits;
  }
  std::string Stored(const std::string& key) { return (*store::Get(memory_, key))->value; }
  void Write(const std::string& key, const std::string& value) { ASSERT_TRUE(store::Put(memory_, key, value).ok()); }
  void Remove(const std::string& key) { ASSERT_TRUE(memory_.Commit({{}, {store::Op::Delete(key)}, {}}).ok()); }
  // "" when nothing is wrong.
  std::string Problem(const std::optional<SignedHead>& noted = std::nullopt) {
    const auto report = Open()->Verify(noted);
    EXPECT_TRUE(report.ok()) << report.error().ToString();
    return report->problem.value_or("");
  }

  FakeClock clock_;
  store::MemoryStore memory_{clock_};
  FaultyStore store_{memory_};
  crypto::EnvelopeKeyring keys_;
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditLogTest, EntriesFollowEachOther) {
  EXPECT_EQ(*log_->Append(Event("server/a")), 1);
  clock_.Advance(std::chrono::seconds(5));
  EXPECT_EQ(*log_->Append(Event("server/b")), 2);
  const auto entries = log_->List(0, 10);
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].event, Event("server/a"));
  EXPECT_EQ((*entries)[1].previous, (*entries)[0].hash);
  EXPECT_EQ((*entries)[1].time - (*entries)[0].time, std::chrono::seconds(5));
  EXPECT_EQ(log_->List(2, 10)->size(), 1U);
  EXPECT_EQ(log_->List(1, 1)->size(), 1U);
  const auto report = log_->Verify(std::nullopt);
  EXPECT_EQ(report->entries, 2);
  EXPECT_FALSE(report->problem.has_value()) << *report->problem;
  EXPECT_EQ(report->head.sequence, 2);
}

TEST_F(AuditLogTest, AnEmptyLogIsRight) {
  EXPECT_EQ(Problem(), "");
  const auto head = log_->Head();
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->sequence, 0);
  Fill(2);
  EXPECT_EQ(Problem(*head), "");
}

TEST_F(AuditLogTest, AHeadSurvivesItsTextAndItsLogsGrowth) {
  Fill(3);
  const auto head = SignedHead::Parse(log_->Head()->ToText() + "\n");
  ASSERT_TRUE(head.ok());
  Fill(300);
  EXPECT_EQ(Problem(*head), "");
  EXPECT_EQ(log_->Verify(*head)->entries, 303);
}

TEST_F(AuditLogTest, EveryChangedFieldIsFound) {
  Fill(3);
  const std::string good = Stored(Key(2));
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"token:ci", "token:me"},
                                                                                 {"apply", "delete"},
                                                                                 {"\"default\"", "\"other\""},
                                                                                 {"server/s2", "server/s9"},
                                                                                 {"\"ok\"", "\"failed\""},
                                                                                 {"run r1", "run r2"},
                                                                                 {"\"time\":1700", "\"time\":1701"},
                                                                                 {"\"sequence\":2", "\"sequence\":3"},
                                                                                 {"\"hash\":\"", "\"hash\":\"0"},
                                                                                 {"{", ""}}) {
    std::string changed = good;
    ASSERT_NE(changed.find(from), std::string::npos) << from;
    changed.replace(changed.find(from), from.size(), to);
    Write(Key(2), changed);
    EXPECT_THAT(Problem(), HasSubstr("entry 2")) << from;
  }
  Write(Key(2), good);
  EXPECT_EQ(Problem(), "");
}

TEST_F(AuditLogTest, AnEntryMadeAnewWithItsHashIsFound) {
  Fill(3);
  auto entry = *AuditEntry::FromText(Stored(Key(2)));
  entry.event.actor = "token:me";
  entry.hash = entry.ComputeHash();
  Write(Key(2), entry.ToText());
  EXPECT_THAT(Problem(), HasSubstr("entry 3 does not follow"));
  // The same at the end of the log.
  Write(Key(2), (entry.event.actor = "token:ci", entry.hash = entry.ComputeHash(), entry.ToText()));
  auto last = *AuditEntry::FromText(Stored(Key(3)));
  last.event.actor = "token:me";
  last.hash = last.ComputeHash();
  Write(Key(3), last.ToText());
  EXPECT_THAT(Problem(), HasSubstr("the head names another last entry"));
}

TEST_F(AuditLogTest, DeletionAndReorderingAreFound) {
  Fill(4);
  const std::string second = Stored(Key(2));
  const std::string third = Stored(Key(3));
  Remove(Key(2));
  EXPECT_THAT(Problem(), HasSubstr("entry 2 is missing"));
  Write(Key(2), third);
  Write(Key(3), second);
  EXPECT_THAT(Problem(), HasSubstr("entry 2 stands in another's place"));
  Write(Key(2), second);
  Write(Key(3), third);
  EXPECT_EQ(Problem(), "");
  Remove(Key(1));
  EXPECT_THAT(Problem(), HasSubstr("entry 1 is missing"));
}

TEST_F(AuditLogTest, ACutOffEndIsFoundByTheHead) {
  Fill(4);
  Remove(Key(4));
  EXPECT_THAT(Problem(), HasSubstr("entry 4 and later ones are missing"));
  Remove(Key(3));
  Remove(Key(2));
  Remove(Key(1));
  EXPECT_THAT(Problem(), HasSubstr("entry 1 and later ones are missing"));
}

TEST_F(AuditLogTest, ARollbackWithTheHeadIsFoundByANotedHead) {
  Fill(2);
  const std::string old_head = Stored("audit/head");
  Fill(2);
  const auto noted = *log_->Head();
  Remove(Key(3));
  Remove(Key(4));
  Write("audit/head", old_head);
  EXPECT_EQ(Problem(), "");
  EXPECT_THAT(Problem(noted), HasSubstr("ends before the entry 4"));
  // And what is appended instead does not hide it.
  log_ = Open();
  clock_.Advance(std::chrono::seconds(1));
  Fill(2);
  EXPECT_THAT(Problem(noted), HasSubstr("entry 4 is not the one that was noted"));
}

TEST_F(AuditLogTest, AForgedHeadIsFoundAndNotBuiltUpon) {
  Fill(3);
  auto head = *SignedHead::Parse(Stored("audit/head"));
  const auto other = *crypto::PrivateKey::Generate(crypto::KeyType::kEd25519);
  Remove(Key(3));
  head.sequence = 2;
  head.hash = AuditEntry::FromText(Stored(Key(2)))->hash;
  Write("audit/head", head.ToText());
  EXPECT_THAT(Problem(), HasSubstr("signature"));
  EXPECT_EQ(Code(Open()->Append(Event("x"))), ErrorCode::kDataLoss);
  ASSERT_TRUE(head.Sign(other).ok());
  Write("audit/head", head.ToText());
  EXPECT_THAT(Problem(), HasSubstr("signature"));
  EXPECT_THAT(Problem(head), HasSubstr("noted head"));
  Remove("audit/head");
  EXPECT_THAT(Problem(), HasSubstr("after the head"));
  EXPECT_EQ(Code(Open()->Append(Event("x"))), ErrorCode::kDataLoss);
  for (const char* text : {"", "pwh_", "nonsense"}) {
    Write("audit/head", text);
    EXPECT_NE(Problem(), "");
    EXPECT_EQ(Code(Open()->Head()), ErrorCode::kDataLoss);
  }
}

TEST_F(AuditLogTest, ALostKeyIsNotReplaced) {
  Fill(1);
  Remove("audit/key");
  EXPECT_EQ(Code(AuditLog::Open(store_, keys_, clock_)), ErrorCode::kDataLoss);
}

TEST_F(AuditLogTest, AForeignHeadIsNoProof) {
  Fill(2);
  store::MemoryStore other_store(clock_);
  const auto other = *AuditLog::Open(other_store, keys_, clock_);
  ASSERT_TRUE(other->Append(Event("x")).ok());
  EXPECT_THAT(Problem(*other->Head()), HasSubstr("not signed by this log's key"));
}

TEST_F(AuditLogTest, TwoWritersMakeOneChain) {
  const auto second = Open();
  std::vector<std::thread> threads;
  constexpr int kEach = 40;
  for (AuditLog* log : {log_.get(), second.get(), log_.get(), second.get()}) {
    threads.emplace_back([log] {
      for (int i = 0; i < kEach; ++i) {
        const auto appended = log->Append(Event("server/s" + std::to_string(i)));
        EXPECT_TRUE(appended.ok()) << appended.error().ToString();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(log_->Head()->sequence, 4 * kEach);
}

TEST_F(AuditLogTest, ThoseThatWaitShareATransaction) {
  // Holds the first commit until all the others are in the queue.
  std::atomic<int> started{0};
  constexpr int kThreads = 30;
  store_.SetRule([&](const FaultyStore::Call& call) -> std::optional<FaultyStore::Fault> {
    while (call.operation == FaultyStore::Operation::kCommit && started < kThreads) std::this_thread::yield();
    return std::nullopt;
  });
  const std::uint64_t before = store_.calls(FaultyStore::Operation::kCommit);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ++started;
      EXPECT_TRUE(log_->Append(Event("x")).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(store_.calls(FaultyStore::Operation::kCommit) - before, static_cast<std::uint64_t>(kThreads));
  EXPECT_EQ(log_->Head()->sequence, kThreads);
  EXPECT_EQ(Problem(), "");
}

TEST_F(AuditLogTest, AFailedAppendIsAnErrorAndTheChainGoesOn) {
  Fill(1);
  store_.FailNth(FaultyStore::Operation::kCommit, 1, FaultyStore::When::kBefore);
  EXPECT_EQ(Code(log_->Append(Event("lost"))), ErrorCode::kUnavailable);
  EXPECT_EQ(*log_->Append(Event("next")), 2);
  EXPECT_EQ(Problem(), "");
}

TEST_F(AuditLogTest, ALostAnswerIsFoundOutAndNotWrittenTwice) {
  Fill(1);
  store_.FailNth(FaultyStore::Operation::kCommit, 1, FaultyStore::When::kAfter);
  EXPECT_EQ(*log_->Append(Event("once")), 2);
  EXPECT_EQ(*log_->Append(Event("next")), 3);
  EXPECT_EQ(Problem(), "");
}

TEST_F(AuditLogTest, HostileTextIsTamed) {
  AuditEvent event = Event("x");
  event.actor = "bad \xff\xc0\x80 \x1b[2J";
  event.detail = std::string(100'000, 'x');
  ASSERT_TRUE(log_->Append(event).ok());
  const auto entries = log_->List(1, 1);
  ASSERT_TRUE(entries.ok());
  const AuditEntry& entry = entries->at(0);
  EXPECT_EQ(entry.event.actor.find('\x1b'), std::string::npos);
  EXPECT_LE(entry.event.detail.size(), 4096U);
  EXPECT_EQ(Problem(), "");
}

TEST(SignedHead, GarbageIsRefused) {
  for (const std::string& text : {std::string(), std::string("pwh_"), std::string("pwh_!!"), std::string("pwh_e30"),
                                  std::string("pwh_bnVsbA"), std::string("x"), "pwh_" + std::string(10'000, 'A')}) {
    EXPECT_EQ(SignedHead::Parse(text).error().code(), ErrorCode::kInvalidArgument) << text.substr(0, 20);
  }
}

TEST(CleanText, KeepsGoodUtf8AndCutsBetweenCharacters) {
  EXPECT_EQ(CleanText("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 100), "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
  EXPECT_EQ(CleanText("a\xed\xa0\x80z", 100), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
  EXPECT_EQ(CleanText("abcdef", 6), "abcdef");
  EXPECT_EQ(CleanText("abcdefg", 6), "abc\xe2\x80\xa6");
  EXPECT_EQ(CleanText("\xc3", 6), "\xef\xbf\xbd");
  EXPECT_EQ(CleanText("", 6), "");
}

}  // namespace
}  // namespace podwright::auth
