// The driver over a server in memory, with an nginx that tests, loads and answers as the real one does.
#include "agent/drivers/load_balancer/load_balancer_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/drivers/load_balancer/balancer.h"
#include "agent/host/memory_host.h"
#include "core/digest.h"
#include "kinds/load_balancer/upstream_text.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kFolder[] = "/etc/podwright/load-balancers/web/http";
constexpr char kConf[] = "/etc/podwright/load-balancers/web/http/nginx.conf";
constexpr char kApp[] = "/etc/podwright/load-balancers/web/http/upstreams/app.conf";
constexpr char kGeneration[] = "/etc/podwright/load-balancers/web/http/generation.conf";
constexpr char kKey[] = "/etc/podwright/load-balancers/web/http/keys/tls.v1.pem";
constexpr char kUnit[] = "podwright-lb-web-http.service";

class LoadBalancerDriverTest : public ::testing::Test {
 protected:
  LoadBalancerDriverTest()
      : env_{host_.View(), clock_,
             [](const v1::SealedSecret& sealed, const std::function<Status(std::string_view)>& use) {
               return use(sealed.sealed().substr(7));
             },
             nullptr, "local key"},
        driver_(MakeLoadBalancerDriver(env_)) {
    state_.mutable_object()->set_kind("load_balancer");
    state_.mutable_object()->set_name("web");
    host_.available["nginx"] = {"1.22"};
    host_.available["libnginx-mod-stream"] = {"1.22"};
    host_.files["/etc/systemd/system"] = {host::FileType::kDirectory, "", {0755, "root", "root"}, 0};
    for (const char* unit : {kUnit, "podwright-lb-web-streams.service"}) {
      host_.units[unit] = {{"loaded", "inactive", "disabled", "", 0, 0}};
    }
    host_.program = [this](const ProcessRequest& request) -> Result<ProcessResult> { return Program(request); };
    host_.socket = [this](const std::string& path, std::string_view) -> Result<std::string> { return Answer(path); };
  }

  Result<ProcessResult> Program(const ProcessRequest& request) {
    ProcessResult result;
    if (request.argv.front() == "journalctl") {
      result.out = journal_;
      return result;
    }
    const std::string text = host_.files[request.argv.back()].content;
    if (text.find("nonsense") != std::string::npos) {
      result.exit_code = 1;
      result.err = "nginx: [emerg] unknown directive \"nonsense\" in " + request.argv.back() + ":1\n";
    }
    return result;
  }
  // Workers that serve what was on disk at the last start or reload.
  Result<std::string> Answer(const std::string& path) {
    clock_.Advance(std::chrono::milliseconds(100));
    if (path.find("-http/") == std::string::npos || !host_.units[kUnit].state.Active()) {
      return Error(ErrorCode::kUnavailable, "nobody listens", Retry::kBackoff);
    }
    const int loads =
        host_.Count(std::string("units.reload ") + kUnit) + host_.Count(std::string("units.start ") + kUnit);
    if (loads != loads_) {
      loads_ = loads;
      if (!port_taken_) served_ = host_.files[kGeneration].content;
    }
    const auto begin = served_.find('"');
    return "HTTP/1.0 200 OK\r\n\r\n" + served_.substr(begin + 1, served_.rfind('"') - begin - 1);
  }

  static LoadBalancerInstanceAction Instance(const std::string& configuration = "one") {
    LoadBalancerInstanceAction action;
    action.set_configuration(configuration);
    auto& upstream = (*action.mutable_upstreams())["app"];
    upstream.set_method("round_robin");
    auto& candidate = (*upstream.mutable_candidates())["web-1"];
    candidate.set_port(8080);
    candidate.set_weight(1);
    candidate.set_bound(true);
    return action;
  }
  static LoadBalancerInstanceAction WithTwoMembers() {
    LoadBalancerInstanceAction two = Instance();
    auto& other = (*(*two.mutable_upstreams())["app"].mutable_candidates())["web-2"];
    other.set_address("192.0.2.8");
    other.set_port(8080);
    return two;
  }
  static LoadBalancerInstanceAction WithKey() {
    LoadBalancerInstanceAction action = Instance();
    auto& key = (*action.mutable_keys())["tls.v1.pem"];
    key.set_secret("tls");
    key.set_version(1);
    return action;
  }
  Result<Done> Run(const std::string& verb, const google::protobuf::Message& payload) {
    v1::Dispatch dispatch;
    dispatch.mutable_action()->set_verb(verb);
    dispatch.mutable_action()->set_payload(payload.SerializeAsString());
    (*dispatch.mutable_bound())["address/web-1"] = address_;
    auto& secret = *dispatch.add_secrets();
    secret.set_name("tls");
    secret.set_version(1);
    secret.set_sealed("sealed:the key");
    const Proof proof = driver_->Prove(dispatch, state_).value();
    return driver_->Execute({dispatch, proof, false}, state_);
  }
  void Must(const std::string& verb, const google::protobuf::Message& payload) {
    const auto done = Run(verb, payload);
    ASSERT_TRUE(done.ok()) << verb << ": " << done.error().ToString();
  }
  void Install() {
    LoadBalancerToolsAction tools;
    tools.add_packages("nginx");
    Must("load_balancer.tools.install", tools);
  }
  LoadBalancerObserved Observed() {
    const auto seen = driver_->Observe(state_, "");
    EXPECT_TRUE(seen.ok()) << seen.error().ToString();
    LoadBalancerObserved observed;
    observed.ParseFromString(seen->observed);
    drift_ = seen->drift;
    return observed;
  }
  std::vector<std::string> Drift() {
    Observed();
    return drift_;
  }
  std::vector<std::string> RepairAll() {
    std::vector<std::string> items;
    for (const Repair& repair : driver_->RepairDrift(state_, [](const std::string&) { return true; })) {
      EXPECT_TRUE(repair.outcome.ok()) << repair.item << ": " << repair.outcome.error().ToString();
      items.push_back(repair.item);
    }
    return items;
  }

