#include "reconciler/daemon/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace podwright::daemon {
namespace {

using ::testing::HasSubstr;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-settings-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    variables_["HOME"] = "/home/somebody";
  }
  ~SettingsTest() override { std::filesystem::remove_all(folder_); }

  Host TheHost(bool root = false) {
    return {root, [this](const char* name) -> std::optional<std::string> {
              const auto it = variables_.find(name);
              return it == variables_.end() ? std::nullopt : std::optional(it->second);
            }};
  }
  std::string File(const std::string& text) {
    const auto path = folder_ / "podwrightd.yaml";
    std::ofstream(path) << text;
    return path.string();
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(SettingsTest, NothingConfiguredStartsOnLoopbackWithFoldersOfTheUser) {
  const auto settings = ResolveSettings({}, TheHost());
  ASSERT_TRUE(settings.ok()) << settings.error().ToString();
  EXPECT_EQ(settings->data_dir, "/home/somebody/.local/state/podwright");
  EXPECT_EQ(settings->envelope_key, "/home/somebody/.config/podwright/envelope.key");
  EXPECT_EQ(settings->context_file, "/home/somebody/.config/podwright/config.yaml");
  EXPECT_EQ(settings->api_listen.Text(), "127.0.0.1:7440");
  EXPECT_EQ(settings->https_listen.Text(), "127.0.0.1:7441");
  EXPECT_EQ(settings->agents_listen.Text(), "0.0.0.0:7442");
}

TEST_F(SettingsTest, RootHasTheSystemsFolders) {
  const auto settings = ResolveSettings({}, TheHost(true));
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->data_dir, "/var/lib/podwright");
  EXPECT_EQ(settings->envelope_key, "/etc/podwright/envelope.key");
}

TEST_F(SettingsTest, FlagWinsOverEnvironmentWinsOverFile) {
  const std::string file = File("data_dir: /file\nlab_cache: /file-cache\nlog_level: debug\n");
  variables_["PODWRIGHT_DATA_DIR"] = "/environment";
  variables_["PODWRIGHT_LOG_LEVEL"] = "warn";
  const auto settings = ResolveSettings({{"config", file}, {"data-dir", "/flag"}}, TheHost());
  ASSERT_TRUE(settings.ok()) << settings.error().ToString();
  EXPECT_EQ(settings->data_dir, "/flag");
  EXPECT_EQ(settings->log_level, log::Level::kWarn);
  EXPECT_EQ(settings->lab_cache, "/file-cache");
}

TEST_F(SettingsTest, UnknownKeyOfTheFileIsAnErrorWithItsPlace) {
  const auto settings = ResolveSettings({{"config", File("data_dir: /x\ndata_dri: /y\n")}}, TheHost());
  ASSERT_FALSE(settings.ok());
  EXPECT_THAT(settings.error().message(), HasSubstr("podwrightd.yaml:2: unknown setting \"data_dri\""));
}

TEST_F(SettingsTest, KeyThatStandsTwiceIsAnError) {
  const auto settings = ResolveSettings({{"config", File("lab: auto\nlab: off\n")}}, TheHost());
  ASSERT_FALSE(settings.ok());
  EXPECT_THAT(settings.error().message(), HasSubstr("twice"));
}

TEST_F(SettingsTest, ErrorNamesTheSourceOfTheValue) {
  variables_["PODWRIGHT_API_LISTEN"] = "nonsense";
  const auto settings = ResolveSettings({}, TheHost());
  ASSERT_FALSE(settings.ok());
  EXPECT_THAT(settings.error().message(), HasSubstr("PODWRIGHT_API_LISTEN"));
}

TEST_F(SettingsTest, LimitsOfWhatIsKeptAreNumbersInTheirRange) {
  const auto settings = ResolveSettings({{"runs-kept", "7"}, {"history-kept", "2000"}}, TheHost());
  ASSERT_TRUE(settings.ok()) << settings.error().ToString();
  EXPECT_EQ(settings->runs_kept, 7U);
  EXPECT_EQ(settings->history_kept, 2000);
  EXPECT_EQ(settings->events_kept, 100'000U);
  for (const char* bad : {"", "0", "-1", "7x", "99999999999999999999"}) {
    const auto refused = ResolveSettings({{"runs-kept", bad}}, TheHost());
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_THAT(refused.error().message(), HasSubstr("--runs-kept"));
  }
}

TEST_F(SettingsTest, MissingFileIsAnError) {
  EXPECT_FALSE(ResolveSettings({{"config", "/nowhere/at-all.yaml"}}, TheHost()).ok());
}

TEST_F(SettingsTest, WithoutHomeTheFoldersHaveToBeNamed) {
  variables_.clear();
  const auto settings = ResolveSettings({}, TheHost());
  ASSERT_FALSE(settings.ok());
  EXPECT_THAT(settings.error().message(), HasSubstr("HOME"));
}

}  // namespace
}  // namespace podwright::daemon
