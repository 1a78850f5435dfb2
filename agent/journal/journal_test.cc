#include "agent/journal/journal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace podwright::agent {
namespace {

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-journal-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    folder_ = root_ + "/state";
    file_ = folder_ + "/journal";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<Journal> Open() {
    auto journal = Journal::Open(folder_);
    EXPECT_TRUE(journal.ok()) << journal.error().ToString();
    return std::move(journal).value();
  }
  std::string Bytes() const {
    std::ifstream in(file_, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void SetBytes(const std::string& bytes) const { std::ofstream(file_, std::ios::binary) << bytes; }

  static v1::Dispatch Dispatch(const std::string& id, std::uint32_t attempt = 1) {
    v1::Dispatch dispatch;
    dispatch.set_run("run-1");
    dispatch.mutable_action()->set_id(id);
    dispatch.set_attempt(attempt);
    dispatch.add_secrets()->set_sealed("sealed");
    return dispatch;
  }
  static v1::ObjectState Object() {
    v1::ObjectState object;
    object.mutable_object()->set_kind("server");
    object.mutable_object()->set_name("web-1");
    object.set_confirmed_generation(7);
    return object;
  }

  std::string root_;
  std::string folder_;
  std::string file_;
};

TEST_F(JournalTest, WhatWasWrittenIsThereAfterAReopen) {
  {
    auto journal = Open();
    ASSERT_TRUE(journal->RaiseEpoch(4).ok());
    ASSERT_TRUE(journal->Begin(Dispatch("a"), {{"k", "v"}}).ok());
    v1::ActionResult result;
    result.set_action_id("a");
    ASSERT_TRUE(journal->Finish(ActionKey("run-1", "a", 1), result, Object()).ok());
    ASSERT_TRUE(journal->Begin(Dispatch("b"), {}).ok());
    ASSERT_TRUE(journal->AddEvent({}).ok());
  }
  auto journal = Open();
  EXPECT_EQ(journal->state().highest_epoch(), 4U);
  EXPECT_TRUE(journal->state().actions().at(ActionKey("run-1", "a", 1)).has_result());
  EXPECT_FALSE(journal->state().actions().at(ActionKey("run-1", "b", 1)).has_result());
  EXPECT_EQ(journal->state().objects().at("server/web-1").confirmed_generation(), 7);
  EXPECT_EQ(journal->state().events().size(), 1U);
  EXPECT_EQ(journal->damage(), LogDamage::kNone);
}

TEST_F(JournalTest, FolderAndFileAreTheAgentsAlone) {
  auto journal = Open();
  struct stat info {};
  ASSERT_EQ(::stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(JournalTest, ARecordCutAnywhereIsDroppedAndTheOthersStay) {
  {
    auto journal = Open();
    ASSERT_TRUE(journal->RaiseEpoch(4).ok());
  }
  const std::string good = Bytes();
  {
    auto journal = Open();
    ASSERT_TRUE(journal->Begin(Dispatch("a"), {}).ok());
  }
  const std::string whole = Bytes();
  for (std::size_t size = good.size(); size < whole.size(); ++size) {
    SetBytes(whole.substr(0, size));
    auto journal = Open();
    EXPECT_EQ(journal->state().highest_epoch(), 4U);
    EXPECT_TRUE(journal->state().actions().empty());
    ASSERT_TRUE(journal->RaiseEpoch(5).ok());
    EXPECT_EQ(Open()->state().highest_epoch(), 5U) << size;
  }
}

TEST_F(JournalTest, ADamagedRecordIsNoticedAndTheFileIsPutAside) {
  {
    auto journal = Open();
    ASSERT_TRUE(journal->RaiseEpoch(4).ok());
    ASSERT_TRUE(journal->Begin(Dispatch("a"), {}).ok());
    ASSERT_TRUE(journal->RaiseEpoch(9).ok());
  }
  std::string bytes = Bytes();
  bytes[30] = static_cast<char>(bytes[30] ^ 1);
  SetBytes(bytes);
  auto journal = Open();
  EXPECT_EQ(journal->damage(), LogDamage::kCorrupt);
  EXPECT_EQ(journal->state().highest_epoch(), 4U);
  EXPECT_TRUE(std::filesystem::exists(file_ + ".damaged"));
}

TEST_F(JournalTest, AForeignFileDoesNotStopTheAgent) {
  Open();
  SetBytes("this is no journal at all, and longer than a header");
  auto journal = Open();
  EXPECT_EQ(journal->damage(), LogDamage::kCorrupt);
  EXPECT_TRUE(journal->RaiseEpoch(1).ok());
  EXPECT_EQ(Open()->state().highest_epoch(), 1U);
}

TEST_F(JournalTest, AcknowledgedActionKeepsItsAnswerAndNothingSealed) {
  auto journal = Open();
  ASSERT_TRUE(journal->Begin(Dispatch("a"), {{"k", "v"}}).ok());
  v1::ResultAck ack;
  ack.set_run("run-1");
  ack.set_action_id("a");
  ack.set_attempt(1);
  ASSERT_TRUE(journal->Acknowledge(ack).ok());
  EXPECT_FALSE(journal->state().actions().begin()->second.acknowledged()) << "it is not finished";
  v1::ActionResult result;
  result.mutable_outcome()->set_ok(true);
  ASSERT_TRUE(journal->Finish(ActionKey("run-1", "a", 1), result, Object()).ok());
  ASSERT_TRUE(journal->Acknowledge(ack).ok());
  const auto& action = journal->state().actions().begin()->second;
  EXPECT_TRUE(action.acknowledged());
  EXPECT_TRUE(action.result().outcome().ok());
  EXPECT_FALSE(action.has_dispatch());
}

TEST_F(JournalTest, OldAnswersAndOldEventsGo) {
  auto journal = Open();
  for (std::size_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(journal->AddEvent({}).ok());
  }
  ASSERT_TRUE(journal->AcknowledgeEvent(3).ok());
  ASSERT_TRUE(journal->AcknowledgeEvent(3).ok());
  EXPECT_EQ(journal->state().events().size(), 19U);
  EXPECT_EQ(*journal->AddEvent({}), 21U);
}

TEST_F(JournalTest, CompactionKeepsTheStateAndShrinksTheFile) {
  {
    auto journal = Open();
    v1::ObjectState object = Object();
    object.set_confirmed_spec(std::string(100'000, 'x'));
    for (int i = 0; i < 100; ++i) {
      object.set_confirmed_generation(i);
      ASSERT_TRUE(journal->PutObject(object).ok());
    }
  }
  EXPECT_LT(std::filesystem::file_size(file_), Journal::kCompactAt + 200'000);
  EXPECT_EQ(Open()->state().objects().at("server/web-1").confirmed_generation(), 99);
}

TEST_F(JournalTest, EpochsNeverFall) {
  auto journal = Open();
  ASSERT_TRUE(journal->RaiseEpoch(5).ok());
  ASSERT_TRUE(journal->RaiseEpoch(3).ok());
  EXPECT_EQ(journal->state().highest_epoch(), 5U);
}

}  // namespace
}  // namespace podwright::agent
