#include "reconciler/secrets/envelope_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

#include "core/digest.h"
#include "reconciler/store/store_testing.h"

namespace podwright::secrets {
namespace {

using testing::HasSubstr;
using testing::Not;

class EnvelopeKeyFile : public testing::Test {
 protected:
  EnvelopeKeyFile() { std::filesystem::create_directories(data_); }
  auto Load(IfMissing if_missing = IfMissing::kCreate) { return LoadEnvelopeKey(file_, data_, if_missing); }
  void Write(const std::string& text) {
    std::ofstream(file_) << text;
    chmod(file_.c_str(), 0600);
  }
  std::string Text() {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::string Line(const std::string& id, char byte) {
    return id + " " + Base64Encode(std::string(32, byte)) + "\n";
  }

  store::TemporaryFolder folder_;
  const std::filesystem::path data_ = folder_.path() / "data";
  const std::filesystem::path file_ = folder_.path() / "envelope.key";
};

TEST_F(EnvelopeKeyFile, IsMadeOnceForTheOwnerOnly) {
  const auto first = Load();
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  struct stat info {};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto second = Load();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->Decrypt(*first->Encrypt("x", ""), "")->Reveal(), "x");
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) ++files;
  EXPECT_EQ(files, 2);
}

TEST_F(EnvelopeKeyFile, WrongPermissionsAreRefused) {
  ASSERT_TRUE(Load().ok());
  for (const mode_t mode : {0640U, 0604U, 0660U, 0700U}) {
    ASSERT_EQ(chmod(file_.c_str(), mode), 0);
    const auto loaded = Load();
    ASSERT_FALSE(loaded.ok()) << mode;
    EXPECT_EQ(loaded.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(loaded.error().message(), HasSubstr("chmod 0600"));
  }
}

TEST_F(EnvelopeKeyFile, InsideTheDataFolderIsRefused) {
  EXPECT_EQ(LoadEnvelopeKey(data_ / "key", data_).error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(LoadEnvelopeKey(data_ / "deeper" / ".." / "key", data_).ok());
  EXPECT_FALSE(LoadEnvelopeKey(folder_.path() / "elsewhere" / ".." / "data" / "key", data_).ok());
  std::filesystem::create_directory_symlink(data_, folder_.path() / "link");
  EXPECT_FALSE(LoadEnvelopeKey(folder_.path() / "link" / "key", data_).ok());
  // A name that only begins alike is another folder.
  std::filesystem::create_directories(folder_.path() / "data2");
  EXPECT_TRUE(LoadEnvelopeKey(folder_.path() / "data2" / "key", data_).ok());
}

TEST_F(EnvelopeKeyFile, ALinkOrAFolderIsRefused) {
  const auto target = folder_.path() / "target";
  ASSERT_TRUE(LoadEnvelopeKey(target, data_).ok());
  std::filesystem::create_symlink(target, file_);
  EXPECT_EQ(Load().error().code(), ErrorCode::kFailedPrecondition);
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_FALSE(Load().ok());
}

TEST_F(EnvelopeKeyFile, AMissingKeyIsNotReplacedWhenThereIsData) {
  EXPECT_EQ(Load(IfMissing::kFail).error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(EnvelopeKeyFile, TheLastKeyIsTheCurrentOne) {
  Write("# comment\n" + Line("old", 'a') + "\n" + Line("new", 'b'));
  const auto keys = Load();
  ASSERT_TRUE(keys.ok()) << keys.error().ToString();
  EXPECT_EQ(keys->current(), "new");
}

TEST_F(EnvelopeKeyFile, DamageIsNamedByItsLineAndNotRepeated) {
  for (const std::string& text :
       {std::string("hunter2\n"), Line("a", 'x') + "b hunter2\n", Line("a", 'x') + Line("a", 'y'),
        std::string("# only\n"), std::string(), std::string(100'000, 'x')}) {
    Write(text);
    const auto loaded = Load();
    ASSERT_FALSE(loaded.ok()) << text.substr(0, 50);
    EXPECT_EQ(loaded.error().code(), ErrorCode::kDataLoss);
    EXPECT_THAT(loaded.error().ToString(), Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace podwright::secrets
