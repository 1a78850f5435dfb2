// ControlPlaneCase: a test with a real control plane in this process, and the provider's binary before it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "provider/testing/core_client.h"
#include "reconciler/api/testing/world.h"

namespace podwright::provider::testing {

class ControlPlaneCase : public ::testing::Test {
 protected:
  using Value = sdk::Value;

  std::string Token(const std::string& role, const std::string& workspace = "*", std::chrono::milliseconds ttl = {}) {
    const auto token = world_.tokens.Create(role + "-token", role, workspace, ttl);
    EXPECT_TRUE(token.ok());
    return token.ok() ? std::string(token->text.Reveal()) : std::string();
  }
  std::string Endpoint() const { return "127.0.0.1:" + std::to_string(world_.api->port()); }
  // The provider's configuration, as an operator.
  Value Config(const std::string& token) const {
    return Value::Object({{"stack", Value::String("shop")},
                          {"endpoint", Value::String(Endpoint())},
                          {"token", Value::String(token)},
                          {"ca", Value::String(world_.RootsPem())},
                          {"retry_for", Value::String("1s")}});
  }
  static Value Secret(const std::string& name) {
    return Value::Object({{"name", Value::String(name)}, {"generator", Value::Object({})}});
  }
  // Its run waits for an agent, and nobody enrols one.
  static Value Server(const std::string& name) {
    return Value::Object(
        {{"name", Value::String(name)}, {"sysctl", Value::Map({{"vm.swappiness", Value::String("5")}})}});
  }
  std::string UidOf(const std::string& kind, const std::string& name) {
    v1::GetRequest get;
    get.mutable_object()->set_kind(kind);
    get.mutable_object()->set_name(name);
    const auto view = world_.ClientOf("viewer")->Get(get);
    return view.ok() ? view->object().uid() : "";
  }

  api::testing::World world_;
  CoreClient core_{PODWRIGHT_PROVIDER};
};

}  // namespace podwright::provider::testing
