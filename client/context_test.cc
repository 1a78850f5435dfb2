#include "client/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace podwright::client {
namespace {

using ::testing::HasSubstr;

class ContextTest : public ::testing::Test {
 protected:
  ContextTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-context-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    variables_["PODWRIGHT_CONFIG"] = Path();
  }
  ~ContextTest() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return (folder_ / "podwright" / "config.yaml").string(); }
  Environment Variables() const {
    return [this](const char* name) -> std::optional<std::string> {
      const auto it = variables_.find(name);
      return it == variables_.end() ? std::nullopt : std::optional(it->second);
    };
  }
  void WriteRaw(const std::string& text, mode_t mode = 0600) {
    std::filesystem::create_directories(std::filesystem::path(Path()).parent_path());
    std::ofstream(Path()) << text;
    chmod(Path().c_str(), mode);
  }
  static Context Full(const std::string& name) {
    Context context;
    context.name = name;
    context.endpoint = "127.0.0.1:7440";
    context.token = "token-of-" + name;
    context.ca_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    context.workspace = "shop";
    context.stack = "shop-production";
    context.default_labels = {{"team", "shop"}, {"podwright.dev/tier", "web"}};
    return context;
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(ContextTest, FileIsReadBackAsWritten) {
  ContextFile file;
  file.current = "a";
  file.contexts["a"] = Full("a");
  file.contexts["b: \"odd\""] = Full("b: \"odd\"");
  ASSERT_TRUE(SaveContextFile(Path(), file).ok());
  const auto loaded = LoadContextFile(Path());
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ(loaded->current, "a");
  ASSERT_EQ(loaded->contexts.size(), 2u);
  const Context& a = loaded->contexts.at("a");
  EXPECT_EQ(a.token, "token-of-a");
  EXPECT_EQ(a.ca_pem, Full("a").ca_pem);
  EXPECT_EQ(a.workspace, "shop");
  EXPECT_EQ(a.stack, "shop-production");
  EXPECT_EQ(a.default_labels, Full("a").default_labels);
}

TEST_F(ContextTest, FileIsForItsOwnerAlone) {
  ASSERT_TRUE(SaveContextFile(Path(), ContextFile()).ok());
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(ContextTest, FileThatOthersMayReadIsRefused) {
  WriteRaw("current: a\n", 0644);
  const auto loaded = LoadContextFile(Path());
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message(), HasSubstr("chmod 600"));
}

TEST_F(ContextTest, UnknownKeyIsAnErrorWithItsLine) {
  WriteRaw("current: a\ncontexts:\n  a:\n    endpoit: x\n");
  const auto loaded = LoadContextFile(Path());
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message(), HasSubstr(":4: unknown key \"endpoit\""));
}

TEST_F(ContextTest, BrokenYamlIsAnErrorWithItsLine) {
  WriteRaw("current: a\ncontexts: [\n");
  const auto loaded = LoadContextFile(Path());
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message(), HasSubstr("config.yaml:"));
}

TEST_F(ContextTest, SettingsWinOverEnvironmentWinsOverFile) {
  ContextFile file;
  file.current = "a";
  file.contexts["a"] = Full("a");
  ASSERT_TRUE(SaveContextFile(Path(), file).ok());
  variables_["PODWRIGHT_TOKEN"] = "from-environment";
  variables_["PODWRIGHT_WORKSPACE"] = "from-environment";
  Settings settings;
  settings.workspace = "from-settings";
  const auto context = ResolveContext(settings, Variables());
  ASSERT_TRUE(context.ok()) << context.error().ToString();
  EXPECT_EQ(context->workspace, "from-settings");
  EXPECT_EQ(context->token, "from-environment");
  EXPECT_EQ(context->endpoint, "127.0.0.1:7440");
}

TEST_F(ContextTest, FingerprintFromSettingsReplacesTheFilesCa) {
  ContextFile file;
  file.current = "a";
  file.contexts["a"] = Full("a");
  ASSERT_TRUE(SaveContextFile(Path(), file).ok());
  Settings settings;
  settings.ca_fingerprint = std::string(64, 'a');
  const auto context = ResolveContext(settings, Variables());
  ASSERT_TRUE(context.ok());
  EXPECT_TRUE(context->ca_pem.empty());
  EXPECT_EQ(context->ca_fingerprint, std::string(64, 'a'));
}

TEST_F(ContextTest, ACertificateInTheEnvironmentReplacesTheFilesCa) {
  ContextFile file;
  file.current = "a";
  file.contexts["a"] = Full("a");
  ASSERT_TRUE(SaveContextFile(Path(), file).ok());
  variables_["PODWRIGHT_CA"] = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
  const auto context = ResolveContext(Settings(), Variables());
  ASSERT_TRUE(context.ok());
  EXPECT_EQ(context->ca_pem, variables_["PODWRIGHT_CA"]);
}

TEST_F(ContextTest, WithoutFileTheErrorSaysWhatToSet) {
  const auto context = ResolveContext(Settings(), Variables());
  ASSERT_FALSE(context.ok());
  EXPECT_THAT(context.error().message(), HasSubstr("PODWRIGHT_TOKEN"));
  EXPECT_THAT(context.error().message(), HasSubstr(Path()));
}

TEST_F(ContextTest, UnknownContextNamesTheKnownOnes) {
  ContextFile file;
  file.contexts["a"] = Full("a");
  ASSERT_TRUE(SaveContextFile(Path(), file).ok());
  Settings settings;
  settings.context = "b";
  const auto context = ResolveContext(settings, Variables());
  ASSERT_FALSE(context.ok());
  EXPECT_THAT(context.error().message(), HasSubstr("there are: a"));
}

TEST(NormalizeEndpoint, FillsInThePortAndRefusesNonsense) {
  EXPECT_EQ(*NormalizeEndpoint("host"), "host:7440");
  EXPECT_EQ(*NormalizeEndpoint("host:1"), "host:1");
  EXPECT_EQ(*NormalizeEndpoint("::1"), "[::1]:7440");
  EXPECT_EQ(*NormalizeEndpoint("[::1]:5"), "[::1]:5");
  EXPECT_EQ(*NormalizeEndpoint("https://host"), "host:7440");
  EXPECT_EQ(*NormalizeEndpoint("https://host:8"), "host:8");
  for (const char* bad :
       {"", ":1", "host:", "host:x", "host:70000", "http://host", "https://", "https://host/x", "[::1"}) {
    EXPECT_FALSE(NormalizeEndpoint(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace podwright::client
