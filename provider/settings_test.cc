#include "provider/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace podwright::provider {
namespace {

using sdk::Value;
using ::testing::HasSubstr;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "podwright-settings-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    variables_["PODWRIGHT_CONFIG"] = (folder_ / "config.yaml").string();
  }
  ~SettingsTest() override { std::filesystem::remove_all(folder_); }

  void WriteContext() {
    const std::string path = variables_["PODWRIGHT_CONFIG"];
    std::ofstream(path) << "current: a\ncontexts:\n  a:\n    endpoint: context:1\n    token: of-context\n"
                           "    ca_fingerprint: cc\n    workspace: of-context\n    stack: of-context\n"
                           "    default_labels: {from: context}\n"
                           "  b:\n    endpoint: other:2\n    token: of-b\n    ca_fingerprint: bb\n";
    chmod(path.c_str(), 0600);
  }
  void SetVariables() {
    variables_["PODWRIGHT_ENDPOINT"] = "environment:3";
    variables_["PODWRIGHT_TOKEN"] = "of-environment";
    variables_["PODWRIGHT_CA_FINGERPRINT"] = "ee";
    variables_["PODWRIGHT_WORKSPACE"] = "of-environment";
    variables_["PODWRIGHT_STACK"] = "of-environment";
    variables_["PODWRIGHT_DEFAULT_LABELS"] = "from=environment,team=shop";
    variables_["PODWRIGHT_BIND_PLANS"] = "true";
    variables_["PODWRIGHT_RETRY_FOR"] = "5s";
  }
  static Value Attributes() {
    return Value::Object({{"endpoint", Value::String("attribute:4")},
                          {"token", Value::String("of-attribute")},
                          {"ca", Value::String("-----BEGIN CERTIFICATE-----\n")},
                          {"workspace", Value::String("of-attribute")},
                          {"stack", Value::String("of-attribute")},
                          {"default_labels", Value::Map({{"from", Value::String("attribute")}})},
                          {"bind_plans", Value::Bool(false)},
                          {"retry_for", Value::String("1m")}});
  }
  std::optional<ProviderSettings> Resolve(const Value& config) {
    diagnostics_ = {};
    return ResolveSettings(
        config,
        [this](const char* name) -> std::optional<std::string> {
          const auto it = variables_.find(name);
          return it == variables_.end() ? std::nullopt : std::optional(it->second);
        },
        diagnostics_);
  }
  std::string FirstError() const {
    return diagnostics_.empty() ? "" : diagnostics_.items()[0].summary + ": " + diagnostics_.items()[0].detail;
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
  sdk::Diagnostics diagnostics_;
};

TEST_F(SettingsTest, TheSchemaIsOneThatCoreAccepts) {
  EXPECT_TRUE(SettingsSchema().Check(sdk::Schema::Of::kProvider).ok());
}

TEST_F(SettingsTest, EveryConnectionSettingComesFromTheContextWhereNothingElseSaysIt) {
  WriteContext();
  const auto settings = Resolve(Value::Object({}));
  ASSERT_TRUE(settings) << FirstError();
  EXPECT_EQ(settings->context.endpoint, "context:1");
  EXPECT_EQ(settings->context.token, "of-context");
  EXPECT_EQ(settings->context.ca_fingerprint, "cc");
  EXPECT_EQ(settings->context.workspace, "of-context");
  EXPECT_EQ(settings->stack, "of-context");
  EXPECT_EQ(settings->default_labels, (std::map<std::string, std::string>{{"from", "context"}}));
  EXPECT_FALSE(settings->bind_plans);
  EXPECT_EQ(settings->retry_for, std::chrono::minutes(2));
}

TEST_F(SettingsTest, VariablesWinOverTheContext) {
  WriteContext();
  SetVariables();
  const auto settings = Resolve(Value::Object({}));
  ASSERT_TRUE(settings) << FirstError();
  EXPECT_EQ(settings->context.endpoint, "environment:3");
  EXPECT_EQ(settings->context.token, "of-environment");
  EXPECT_EQ(settings->context.ca_fingerprint, "ee");
  EXPECT_EQ(settings->context.workspace, "of-environment");
  EXPECT_EQ(settings->stack, "of-environment");
  EXPECT_EQ(settings->default_labels, (std::map<std::string, std::string>{{"from", "environment"}, {"team", "shop"}}));
  EXPECT_TRUE(settings->bind_plans);
  EXPECT_EQ(settings->retry_for, std::chrono::seconds(5));
}

