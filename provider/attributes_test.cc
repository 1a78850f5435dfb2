#include "provider/attributes.h"

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kinds/registry.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::provider {
namespace {

using sdk::Value;

const kinds::Kind& Server() {
  return *kinds::AllKinds().Find("server");
}
const kinds::Kind& Secret() {
  return *kinds::AllKinds().Find("secret");
}

const sdk::Attribute* Find(const std::vector<sdk::Attribute>& attributes, std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const auto& a) { return a.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

TEST(Attributes, AWriteOnlyFieldGetsItsOwnNameAndIsNeverComputed) {
  const auto attributes = AttributesOf(Secret().schema(), Use::kConfigured);
  ASSERT_NE(Find(attributes, "value_wo"), nullptr);
  EXPECT_TRUE(Find(attributes, "value_wo")->write_only);
  EXPECT_NE(Find(attributes, "value_wo_version"), nullptr);
  EXPECT_EQ(Find(attributes, "value"), nullptr);
  EXPECT_EQ(Find(AttributesOf(Secret().schema(), Use::kComputed), "value_wo"), nullptr);
}

TEST(Attributes, MapsOfMessagesAreNestedMaps) {
  const auto attributes = AttributesOf(Server().schema(), Use::kConfigured);
  const sdk::Attribute* files = Find(attributes, "files");
  ASSERT_NE(files, nullptr);
  EXPECT_EQ(files->nesting, sdk::Nesting::kMap);
  EXPECT_TRUE(Find(files->attributes, "content")->required);
}

TEST(Attributes, VolatileFactsAreNotInAResourcesState) {
  EXPECT_EQ(Find(AttributesOf(Server().status_schema(), Use::kComputed, Fields::kStable), "reachable"), nullptr);
  EXPECT_NE(Find(AttributesOf(Server().status_schema(), Use::kComputed), "reachable"), nullptr);
}

TEST(Attributes, AValueSurvivesTheWayThereAndBack) {
  const Value config = Value::Object(
      {{"cloud", Value::String("lab")},
       {"files", Value::Map({{"/etc/motd", Value::Object({{"content", Value::String("hi\n")},
                                                          {"reloads", Value::List({Value::String("a.service")})}})}})},
       {"units", Value::Map({{"a.service", Value::Object({{"enabled", Value::Bool(false)}})}})},
       {"sysctl", Value::Map({{"net.x", Value::String("1")}})},
       {"firewall", Value::Object({{"inbound", Value::Map({{"http", Value::Object({{"port", Value::Int(80)}})}})}})}});
  v1::kinds::ServerSpec spec;
  sdk::Diagnostics diagnostics;
  bool has_unknown = false;
  ToMessage(Server().schema(), config, &spec, &has_unknown, diagnostics);
  EXPECT_TRUE(diagnostics.empty());
  EXPECT_FALSE(has_unknown);
  EXPECT_EQ(spec.files().at("/etc/motd").reloads(0), "a.service");
  EXPECT_EQ(spec.firewall().inbound().at("http").port(), 80);
  const Value back = FromMessage(Server().schema(), spec, config);
  for (const auto& [name, value] : config.fields()) {
    for (const auto& [key, element] : value.fields()) {
      if (!element.fields().empty() && name != "firewall") {
        for (const auto& [inner, leaf] : element.fields()) EXPECT_EQ(back.Get(name).Get(key).Get(inner), leaf) << inner;
      }
    }
  }
  EXPECT_EQ(back.Get("firewall").Get("inbound").Get("http").Get("port"), Value::Int(80));
  EXPECT_TRUE(back.Get("packages").is_null());
}

TEST(Attributes, AnEmptyMapStaysWhatTheUserWrote) {
  v1::kinds::ServerSpec spec;
  const Value prior = Value::Object({{"packages", Value::Map({})}});
  EXPECT_EQ(FromMessage(Server().schema(), spec, prior).Get("packages"), Value::Map({}));
  EXPECT_TRUE(FromMessage(Server().schema(), spec, Value::Null()).Get("packages").is_null());
}

TEST(Attributes, AnUnknownValueIsLeftOutAndReported) {
  v1::kinds::SecretSpec spec;
  sdk::Diagnostics diagnostics;
  bool has_unknown = false;
  ToMessage(Secret().schema(), Value::Object({{"generator", Value::Object({{"length", Value::Unknown()}})}}), &spec,
            &has_unknown, diagnostics);
  EXPECT_TRUE(has_unknown);
  EXPECT_TRUE(spec.has_generator());
  EXPECT_FALSE(spec.generator().has_length());
}

TEST(Attributes, AWriteOnlyValueIsTakenAndNeverGivenBack) {
  v1::kinds::SecretSpec spec;
  sdk::Diagnostics diagnostics;
  ToMessage(Secret().schema(), Value::Object({{"value_wo", Value::String("s3")}, {"value_wo_version", Value::Int(2)}}),
            &spec, nullptr, diagnostics);
  EXPECT_EQ(spec.value(), "s3");
  EXPECT_EQ(spec.value_version(), 2);
  const Value back = FromMessage(Secret().schema(), spec, Value::Null());
  EXPECT_TRUE(back.Get("value_wo").is_null());
  EXPECT_EQ(back.Get("value_wo_version"), Value::Int(2));
}

TEST(Attributes, ADiagnosticsPathNamesTheAttribute) {
  const auto path = kinds::Path().Attribute("files").Key("/etc/x").Attribute("mode");
  EXPECT_EQ(ToAttributePath(Server().schema(), path).ToString(), "files[\"/etc/x\"].mode");
  EXPECT_EQ(ToAttributePath(Secret().schema(), kinds::Path().Attribute("value")).ToString(), "value_wo");
}

}  // namespace
}  // namespace podwright::provider
