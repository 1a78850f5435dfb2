#include "provider/secret_ephemeral.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "provider/testing/fake_backend.h"

namespace podwright::provider {
namespace {

using sdk::Value;
using ::testing::HasSubstr;

class SecretEphemeralTest : public ::testing::Test {
 protected:
  SecretEphemeralTest() {
    session_.backend = &backend_;
    session_.workspace = "default";
    backend_.revealed.set_name("token");
    backend_.revealed.set_version(3);
    backend_.revealed.set_value("s3cret");
  }
  sdk::OpenResponse Open(const Value& config, bool deferral = false) {
    sdk::OpenRequest request;
    request.config = config;
    request.client.deferral_allowed = deferral;
    sdk::OpenResponse response;
    response.result = config;
    secret_.Open(request, response);
    return response;
  }
  static Value Named() { return Value::Object({{"name", Value::String("token")}}); }

  testing::FakeBackend backend_;
  Session session_;
  SecretEphemeral secret_{session_};
};

TEST_F(SecretEphemeralTest, TheValueIsSensitive) {
  const sdk::Schema schema = secret_.GetSchema();
  EXPECT_TRUE(schema.Find("value")->sensitive);
  EXPECT_TRUE(schema.Find("value_base64")->sensitive);
}

TEST_F(SecretEphemeralTest, OpensByNameOrId) {
  const auto named = Open(Named());
  EXPECT_TRUE(named.diagnostics.empty());
  EXPECT_EQ(named.result.Get("value"), Value::String("s3cret"));
  EXPECT_EQ(named.result.Get("value_base64"), Value::String("czNjcmV0"));
  EXPECT_EQ(named.result.Get("version"), Value::Int(3));
  EXPECT_EQ(backend_.reveals.back().workspace(), "default");
  static_cast<void>(Open(Value::Object({{"id", Value::String("shop/token")}, {"version", Value::Int(3)}})));
  EXPECT_EQ(backend_.reveals.back().workspace(), "shop");
  EXPECT_EQ(backend_.reveals.back().version(), 3);
}

TEST_F(SecretEphemeralTest, ASecretWithPartsHasThemByNameAndNoValue) {
  EXPECT_TRUE(secret_.GetSchema().Find("parts")->sensitive);
  EXPECT_TRUE(Open(Named()).result.Get("parts").is_null());
  backend_.revealed.clear_value();
  (*backend_.revealed.mutable_parts())["ca"] = "the ca";
  const auto opened = Open(Named());
  EXPECT_TRUE(opened.result.Get("value").is_null());
  EXPECT_EQ(opened.result.Get("parts").Get("ca"), Value::String("the ca"));
}

TEST_F(SecretEphemeralTest, WhatIsNoTextIsInBase64) {
  backend_.revealed.set_value("\xff\x00\x01");
  const auto opened = Open(Named());
  EXPECT_TRUE(opened.result.Get("value").is_null());
  EXPECT_FALSE(opened.result.Get("value_base64").StringOr("").empty());
}

TEST_F(SecretEphemeralTest, ARefusalOrAnAnswerAboutSomethingElseGivesNothing) {
  backend_.revealed.set_name("other");
  const auto other = Open(Named());
  EXPECT_TRUE(other.diagnostics.HasError());
  EXPECT_TRUE(other.result.Get("value").is_null());
  backend_.reveal_error = PermissionDenied("it needs the role operator");
  EXPECT_THAT(Open(Named()).diagnostics.items()[0].detail, HasSubstr("operator"));
}

TEST_F(SecretEphemeralTest, WaitsForAnUnknownProviderWhereTheHostCan) {
  session_.backend = nullptr;
  session_.unknown = "`token`";
  EXPECT_EQ(Open(Named(), true).deferred, sdk::DeferredReason::kProviderConfigUnknown);
  EXPECT_THAT(Open(Named()).diagnostics.items()[0].detail, HasSubstr("`token`"));
}

TEST_F(SecretEphemeralTest, NameOrIdHasToBeGiven) {
  for (const Value& wrong :
       {Value::Object({}), Value::Object({{"name", Value::String("a")}, {"id", Value::String("b")}}),
        Value::Object({{"name", Value::String("Not A Name")}}),
        Value::Object({{"name", Value::String("a")}, {"version", Value::Int(0)}})}) {
    sdk::Diagnostics diagnostics;
    secret_.Validate({.config = wrong}, diagnostics);
    EXPECT_TRUE(diagnostics.HasError());
  }
  sdk::Diagnostics none;
  secret_.Validate({.config = Value::Object({{"id", Value::Unknown()}})}, none);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace podwright::provider