  host::MemoryHost host_;
  FakeClock clock_;
  Environment env_;
  std::unique_ptr<Driver> driver_;
  v1::ObjectState state_;
  std::vector<std::string> drift_;
  std::string address_ = "192.0.2.7";
  std::string journal_;
  std::string served_;
  bool port_taken_ = false;
  int loads_ = 0;
};

TEST_F(LoadBalancerDriverTest, AFirstConfigurationIsServedAndObservedWhole) {
  Install();
  Must("load_balancer.http.configure", Instance());
  EXPECT_THAT(host_.files[kApp].content, HasSubstr("server 192.0.2.7:8080"));
  const LoadBalancerObserved observed = Observed();
  EXPECT_EQ(observed.http().configuration(), Sha256("one").Hex());
  LoadBalancerInstanceAction wanted = Instance();
  auto& candidate = (*(*wanted.mutable_upstreams())["app"].mutable_candidates())["web-1"];
  candidate.set_address("192.0.2.7");
  EXPECT_EQ(observed.http().backends().at("app"), kinds::UpstreamDigest(wanted.upstreams().at("app")));
  EXPECT_TRUE(observed.http().active() && observed.http().enabled());
  EXPECT_THAT(drift_, IsEmpty());
  EXPECT_EQ(observed.backends().at("app").members().at("web-1"), "up");
}

TEST_F(LoadBalancerDriverTest, WhatNginxRefusesIsTakenBackWithItsWordsAndNginxIsLeftAlone) {
  Install();
  Must("load_balancer.http.configure", Instance());
  const int reloads = host_.Count(std::string("units.reload ") + kUnit);
  const auto done = Run("load_balancer.http.configure", Instance("nonsense"));
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message(), HasSubstr("unknown directive \"nonsense\""));
  EXPECT_EQ(host_.files[kConf].content, "one");
  EXPECT_EQ(host_.Count(std::string("units.reload ") + kUnit), reloads);
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(LoadBalancerDriverTest, WhatPassesTheTestAndIsNotServedIsTakenBackWithTheJournalsWords) {
  Install();
  Must("load_balancer.http.configure", Instance());
  port_taken_ = true;
  journal_ = "nginx: [emerg] bind() to 0.0.0.0:81 failed (98: Address already in use)\n";
  const auto done = Run("load_balancer.http.configure", Instance("two"));
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message(), HasSubstr("Address already in use"));
  EXPECT_EQ(host_.files[kConf].content, "one");
  port_taken_ = false;
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(LoadBalancerDriverTest, AFirstConfigurationThatFailsLeavesNothing) {
  Install();
  EXPECT_FALSE(Run("load_balancer.http.configure", Instance("nonsense")).ok());
  EXPECT_FALSE(host_.files.contains(kConf));
  EXPECT_FALSE(host_.files.contains(kFolder));
  EXPECT_FALSE(Observed().has_http());
}

TEST_F(LoadBalancerDriverTest, AnAddressThatIsNoneIsRefused) {
  Install();
  address_ = "192.0.2.7; evil";
  const auto done = Run("load_balancer.http.configure", Instance());
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message(), HasSubstr("web-1"));
  EXPECT_FALSE(host_.files.contains(kConf));
}

TEST_F(LoadBalancerDriverTest, KeysAreInTheirFilesAloneAndComeBackWithoutAControlPlane) {
  Install();
  Must("load_balancer.http.configure", WithKey());
  EXPECT_EQ(host_.files[kKey].content, "the key");
  EXPECT_EQ(host_.files[kKey].attributes.mode, 0600U);
  EXPECT_EQ(Observed().http().keys().at("tls.v1.pem").version(), 1);
  EXPECT_THAT(state_.kept().at("load_balancer"), Not(HasSubstr("the key")));
  host_.files[kKey].content = "another";
  host_.files[kKey].version = 99;
  EXPECT_EQ(Observed().http().keys().at("tls.v1.pem").version(), 0);
  EXPECT_FALSE(Observed().http().has_configuration());
  EXPECT_THAT(RepairAll(), ElementsAre("http:files"));
  EXPECT_EQ(host_.files[kKey].content, "the key");
  Must("load_balancer.http.configure", Instance());
  EXPECT_FALSE(host_.files.contains(kKey));
}

