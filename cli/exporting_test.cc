#include "cli/exporting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "kinds/loader.h"
#include "kinds/registry.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ExportingTest : public ::testing::Test {
 protected:
  ExportingTest() {
    std::string pattern = (fs::temp_directory_path() / "export-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ExportingTest() override { fs::remove_all(folder_); }

  static v1::ObjectView View(const std::string& kind, const std::string& name, const google::protobuf::Message& spec) {
    v1::ObjectView view;
    view.mutable_object()->set_kind(kind);
    view.mutable_object()->set_name(name);
    view.mutable_object()->set_spec(spec.SerializeAsString());
    return view;
  }
  static v1::ObjectView Server(const std::string& content) {
    v1::kinds::ServerSpec spec;
    (*spec.mutable_files())["/etc/motd"].set_content(content);
    return View("server", "web-1", spec);
  }
  static Exported Of(const v1::ObjectView& view, SpecOf which = SpecOf::kDesired) {
    return ExportObject(kinds::AllKinds(), view, which).value();
  }
  std::string Read(const std::string& path) const {
    std::ostringstream out;
    out << std::ifstream(folder_ / path).rdbuf();
    return out.str();
  }
  void Write(const std::string& path, const std::string& text) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }

  fs::path folder_;
};

TEST_F(ExportingTest, ADocumentIsWhatTheLoaderReadsWithoutDefaults) {
  const Exported exported = Of(Server("hello\n"));
  EXPECT_THAT(exported.text, HasSubstr("kind: Server\nmetadata:\n  name: web-1\n"));
  EXPECT_THAT(exported.text, Not(HasSubstr("mode")));
  const auto loaded = kinds::LoadText(kinds::AllKinds(), exported.text, "web-1.yaml");
  ASSERT_EQ(loaded.documents.size(), 1u) << loaded.diagnostics.ToString();
  EXPECT_EQ(loaded.documents[0].object.spec(), Server("hello\n").object().spec());
}

TEST_F(ExportingTest, ActualIsWhatWasFound) {
  v1::ObjectView view = Server("wanted\n");
  view.set_actual(Server("found\n").object().spec());
  EXPECT_THAT(Of(view).text, HasSubstr("wanted"));
  EXPECT_THAT(Of(view, SpecOf::kActual).text, HasSubstr("found"));
  view.clear_actual();
  EXPECT_THAT(Of(view, SpecOf::kActual).text, HasSubstr("wanted"));
}

TEST_F(ExportingTest, AGeneratorStaysAndAValueIsSaidToBeMissing) {
  v1::kinds::SecretSpec made;
  made.mutable_generator()->set_length(40);
  EXPECT_THAT(Of(View("secret", "made", made)).text, HasSubstr("length: 40"));
  EXPECT_TRUE(Of(View("secret", "made", made)).hints.empty());
  v1::kinds::SecretSpec written;
  written.set_value("hush-4711");
  written.set_value_version(2);
  const Exported exported = Of(View("secret", "token", written));
  EXPECT_THAT(exported.text, Not(HasSubstr("hush-4711")));
  EXPECT_THAT(exported.text, StartsWith("# its value is not part of the document: podwright secret set token\n"));
}

TEST_F(ExportingTest, AKindThatThisProgramDoesNotKnowIsAnError) {
  EXPECT_EQ(
      ExportObject(kinds::AllKinds(), View("hologram", "x", v1::kinds::SecretSpec()), SpecOf::kDesired).error().code(),
      ErrorCode::kUnimplemented);
}

TEST_F(ExportingTest, AFolderHasAFileForEachAndWritesOnlyWhatIsNew) {
  EXPECT_EQ(WriteExports(folder_, {Of(Server("one\n"))}, Overwrite::kOwn).value(), 1);
  EXPECT_THAT(Read("server/web-1.yaml"), HasSubstr("one"));
  EXPECT_EQ(WriteExports(folder_, {Of(Server("one\n"))}, Overwrite::kOwn).value(), 0);
  EXPECT_EQ(WriteExports(folder_, {Of(Server("two\n"))}, Overwrite::kOwn).value(), 1);
  EXPECT_THAT(Read("server/web-1.yaml"), HasSubstr("two"));
}

TEST_F(ExportingTest, WhatSomebodyElseWroteIsKeptAndThenNothingIsWritten) {
  Write("server/web-1.yaml", "# mine\n");
  v1::kinds::SecretSpec made;
  made.mutable_generator();
  const std::vector<Exported> both = {Of(View("secret", "made", made)), Of(Server("one\n"))};
  const auto refused = WriteExports(folder_, both, Overwrite::kOwn);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("server/web-1.yaml is there and was not written by an export"));
  EXPECT_EQ(Read("server/web-1.yaml"), "# mine\n");
  EXPECT_FALSE(fs::exists(folder_ / "secret"));
  EXPECT_EQ(WriteExports(folder_, both, Overwrite::kAll).value(), 2);
}

TEST_F(ExportingTest, ALinkIsNeverFollowed) {
  Write("elsewhere", "precious");
  fs::create_directories(folder_ / "server");
  fs::create_symlink(folder_ / "elsewhere", folder_ / "server" / "web-1.yaml");
  EXPECT_FALSE(WriteExports(folder_, {Of(Server("one\n"))}, Overwrite::kAll).ok());
  EXPECT_EQ(Read("elsewhere"), "precious");
}

}  // namespace
}  // namespace podwright::cli
