#include "provider/functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinds/registry.h"
#include "podwright/v1/kinds/server.pb.h"
#include "provider/attributes.h"

namespace podwright::provider {
namespace {

using sdk::Value;
using ::testing::HasSubstr;

sdk::CallResponse Call(const std::string& name, std::vector<Value> arguments) {
  sdk::CallResponse response;
  for (const auto& function : Functions()) {
    if (function->Name() == name) function->Call({.arguments = std::move(arguments)}, response);
  }
  return response;
}

Value Unit(const Value& sections) {
  return Value::Dynamic(sdk::Type::Dynamic(), sections);
}

TEST(Functions, EverySignatureIsOneThatCoreAccepts) {
  for (const auto& function : Functions()) EXPECT_TRUE(function->GetSignature().Check().ok()) << function->Name();
}

TEST(ParseId, TakesAnIdApart) {
  EXPECT_EQ(Call("parse_id", {Value::String("shop/web-1")}).result,
            Value::Object({{"workspace", Value::String("shop")}, {"name", Value::String("web-1")}}));
  EXPECT_EQ(Call("parse_id", {Value::String("web-1")}).result.Get("workspace"), Value::Null());
  for (const char* wrong : {"", "/", "a/", "/a", "a/b/c", "Not A Name"}) {
    EXPECT_EQ(Call("parse_id", {Value::String(wrong)}).error->argument, 0) << wrong;
  }
}

TEST(FirewallRule, ReadsTheShortForm) {
  const Value rule = Call("firewall_rule", {Value::String("8000-8010/udp"), Value::String("10.1.2.3/8"),
                                            Value::String("2001:DB8::1"), Value::String("10.9.9.9/8")})
                         .result;
  EXPECT_EQ(rule.Get("protocol"), Value::String("udp"));
  EXPECT_EQ(rule.Get("port"), Value::Int(8000));
  EXPECT_EQ(rule.Get("port_end"), Value::Int(8010));
  EXPECT_EQ(rule.Get("sources"), Value::List({Value::String("10.0.0.0/8"), Value::String("2001:db8::1/128")}));
  const Value simple = Call("firewall_rule", {Value::String("80")}).result;
  EXPECT_EQ(simple.Get("protocol"), Value::String("tcp"));
  EXPECT_TRUE(simple.Get("port_end").is_null());
  EXPECT_TRUE(simple.Get("sources").is_null());
}

TEST(FirewallRule, IsARuleOfAServer) {
  v1::kinds::ServerSpec spec;
  sdk::Diagnostics diagnostics;
  const Value rule = Call("firewall_rule", {Value::String("53/udp"), Value::String("10.0.0.1")}).result;
  ToMessage(kinds::AllKinds().Find("server")->schema(),
            Value::Object({{"firewall", Value::Object({{"inbound", Value::Map({{"dns", rule}})}})}}), &spec, nullptr,
            diagnostics);
  EXPECT_TRUE(diagnostics.empty());
  EXPECT_EQ(spec.firewall().inbound().at("dns").sources(0), "10.0.0.1/32");
}

TEST(FirewallRule, SaysWhichArgumentIsWrong) {
  for (const char* wrong : {"", "0", "80/icmp", "80-", "90-80", "65536", "-1", "80/tcp/x", "1e3"}) {
    EXPECT_EQ(Call("firewall_rule", {Value::String(wrong)}).error->argument, 0) << wrong;
  }
  EXPECT_EQ(
      Call("firewall_rule", {Value::String("80"), Value::String("10.0.0.0/8"), Value::String("x")}).error->argument, 2);
}

TEST(NormalNetwork, CutsHostBitsOffAndRefusesNonsense) {
  EXPECT_EQ(*NormalNetwork("192.168.1.77/26"), "192.168.1.64/26");
  EXPECT_EQ(*NormalNetwork("1.2.3.4/0"), "0.0.0.0/0");
  EXPECT_EQ(*NormalNetwork("2001:db8:1:2::3/48"), "2001:db8:1::/48");
  for (const char* wrong : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "::/129", "1.2.3.4/-1", "1.2.3.4/8x"}) {
    EXPECT_FALSE(NormalNetwork(wrong).ok()) << wrong;
  }
}

TEST(SystemdUnit, WritesSectionsInTheirOrder) {
  const Value sections = Value::Object(
      {{"Install", Value::Object({{"WantedBy", Value::String("multi-user.target")}})},
       {"Service", Value::Object({{"Environment", Value::Tuple({Value::String("A=1"), Value::String("B=2")})},
                                  {"ExecStart", Value::String("/usr/bin/app")},
                                  {"RemainAfterExit", Value::Bool(true)},
                                  {"RestartSec", Value::Int(5)},
                                  {"User", Value::Null()}})},
       {"Socket", Value::Null()},
       {"Unit", Value::Object({{"Description", Value::String("An app")}})}});
  EXPECT_EQ(Call("systemd_unit", {Unit(sections)}).result,
            Value::String("[Unit]\nDescription=An app\n\n[Service]\nEnvironment=A=1\nEnvironment=B=2\n"
                          "ExecStart=/usr/bin/app\nRemainAfterExit=true\nRestartSec=5\n\n"
                          "[Install]\nWantedBy=multi-user.target\n"));
}

TEST(SystemdUnit, NothingCanSmuggleInAnotherSetting) {
  const auto error = [](const Value& sections) {
    const auto response = Call("systemd_unit", {Unit(sections)});
    return response.error ? response.error->text : "";
  };
  EXPECT_THAT(error(Value::Object({{"Service", Value::Object({{"User", Value::String("app\nExecStart=/bin/sh")}})}})),
              HasSubstr("one line"));
  EXPECT_THAT(error(Value::Object({{"Service", Value::Object({{"A=b\nC", Value::String("x")}})}})),
              HasSubstr("no name of a setting"));
  EXPECT_THAT(error(Value::Object({{"Service]\n[Unit", Value::Object({})}})), HasSubstr("a section's name"));
  EXPECT_THAT(error(Value::Object({{"Service", Value::String("x")}})), HasSubstr("object of settings"));
  EXPECT_THAT(error(Value::Object({{"Service", Value::Object({{"User", Value::Object({})}})}})),
              HasSubstr("is a text"));
  EXPECT_THAT(error(Value::String("x")), HasSubstr("Sections are an object"));
}

}  // namespace
}  // namespace podwright::provider
