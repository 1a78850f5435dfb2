#include "kinds/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "kinds/explain.h"
#include "kinds/json_schema.h"
#include "kinds/names.h"
#include "kinds/reference_docs.h"
#include "kinds/testing/testing_kinds.h"
#include "podwright/testing/widget.pb.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

using podwright::testing::WidgetSpec;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Duration, ReadsAndWritesTheLargestWholeUnit) {
  EXPECT_EQ(*ParseDuration("1500ms"), 1500);
  EXPECT_EQ(*ParseDuration("7d"), 604800000);
  EXPECT_EQ(FormatDuration(0), "0s");
  EXPECT_EQ(FormatDuration(1500), "1500ms");
  EXPECT_EQ(FormatDuration(90000), "90s");
  EXPECT_EQ(FormatDuration(86400000), "1d");
  for (const char* bad : {"", "30", "s", "-1s", "1.5s", "1h30m", " 1s", "1 s", "01s", "9223372036854775807d", "1S"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

TEST(Size, ReadsAndWritesTheLargestWholeUnit) {
  EXPECT_EQ(*ParseSize("2GiB"), 2LL << 30);
  EXPECT_EQ(FormatSize(0), "0B");
  EXPECT_EQ(FormatSize(1536), "1536B");
  EXPECT_EQ(FormatSize(64LL << 10), "64KiB");
  for (const char* bad : {"2GB", "2G", "GiB", "-1B", "1.5GiB", "9999999999TiB"})
    EXPECT_FALSE(ParseSize(bad).ok()) << bad;
}

TEST(Int64, TakesOnlyPlainDecimals) {
  EXPECT_EQ(*ParseInt64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const char* bad : {"", "+1", "007", "0x1f", "1e3", "1_000", "-0", "9223372036854775808", "1.0"}) {
    EXPECT_FALSE(ParseInt64(bad).ok()) << bad;
  }
}

TEST(Double, TakesFiniteNumbersOnly) {
  EXPECT_EQ(*ParseDouble("-0.5"), -0.5);
  for (const char* bad : {"", "inf", "nan", "1e999", "0x1p3", "1,5", "+1"}) EXPECT_FALSE(ParseDouble(bad).ok()) << bad;
  EXPECT_EQ(FormatDouble(0.1), "0.1");
}

TEST(ToYaml, IsAWholeDocumentInAStableOrder) {
  WidgetSpec spec;
  spec.add_servers("b");
  spec.set_payload("line 1\nline 2\n");
  spec.set_healthy_time(90000);
  spec.set_token("hunter2");
  (*spec.mutable_parts())["z"];
  (*spec.mutable_parts())["a"].set_note("off");
  EXPECT_EQ(ToYaml(*TestingKinds().Find("widget"), "w", {{"team", "shop"}}, spec), R"yaml(apiVersion: podwright.dev/v1
kind: Widget
metadata:
  name: w
  labels:
    team: shop
spec:
  servers: [b]
  payload: |
    line 1
    line 2
  healthy_time: 90s
  token: "(sensitive)"
  parts:
    a:
      note: "off"
    z: {}
)yaml");
}

TEST(ToJson, HidesSecretsUnlessAsked) {
  v1::kinds::SecretSpec secret;
  secret.set_value("hunter2");
  EXPECT_EQ(ToJson(secret), R"json({"value":"(sensitive)"})json");
  EXPECT_EQ(ToJson(secret, {Secrets::kShow, -1}), R"({"value":"hunter2"})");
}

TEST(ToJson, WritesTheFormsOfPeople) {
  WidgetSpec spec;
  spec.set_healthy_time(30000);
  spec.set_finish(podwright::testing::FINISH_HIGH_GLOSS);
  spec.set_payload("a\"b\n\x01");
  (*spec.mutable_counts())["k"] = 3;
  EXPECT_EQ(ToJson(spec), R"({"payload":"a\"b\n\u0001","healthy_time":"30s","finish":"high_gloss","counts":{"k":3}})");
  v1::kinds::ServerStatus status;
  status.add_addresses("10.0.0.1");
  status.set_reachable(true);
  EXPECT_EQ(ToJson(status, {Secrets::kHide, 2}),
            "{\n  \"addresses\": [\n    \"10.0.0.1\"\n  ],\n  \"reachable\": true\n}");
}

TEST(SpecFromJson, RefusesWhatIsWrong) {
  const Kind& kind = *TestingKinds().Find("widget");
  const auto error = [&](std::string_view json) {
    const auto read = SpecFromJson(kind, json);
    return read.ok() ? std::string() : read.error().message();
  };
  EXPECT_EQ(error("{}"), "");
  EXPECT_EQ(error(R"({"payload": null, "fail": true, "max_parallel": 2, "weight": 2})"), "");
  EXPECT_THAT(error("{"), HasSubstr("no valid JSON"));
  EXPECT_THAT(error("{} {}"), HasSubstr("no valid JSON"));
  EXPECT_THAT(error(""), HasSubstr("no valid JSON"));
  EXPECT_THAT(error("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(error(R"({"payload": "a", "payload": "b"})"), HasSubstr("there twice"));
  EXPECT_THAT(error(R"({"paylaod": "a"})"), HasSubstr("did you mean `payload`?"));
  EXPECT_THAT(error(R"({"payload": 1})"), HasSubstr("expected text"));
  EXPECT_THAT(error(R"({"fail": "true"})"), HasSubstr("take the quotes away"));
  EXPECT_THAT(error(R"({"max_parallel": 1.5})"), HasSubstr("an integer"));
  EXPECT_THAT(error("{\"payload\": \"\xff\"}"), HasSubstr("not UTF-8"));
  EXPECT_THAT(error(std::string(100'000, '[')), HasSubstr("deeper than 64"));
}

TEST(Nearest, FindsWhatWasMeantAndNothingElse) {
  EXPECT_EQ(Nearest("paylaod", {"payload", "parts"}), "payload");
  EXPECT_EQ(Nearest("xyz", {"payload", "parts"}), "");
  EXPECT_EQ(Nearest("LoadBalancr", {"LoadBalancer"}), "LoadBalancer");
  EXPECT_EQ(SnakeCase("LoadBalancer"), "load_balancer");
  EXPECT_EQ(CamelCase("load_balancer"), "LoadBalancer");
}

TEST(Explain, LeadsFromTheKindToEveryField) {
  EXPECT_THAT(*Explain(TestingKinds(), "server"), HasSubstr("KIND: Server (server, srv)"));
  EXPECT_THAT(*Explain(TestingKinds(), "servers.files.mode"), HasSubstr("FIELD: server.files.mode <file mode>"));
  EXPECT_THAT(*Explain(TestingKinds(), "Server.spec.files.mode"), HasSubstr("Default `0644`."));
  EXPECT_THAT(*Explain(TestingKinds(), "server.status.addresses"), HasSubstr("list of strings"));
  EXPECT_THAT(*Explain(TestingKinds(), "server.observed"), HasSubstr("sysctl"));
  EXPECT_THAT(*Explain(TestingKinds(), "widget.finish"), HasSubstr("`high_gloss` (Shines)"));
}

TEST(Explain, NamesTheNearestOfWhatIsNotThere) {
  EXPECT_THAT(Explain(TestingKinds(), "sevrer").error().message(), HasSubstr("did you mean `server`?"));
  EXPECT_THAT(Explain(TestingKinds(), "server.fiels").error().message(), HasSubstr("did you mean `files`?"));
  EXPECT_THAT(Explain(TestingKinds(), "server.cloud.x").error().message(), HasSubstr("has no fields"));
  EXPECT_FALSE(Explain(TestingKinds(), "").ok());
  EXPECT_FALSE(Explain(TestingKinds(), "server.").ok());
}

TEST(JsonSchema, SaysWhatTheLoaderWants) {
  const std::string schema = JsonSchema(*TestingKinds().Find("widget"));
  EXPECT_THAT(schema, HasSubstr("https://json-schema.org/draft/2020-12/schema"));
  EXPECT_THAT(schema, HasSubstr("\"const\": \"Widget\""));
  EXPECT_THAT(schema, HasSubstr("high_gloss"));
  EXPECT_THAT(JsonSchema(*TestingKinds().Find("secret")), Not(HasSubstr("\"value\":")));
  EXPECT_THAT(JsonSchema(TestingKinds()), HasSubstr("#/$defs/Server"));
}

TEST(ReferencePage, NamesEveryField) {
  const std::string page = ReferencePage(*TestingKinds().Find("widget"));
  for (const Field& field : TestingKinds().Find("widget")->schema().fields()) {
    EXPECT_THAT(page, HasSubstr("| `" + field.name + "` |"));
  }
  EXPECT_THAT(page, HasSubstr("### `parts.*`"));
}

}  // namespace
}  // namespace podwright::kinds