TEST_F(SettingsTest, AttributesWinOverVariablesAndNeedNeitherVariablesNorContext) {
  for (const bool others : {true, false}) {
    if (others) {
      WriteContext();
      SetVariables();
    } else {
      variables_.clear();
    }
    const auto settings = Resolve(Attributes());
    ASSERT_TRUE(settings) << FirstError();
    EXPECT_EQ(settings->context.endpoint, "attribute:4");
    EXPECT_EQ(settings->context.token, "of-attribute");
    EXPECT_EQ(settings->context.ca_pem, "-----BEGIN CERTIFICATE-----\n");
    EXPECT_TRUE(settings->context.ca_fingerprint.empty());
    EXPECT_EQ(settings->context.workspace, "of-attribute");
    EXPECT_EQ(settings->stack, "of-attribute");
    EXPECT_EQ(settings->default_labels, (std::map<std::string, std::string>{{"from", "attribute"}}));
    EXPECT_FALSE(settings->bind_plans);
    EXPECT_EQ(settings->retry_for, std::chrono::minutes(1));
  }
}

TEST_F(SettingsTest, AnotherContextIsChosenByAttributeOrVariable) {
  WriteContext();
  const auto by_attribute = Resolve(Value::Object({{"context", Value::String("b")}, {"stack", Value::String("shop")}}));
  ASSERT_TRUE(by_attribute) << FirstError();
  EXPECT_EQ(by_attribute->context.endpoint, "other:2");
  variables_["PODWRIGHT_CONTEXT"] = "b";
  const auto by_variable = Resolve(Value::Object({{"stack", Value::String("shop")}}));
  ASSERT_TRUE(by_variable) << FirstError();
  EXPECT_EQ(by_variable->context.token, "of-b");
}

TEST_F(SettingsTest, AnEmptyAttributeIsUnset) {
  WriteContext();
  const auto settings = Resolve(Value::Object({{"token", Value::String("")}, {"stack", Value::String("")}}));
  ASSERT_TRUE(settings) << FirstError();
  EXPECT_EQ(settings->context.token, "of-context");
  EXPECT_EQ(settings->stack, "of-context");
}

TEST_F(SettingsTest, WithoutStackTheErrorSaysWhereToSetIt) {
  SetVariables();
  variables_.erase("PODWRIGHT_STACK");
  EXPECT_FALSE(Resolve(Value::Object({})));
  EXPECT_THAT(FirstError(), HasSubstr("PODWRIGHT_STACK"));
}

TEST_F(SettingsTest, WithoutControlPlaneTheErrorSaysWhatToSet) {
  EXPECT_FALSE(Resolve(Value::Object({{"stack", Value::String("shop")}})));
  EXPECT_THAT(FirstError(), HasSubstr("PODWRIGHT_TOKEN"));
}

TEST_F(SettingsTest, WrongVariablesAreNamed) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"PODWRIGHT_DEFAULT_LABELS", "team"},
                                                        {"PODWRIGHT_DEFAULT_LABELS", "=x"},
                                                        {"PODWRIGHT_BIND_PLANS", "perhaps"},
                                                        {"PODWRIGHT_RETRY_FOR", "soon"},
                                                        {"PODWRIGHT_STACK", "Not A Name"},
                                                        {"PODWRIGHT_WORKSPACE", "Not A Name"}}) {
    variables_.clear();
    SetVariables();
    variables_[name] = value;
    EXPECT_FALSE(Resolve(Value::Object({}))) << name;
    EXPECT_THAT(FirstError(), HasSubstr("Wrong ")) << name;
  }
}

TEST_F(SettingsTest, AWrongConfigurationIsToldAtItsAttributeWithoutAConnection) {
  const std::map<std::string, Value> wrong{
      {"stack", Value::String("Not A Name")},      {"workspace", Value::String("Not A Name")},
      {"endpoint", Value::String("http://host/")}, {"ca_fingerprint", Value::String("12:34")},
      {"retry_for", Value::String("soon")},        {"default_labels", Value::Map({{"Not A Key", Value::String("x")}})},
  };
  for (const auto& [name, value] : wrong) {
    sdk::Diagnostics diagnostics;
    ValidateSettings(Value::Object({{name, value}}), diagnostics);
    ASSERT_TRUE(diagnostics.HasError()) << name;
    EXPECT_EQ(diagnostics.items()[0].path.ToString(), name);
  }
  sdk::Diagnostics none;
  ValidateSettings(Value::Object({{"stack", Value::Unknown()}, {"default_labels", Value::Unknown()}}), none);
  ValidateSettings(Attributes(), none);
  EXPECT_TRUE(none.empty());
}

TEST_F(SettingsTest, UnknownSettingsAreNamed) {
  EXPECT_EQ(UnknownSettings(Attributes()), "");
  EXPECT_EQ(UnknownSettings(Value::Object({{"endpoint", Value::Unknown()},
                                           {"stack", Value::String("s")},
                                           {"default_labels", Value::Map({{"a", Value::Unknown()}})}})),
            "`default_labels`, `endpoint`");
}

}  // namespace
}  // namespace podwright::provider
