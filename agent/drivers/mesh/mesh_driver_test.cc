// The driver over a server in memory: what actions make, what drift is brought back, what leaving takes away.
#include "agent/drivers/mesh/mesh_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/drivers/mesh/configuration.h"
#include "agent/host/memory_host.h"
#include "core/digest.h"
#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/agent_state.pb.h"

namespace podwright::drivers {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kConf[] = "/etc/wireguard/pw-prod.conf";
constexpr char kRules[] = "/etc/wireguard/pw-prod.nft";
constexpr char kUnit[] = "wg-quick@pw-prod.service";
constexpr char kHosts[] = "/etc/hosts";
constexpr char kTheirs[] = "127.0.0.1\tlocalhost\n";

std::string SomeKey(const std::string& seed) {
  return Base64Encode(Sha256(seed).View());
}

class MeshDriverTest : public ::testing::Test {
 protected:
  MeshDriverTest() : env_{host_.View(), clock_, nullptr, nullptr, "local key"}, driver_(MakeMeshDriver(env_)) {
    state_.mutable_object()->set_kind("mesh");
    state_.mutable_object()->set_name("prod");
    host_.available["wireguard-tools"] = {"1.0"};
    host_.available["wireguard-go"] = {"0.0"};
    host_.capabilities["wireguard"] = "userspace";
    host_.files["/etc/wireguard"] = {host::FileType::kDirectory, "", {0700, "root", "root"}, 0};
    host_.files[kHosts] = {host::FileType::kFile, kTheirs, {0644, "root", "root"}, 1};
  }

