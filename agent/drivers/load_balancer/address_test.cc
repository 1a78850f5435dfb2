#include "agent/drivers/load_balancer/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/host/memory_host.h"
#include "kinds/load_balancer/address_form.h"
#include "podwright/v1/agent.pb.h"

namespace podwright::drivers::load_balancer {
namespace {

using ::testing::HasSubstr;
using v1::kinds::LoadBalancerAddressAction;

constexpr char kConf[] = "/etc/podwright/load-balancers/shop/address/keepalived.conf";
constexpr char kUnitPath[] = "/etc/systemd/system/podwright-lb-shop-address.service";
constexpr char kUnit[] = "podwright-lb-shop-address.service";

class AddressHolderTest : public ::testing::Test {
 protected:
  AddressHolderTest() : env_{host_.View(), clock_, nullptr, nullptr, "local key"} {
    state_.mutable_object()->set_kind("load_balancer");
    state_.mutable_object()->set_name("shop");
    host_.files["/etc/systemd/system"] = {host::FileType::kDirectory, "", {0755, "root", "root"}, 0};
    host_.units[kUnit].state = {"loaded", "inactive", "disabled", "", 0, 0};
    dispatch_.mutable_action()->set_server("a");
    (*dispatch_.mutable_bound())["peer/a"] = "192.0.2.1";
    (*dispatch_.mutable_bound())["peer/b"] = "192.0.2.2";
    wanted_.set_address("192.0.2.100/24");
    wanted_.set_router_id(7);
    wanted_.set_priority(150);
    (*wanted_.mutable_peers())["b"];
    wanted_.add_sides("http");
  }
  AddressHolder Holder() { return {env_, state_, kept_}; }
  Status Configure() { return Holder().Configure(wanted_, dispatch_); }
  bool Runs() { return host_.units[kUnit].state.Active() && host_.units[kUnit].state.Enabled(); }

  host::MemoryHost host_;
  FakeClock clock_;
  Environment env_;
  v1::ObjectState state_;
  v1::kinds::LoadBalancerKept kept_;
  v1::Dispatch dispatch_;
  LoadBalancerAddressAction wanted_;
};

TEST_F(AddressHolderTest, KeepalivedRunsWithTheAddressesThatCameBound) {
  const Status done = Configure();
  ASSERT_TRUE(done.ok()) << done.error().ToString();
  EXPECT_THAT(host_.files[kConf].content, HasSubstr("unicast_src_ip 192.0.2.1\n"));
  EXPECT_THAT(host_.files[kConf].content, HasSubstr("        192.0.2.2\n"));
  EXPECT_THAT(host_.files[kConf].content, HasSubstr("dev eth0"));
  EXPECT_TRUE(Runs());
  const auto found = Holder().Look();
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->configuration(), kinds::SharedAddressDigest(kept_.shared_address()));
  EXPECT_FALSE((*found)->holds());
  host_.interfaces["192.0.2.100"] = "eth0";
  EXPECT_TRUE((*Holder().Look())->holds());
}

TEST_F(AddressHolderTest, AChangeReloadsAndDoesNotRestart) {
  ASSERT_TRUE(Configure().ok());
  wanted_.set_priority(140);
  ASSERT_TRUE(Configure().ok());
  EXPECT_EQ(host_.Count(std::string("units.reload ") + kUnit), 1);
  EXPECT_EQ(host_.Count(std::string("units.restart ") + kUnit), 0);
  EXPECT_EQ(kept_.shared_address().priority(), 140);
}

TEST_F(AddressHolderTest, WhatKeepalivedRefusesIsTakenBack) {
  ASSERT_TRUE(Configure().ok());
  const std::string before = host_.files[kConf].content;
  wanted_.set_priority(140);
  host_.Fail("units.reload", Internal("keepalived: bad configuration"));
  const Status refused = Configure();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("bad configuration"));
  EXPECT_EQ(host_.files[kConf].content, before);
  EXPECT_EQ(kept_.shared_address().priority(), 150);
}

TEST_F(AddressHolderTest, OfAFirstThatIsRefusedNothingStays) {
  host_.Fail("units.start", Internal("keepalived: bad configuration"));
  EXPECT_FALSE(Configure().ok());
  EXPECT_FALSE(host_.files.contains(kConf));
  EXPECT_FALSE(host_.files.contains(kUnitPath));
  EXPECT_FALSE(kept_.has_shared_address());
}

TEST_F(AddressHolderTest, AnAddressOnNoInterfaceSaysWhatToDo) {
  (*dispatch_.mutable_bound())["peer/a"] = "192.0.2.77";
  const Status refused = Configure();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("shared_address.interface"));
}

TEST_F(AddressHolderTest, DriftIsToldAndBroughtBack) {
  ASSERT_TRUE(Configure().ok());
  const std::string before = host_.files[kConf].content;
  host_.files[kConf].content = "edited";
  host_.units[kUnit].state.active_state = "inactive";
  EXPECT_EQ(Holder().Drift()->size(), 2U);
  EXPECT_FALSE((*Holder().Look())->has_configuration());
  ASSERT_TRUE(Holder().Repair().ok());
  EXPECT_EQ(host_.files[kConf].content, before);
  EXPECT_TRUE(Runs());
  EXPECT_TRUE(Holder().Drift()->empty());
}

TEST_F(AddressHolderTest, GivenUpNothingStays) {
  ASSERT_TRUE(Configure().ok());
  ASSERT_TRUE(Holder().Remove().ok());
  EXPECT_FALSE(host_.files.contains(kConf));
  EXPECT_FALSE(host_.files.contains(kUnitPath));
  EXPECT_FALSE(host_.units[kUnit].state.Active());
  EXPECT_TRUE(state_.managed().empty());
  EXPECT_FALSE(Holder().Look()->has_value());
}

}  // namespace
}  // namespace podwright::drivers::load_balancer
