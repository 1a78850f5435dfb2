// The driver over a server in memory, for its tests: one file a group of families.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/drivers/server/family.h"
#include "agent/drivers/server/server_driver.h"
#include "agent/host/memory_host.h"

namespace podwright::drivers {

class ServerDriverTest : public ::testing::Test {
 protected:
  ServerDriverTest()
      : env_{host_.View(), clock_,
             [this](const v1::SealedSecret& sealed, const std::function<Status(std::string_view)>& use) -> Status {
               if (!can_open_) return DataLoss("does not open");
               return use(sealed.sealed().substr(7));  // "sealed:VALUE"
             },
             [this](std::chrono::milliseconds) {
               if (while_probing_) while_probing_();
               return reachable_;
             },
             "local key"},
        driver_(MakeServerDriver(env_)) {
    state_.mutable_object()->set_kind("server");
    state_.mutable_object()->set_name("web-1");
    host_.available["nginx"] = {"1.22"};
    host_.available["curl"] = {"7.88", "7.90"};
    host_.units["nginx.service"].state = {"loaded", "inactive", "disabled", "", 0, 0};
    host_.sysctls["net.core.somaxconn"] = "4096";
  }

  v1::Dispatch Dispatch(const std::string& verb, const google::protobuf::Message& payload) const {
    v1::Dispatch dispatch;
    dispatch.mutable_action()->set_verb(verb);
    dispatch.mutable_action()->set_payload(payload.SerializeAsString());
    dispatch.set_spec(spec_.SerializeAsString());
    for (const auto& sealed : secrets_) *dispatch.add_secrets() = sealed;
    return dispatch;
  }
  Result<Done> Run(const v1::Dispatch& dispatch, bool resumed = false) {
    if (!resumed) {
      auto proof = driver_->Prove(dispatch, state_);
      EXPECT_TRUE(proof.ok());
      proof_ = *proof;
    }
    return driver_->Execute({dispatch, proof_, resumed}, state_);
  }
  Result<Done> Run(const std::string& verb, const google::protobuf::Message& payload) {
    return Run(Dispatch(verb, payload));
  }
  v1::kinds::ServerObserved Observed() {
    const auto seen = driver_->Observe(state_, spec_.SerializeAsString());
    EXPECT_TRUE(seen.ok()) << seen.error().ToString();
    v1::kinds::ServerObserved observed;
    observed.ParseFromString(seen->observed);
    drift_ = seen->drift;
    return observed;
  }
  std::vector<std::string> Drift() {
    Observed();
    return drift_;
  }
  std::vector<Repair> RepairAll() {
    return driver_->RepairDrift(state_, [](const std::string&) { return true; });
  }
  bool Managed(const std::string& item) const { return IsManaged(state_, item); }

  v1::kinds::FileAction File(const std::string& path, const std::string& content) {
    (*spec_.mutable_files())[path].set_content(content);
    v1::kinds::FileAction action;
    action.set_path(path);
    *action.mutable_file() = spec_.files().at(path);
    return action;
  }
  v1::kinds::SecretFileAction SecretFile(const std::string& path, const std::string& value, std::int64_t version = 1) {
    (*spec_.mutable_secrets())[path].set_secret("db");
    v1::kinds::SecretFileAction action;
    action.set_path(path);
    *action.mutable_file() = spec_.secrets().at(path);
    action.set_secret("db");
    action.set_version(version);
    secrets_.emplace_back();
    secrets_.back().set_name("db");
    secrets_.back().set_version(version);
    secrets_.back().set_sealed("sealed:" + value);
    return action;
  }
  v1::kinds::FirewallAction Declared() const {
    v1::kinds::FirewallAction action;
    *action.mutable_firewall() = spec_.firewall();
    return action;
  }
  v1::kinds::FirewallAction Firewall(int port) {
    auto& rule = (*spec_.mutable_firewall()->mutable_inbound())["web"];
    rule.set_port(port);
    v1::kinds::FirewallAction action = Declared();
    action.set_confirm_within_ms(5000);
    return action;
  }

  host::MemoryHost host_;
  FakeClock clock_;
  bool can_open_ = true;
  bool reachable_ = true;
  std::function<void()> while_probing_;
  Environment env_;
  std::unique_ptr<Driver> driver_;
  v1::ObjectState state_;
  v1::kinds::ServerSpec spec_;
  Proof proof_;
  std::vector<v1::SealedSecret> secrets_;
  std::vector<std::string> drift_;
};

}  // namespace podwright::drivers