  v1::Dispatch Dispatch(const std::string& verb, const google::protobuf::Message& payload) const {
    v1::Dispatch dispatch;
    dispatch.mutable_action()->set_verb(verb);
    dispatch.mutable_action()->set_payload(payload.SerializeAsString());
    for (const auto& [name, value] : bound_) (*dispatch.mutable_bound())[name] = value;
    return dispatch;
  }
  Result<Done> Run(const std::string& verb, const google::protobuf::Message& payload, bool resumed = false) {
    const v1::Dispatch dispatch = Dispatch(verb, payload);
    if (!resumed) proof_ = driver_->Prove(dispatch, state_).value();
    return driver_->Execute({dispatch, proof_, resumed}, state_);
  }
  void Must(const std::string& verb, const google::protobuf::Message& payload) {
    const auto done = Run(verb, payload);
    ASSERT_TRUE(done.ok()) << verb << ": " << done.error().ToString();
  }
  static MeshKeyAction Version(std::int64_t version) {
    MeshKeyAction action;
    action.set_version(version);
    return action;
  }
  static MeshRulesAction Rules() {
    MeshRulesAction rules;
    rules.set_interface("pw-prod");
    auto& line = *rules.add_lines();
    line.set_name("web");
    line.add_sources("10.90.0.2");
    line.set_protocol("tcp");
    line.set_port(80);
    line.set_port_end(80);
    return rules;
  }
  static MeshInterfaceAction Interface(std::int64_t port = 51820) {
    MeshInterfaceAction action;
    action.set_interface("pw-prod");
    action.set_address("10.90.0.1/24");
    action.set_port(port);
    return action;
  }
  MeshPeersAction Peers(const std::vector<std::string>& names) {
    MeshPeersAction action;
    int place = 2;
    for (const std::string& name : names) {
      MeshPeer& peer = (*action.mutable_set())[name];
      peer.set_address("10.90.0." + std::to_string(place++));
      peer.set_port(51820);
      peer.set_keepalive_ms(25'000);
      bound_["key/" + name] = SomeKey(name);
      bound_["endpoint/" + name] = "192.0.2." + std::to_string(place);
    }
    return action;
  }
  static MeshNamesAction Names() {
    MeshNamesAction names;
    (*names.mutable_names())["b.prod.internal"] = "10.90.0.2";
    return names;
  }
  // A member with the peers b and c.
  void Join() {
    Must("mesh.tools.install", MeshToolsAction());
    Must("mesh.key.make", Version(1));
    Must("mesh.rules.apply", Rules());
    Must("mesh.interface.set", Interface());
    Must("mesh.peers.sync", Peers({"b", "c"}));
    Must("mesh.names.write", Names());
  }
  MeshObserved Observed() {
    const auto seen = driver_->Observe(state_, "");
    EXPECT_TRUE(seen.ok()) << seen.error().ToString();
    MeshObserved observed;
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
  std::set<std::string> AllowedOf(const std::string& key) {
    const auto& peers = host_.wireguard["pw-prod"].peers;
    const auto found = peers.find(key);
    return found == peers.end() ? std::set<std::string>{"no such peer"} : found->second.allowed_ips;
  }

  host::MemoryHost host_;
  FakeClock clock_;
  Environment env_;
  std::unique_ptr<Driver> driver_;
  v1::ObjectState state_;
  std::map<std::string, std::string> bound_;
  Proof proof_;
  std::vector<std::string> drift_;
};

TEST_F(MeshDriverTest, AMemberIsMadeAndFoundAsItWasMade) {
  EXPECT_THAT(Observed().lacking(), ElementsAre("wireguard-go", "wireguard-tools"));
  Join();
  const MeshObserved observed = Observed();
  EXPECT_EQ(observed.interface(), "pw-prod");
  EXPECT_EQ(observed.address(), "10.90.0.1/24");
  EXPECT_EQ(observed.port(), 51820);
  EXPECT_EQ(observed.key_version(), 1);
  EXPECT_EQ(observed.public_key(), host_.wireguard["pw-prod"].public_key);
  EXPECT_EQ(observed.peers_size(), 2);
  EXPECT_EQ(observed.peers().at("b").public_key(), SomeKey("b"));
  EXPECT_EQ(observed.peers().at("b").endpoint(), "192.0.2.3:51820");
  EXPECT_EQ(observed.rules(), kinds::MeshRulesDigest(Rules()));
  EXPECT_EQ(observed.names(), kinds::MeshNamesDigest(Names()));
  EXPECT_THAT(observed.lacking(), IsEmpty());
  EXPECT_THAT(drift_, IsEmpty());
  EXPECT_EQ(AllowedOf(SomeKey("b")), std::set<std::string>{"10.90.0.2/32"});
  EXPECT_EQ(host_.files[kConf].attributes.mode, 0600U);
  EXPECT_EQ(host_.units[kUnit].state.unit_file_state, "enabled");
  EXPECT_THAT(host_.files[kHosts].content, HasSubstr("10.90.0.2\tb.prod.internal\n"));
  EXPECT_THAT(host_.files[kHosts].content, ::testing::StartsWith(kTheirs));
}

TEST_F(MeshDriverTest, TheRulesAreThereBeforeTheInterfaceAndAfterABoot) {
  Join();
  EXPECT_THAT(host_.files[kConf].content, HasSubstr("PreUp = nft -f /etc/wireguard/pw-prod.nft\n"));
  host_.Reboot();
  EXPECT_TRUE(host_.tables.contains("podwright_mesh_prod"));
  EXPECT_TRUE(host_.wireguard.contains("pw-prod"));
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(MeshDriverTest, ThePrivateKeyIsInNothingThatLeavesTheServer) {
  Join();
  const std::string conf = host_.files[kConf].content;
  const auto at = conf.find("PrivateKey = ") + 13;
  const std::string key = conf.substr(at, 44);
  EXPECT_THAT(Observed().DebugString(), Not(HasSubstr(key)));
  EXPECT_THAT(state_.DebugString(), Not(HasSubstr(key)));
  for (const auto& [name, value] : proof_) EXPECT_THAT(value, Not(HasSubstr(key))) << name;
}

TEST_F(MeshDriverTest, PeersComeAndGoWithoutARestart) {
  Join();
  Must("mesh.peers.sync", [&] {
    MeshPeersAction action = Peers({"d"});
    (*action.mutable_set())["d"].set_address("10.90.0.9");
    action.add_remove("b");
    return action;
  }());
  EXPECT_EQ(Observed().peers().contains("b"), false);
  EXPECT_EQ(AllowedOf(SomeKey("d")), std::set<std::string>{"10.90.0.9/32"});
  EXPECT_EQ(AllowedOf(SomeKey("c")), std::set<std::string>{"10.90.0.3/32"});
  EXPECT_EQ(host_.Count(std::string("units.start ") + kUnit), 1);
  EXPECT_EQ(host_.Count(std::string("units.stop ") + kUnit), 0);
  EXPECT_THAT(drift_, IsEmpty());
}

TEST_F(MeshDriverTest, ARotationMovesTheAddressWhenTheNewKeyWasUsed) {
  Join();
  MeshAnnounceAction announce;
  announce.add_peers("b");
  bound_["next/b"] = SomeKey("b next");
  Must("mesh.peers.announce", announce);
  EXPECT_EQ(AllowedOf(SomeKey("b")), std::set<std::string>{"10.90.0.2/32"});
  EXPECT_EQ(AllowedOf(SomeKey("b next")), std::set<std::string>{});
  EXPECT_EQ(Observed().peers().at("b").next_public_key(), SomeKey("b next"));
  EXPECT_THAT(drift_, IsEmpty());

  MeshFollowAction follow;
  follow.set_peer("b");
  host_.wireguard["pw-prod"].peers[SomeKey("b")].latest_handshake_unix = ToUnixMillis(clock_.Now()) / 1000 - 60;
  EXPECT_EQ(Observed().reachable_peers(), 1);
  const auto early = Run("mesh.peer.follow", follow);
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().retry(), Retry::kBackoff);
  EXPECT_EQ(AllowedOf(SomeKey("b")), std::set<std::string>{"10.90.0.2/32"});
  host_.handshakes.insert(SomeKey("b next"));
  Must("mesh.peer.follow", follow);
  EXPECT_EQ(AllowedOf(SomeKey("b next")), std::set<std::string>{"10.90.0.2/32"});
  EXPECT_EQ(AllowedOf(SomeKey("b")), std::set<std::string>{"no such peer"});
  EXPECT_TRUE(Run("mesh.peer.follow", follow, true).ok());
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(MeshDriverTest, AWayThatIsDownDoesNotHoldUpARotation) {
  Join();
  MeshAnnounceAction announce;
  announce.add_peers("b");
  bound_["next/b"] = SomeKey("b next");
  Must("mesh.peers.announce", announce);
  MeshFollowAction follow;
  follow.set_peer("b");
  host_.wireguard["pw-prod"].peers[SomeKey("b")].latest_handshake_unix = ToUnixMillis(clock_.Now()) / 1000 - 600;
  EXPECT_EQ(Observed().reachable_peers(), 0);
  const auto done = Run("mesh.peer.follow", follow);
  ASSERT_TRUE(done.ok());
  EXPECT_THAT(done->log, ElementsAre(HasSubstr("not reached")));
  EXPECT_EQ(AllowedOf(SomeKey("b next")), std::set<std::string>{"10.90.0.2/32"});
}

TEST_F(MeshDriverTest, AStagedKeyIsUsedOnlyAfterTheSwitchAndMadeOnce) {
  Join();
  const std::string first = Observed().public_key();
  Must("mesh.key.stage", Version(2));
  const std::string next = Observed().next_public_key();
  EXPECT_NE(next, first);
  Must("mesh.key.stage", Version(2));
  EXPECT_EQ(Observed().next_public_key(), next);
  EXPECT_EQ(host_.wireguard["pw-prod"].public_key, first);
  Must("mesh.key.switch", Version(2));
  EXPECT_EQ(Observed().public_key(), next);
  EXPECT_EQ(Observed().key_version(), 2);
  EXPECT_FALSE(Observed().has_next_public_key());
  EXPECT_EQ(host_.wireguard["pw-prod"].public_key, next);
  EXPECT_EQ(host_.Count("wireguard.nudge 10.90.0.2"), 1);
  // After a crash the same action comes again.
  EXPECT_TRUE(Run("mesh.key.switch", Version(2), true).ok());
  EXPECT_EQ(Observed().public_key(), next);
  EXPECT_FALSE(Run("mesh.key.switch", Version(3)).ok());
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(MeshDriverTest, DriftOfEveryPartComesBack) {
  Join();
  host_.files[kConf].content += "# edited\n";
  EXPECT_THAT(RepairAll(), ElementsAre("configuration:"));
  host_.wireguard["pw-prod"].peers.erase(SomeKey("b"));
  EXPECT_FALSE(Observed().peers().contains("b"));
  EXPECT_THAT(RepairAll(), ElementsAre("peers:"));
  host_.wireguard["pw-prod"].peers[SomeKey("stranger")] = {};
  EXPECT_THAT(RepairAll(), ElementsAre("peers:"));
  host_.files[kHosts].content = kTheirs;
  EXPECT_THAT(RepairAll(), ElementsAre("names:"));
  host_.tables.clear();
  EXPECT_THAT(RepairAll(), ElementsAre("rules:"));
  host_.files.erase(kRules);
  EXPECT_THAT(RepairAll(), ElementsAre("rules:"));
  host_.packages.erase("wireguard-go");
  EXPECT_THAT(RepairAll(), ElementsAre("package:wireguard-go"));
  ASSERT_TRUE(env_.host.units.Stop(kUnit).ok());
  EXPECT_FALSE(Observed().has_interface());
  EXPECT_THAT(RepairAll(), ElementsAre("interface:"));
  // wireguard-go died: the unit knows nothing of it.
  host_.wireguard.clear();
  EXPECT_THAT(RepairAll(), ElementsAre("interface:"));
  EXPECT_THAT(Drift(), IsEmpty());
  EXPECT_EQ(Observed().peers_size(), 2);
}

TEST_F(MeshDriverTest, ALostKeyIsToldAndLeftToAPlan) {
  Join();
  host_.files.erase("/var/lib/podwright-agent/mesh-prod.key");
  EXPECT_THAT(Drift(), ElementsAre(HasSubstr("private key")));
  EXPECT_FALSE(Observed().has_public_key());
  EXPECT_THAT(RepairAll(), IsEmpty());
}

TEST_F(MeshDriverTest, LeavingTakesEverythingAwayAndNothingElse) {
  Join();
  MeshLeaveAction leave;
  const auto done = Run("mesh.member.leave", leave);
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_TRUE(done->forget_object);
  EXPECT_EQ(host_.files[kHosts].content, kTheirs);
  EXPECT_FALSE(host_.files.contains(kConf));
  EXPECT_FALSE(host_.files.contains(kRules));
  for (const auto& [path, file] : host_.files) EXPECT_THAT(path, Not(HasSubstr("mesh-prod")));
  EXPECT_TRUE(host_.tables.empty());
  EXPECT_TRUE(host_.wireguard.empty());
  EXPECT_EQ(host_.units[kUnit].state.unit_file_state, "disabled");
  EXPECT_TRUE(host_.packages.empty());
  EXPECT_THAT(state_.managed(), IsEmpty());
}

TEST_F(MeshDriverTest, PackagesThatWereThereOrThatOthersUseStay) {
  host_.packages["wireguard-tools"] = "1.0";
  Join();
  MeshLeaveAction leave;
  leave.add_keep_packages("wireguard-go");
  Must("mesh.member.leave", leave);
  EXPECT_TRUE(host_.packages.contains("wireguard-tools"));
  EXPECT_TRUE(host_.packages.contains("wireguard-go"));
}

TEST_F(MeshDriverTest, SomebodyElsesConfigurationIsNotTouched) {
  Must("mesh.tools.install", MeshToolsAction());
  Must("mesh.key.make", Version(1));
  host_.files[kConf] = {host::FileType::kFile, "[Interface]\n", {0600, "root", "root"}, 1};
  const auto done = Run("mesh.interface.set", Interface());
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().ToString(), HasSubstr("not Podwright's"));
  EXPECT_EQ(host_.files[kConf].content, "[Interface]\n");
}

TEST_F(MeshDriverTest, WhatComesFromOtherServersIsLookedAtBeforeItIsWritten) {
  Join();
  const std::string before = host_.files[kConf].content;
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"key/b", "no key"},
                                                        {"key/b", SomeKey("b") + "\nPostUp = rm -rf /"},
                                                        {"endpoint/b", "192.0.2.1\nPostUp = x"}}) {
    const MeshPeersAction action = Peers({"b"});
    bound_[name] = value;
    const auto done = Run("mesh.peers.sync", action);
    ASSERT_FALSE(done.ok()) << value;
    EXPECT_EQ(done.error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(host_.files[kConf].content, before);
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(MeshDriverTest, AMissingValueIsAnErrorInClearWords) {
  Join();
  const MeshPeersAction action = Peers({"d"});
  bound_.erase("key/d");
  EXPECT_THAT(Run("mesh.peers.sync", action).error().ToString(), HasSubstr("\"key/d\" did not come"));
}

TEST_F(MeshDriverTest, WhatWireguardRefusesIsNotKept) {
  Join();
  host_.Fail("wireguard.sync", Internal("Name or service not known: `nowhere'"));
  MeshPeersAction action = Peers({"d"});
  ASSERT_FALSE(Run("mesh.peers.sync", action).ok());
  EXPECT_THAT(Drift(), IsEmpty());
  EXPECT_FALSE(Observed().peers().contains("d"));
  EXPECT_TRUE(Run("mesh.peers.sync", action).ok());
}

TEST_F(MeshDriverTest, AServerThatCanDoNoWireguardSaysSo) {
  host_.capabilities.erase("wireguard");
  EXPECT_THAT(Run("mesh.tools.install", MeshToolsAction()).error().ToString(), HasSubstr("neither the kernel's"));
}

}  // namespace
}  // namespace podwright::drivers