TEST_F(LoadBalancerDriverTest, DriftOfFilesUnitAndWorkersComesBack) {
  Install();
  Must("load_balancer.http.configure", Instance());
  host_.files[kConf].content = "edited";
  EXPECT_FALSE(Observed().http().has_configuration());
  EXPECT_THAT(drift_, ElementsAre(HasSubstr("nginx.conf")));
  EXPECT_THAT(RepairAll(), ElementsAre("http:files"));
  EXPECT_EQ(host_.files[kConf].content, "one");
  host_.units[kUnit].state.active_state = "inactive";
  EXPECT_THAT(RepairAll(), ElementsAre("http:unit"));
  EXPECT_TRUE(host_.units[kUnit].state.Active());
  served_ = "return 200 \"somebody else\";";
  EXPECT_THAT(RepairAll(), ElementsAre("http:generation"));
  host_.packages.erase("nginx");
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("nginx is not installed")));
  EXPECT_THAT(RepairAll(), ElementsAre("package:nginx"));
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(LoadBalancerDriverTest, AUnitThatWasDisabledIsEnabledWhenTheNewConfigurationIsServed) {
  Install();
  Must("load_balancer.http.configure", Instance());
  host_.units[kUnit].state.unit_file_state = "disabled";
  Must("load_balancer.http.configure", Instance("two"));
  EXPECT_TRUE(Observed().http().active() && Observed().http().enabled());
  EXPECT_EQ(host_.files[kConf].content, "two");
}

TEST_F(LoadBalancerDriverTest, AnInstanceThatDiedIsStartedByTheNextConfiguration) {
  Install();
  Must("load_balancer.http.configure", Instance());
  host_.units[kUnit].state.active_state = "failed";
  Must("load_balancer.http.configure", Instance("two"));
  EXPECT_TRUE(Observed().http().active());
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(LoadBalancerDriverTest, MembersThatNginxDoesNotTakeAreTheFormerOnesAgain) {
  Install();
  Must("load_balancer.http.configure", WithTwoMembers());
  const std::string before = host_.files[kApp].content;
  LoadBalancerKept wanted = load_balancer::KeptOf(state_);
  (*(*wanted.mutable_http_backends())["app"].mutable_states())["web-2"] = "down";
  port_taken_ = true;
  journal_ = "nginx: [emerg] not this one\n";
  load_balancer::Balancer balancer(env_, state_);
  const Status refused = balancer.Refresh(wanted);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("not this one"));
  EXPECT_EQ(host_.files[kApp].content, before);
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(LoadBalancerDriverTest, OtherMembersAreUsedByAReloadAndAreNotDrift) {
  Install();
  Must("load_balancer.http.configure", WithTwoMembers());
  LoadBalancerKept wanted = load_balancer::KeptOf(state_);
  (*(*wanted.mutable_http_backends())["app"].mutable_states())["web-2"] = "down";
  load_balancer::Balancer balancer(env_, state_);
  ASSERT_TRUE(balancer.Refresh(wanted).ok());
  EXPECT_THAT(host_.files[kApp].content, HasSubstr("192.0.2.8:8080 max_fails=1 fail_timeout=2s down;"));
  const LoadBalancerObserved observed = Observed();
  EXPECT_TRUE(observed.http().has_configuration());
  EXPECT_EQ(observed.backends().at("app").members().at("web-2"), "down");
  EXPECT_THAT(drift_, IsEmpty());
}

TEST_F(LoadBalancerDriverTest, TheDistributionsOwnNginxIsStoppedOnlyWhereWeBroughtIt) {
  host_.units["nginx.service"] = {{"loaded", "active", "enabled", "", 0, 0}};
  Install();
  EXPECT_FALSE(host_.units["nginx.service"].state.Active());
  EXPECT_EQ(host_.units["nginx.service"].state.unit_file_state, "disabled");
  host_.units["nginx.service"] = {{"loaded", "active", "enabled", "", 0, 0}};
  Install();
  EXPECT_TRUE(host_.units["nginx.service"].state.Active());
}

TEST_F(LoadBalancerDriverTest, LeavingLeavesNothing) {
  Install();
  Must("load_balancer.http.configure", WithKey());
  LoadBalancerLeaveAction leave;
  const auto done = Run("load_balancer.leave", leave);
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_TRUE(done->forget_object);
  for (const auto& [path, file] : host_.files) EXPECT_THAT(path, Not(HasSubstr("podwright-lb"))) << path;
  EXPECT_FALSE(host_.files.contains("/etc/podwright"));
  EXPECT_FALSE(host_.units[kUnit].state.Active());
  EXPECT_THAT(host_.packages, IsEmpty());
  EXPECT_THAT(state_.managed(), IsEmpty());
}

}  // namespace
}  // namespace podwright::drivers
