#include "reconciler/planner/kinds/load_balancer_address.h"

#include <gtest/gtest.h>

#include "kinds/load_balancer/address_form.h"
#include "podwright/v1/kinds/server.pb.h"
#include "reconciler/planner/testing/world.h"

namespace podwright::planner {
namespace {

using namespace v1::kinds;  // NOLINT: the messages of one kind, in its test

class SharedAddressPlan : public ::testing::Test {
 protected:
  SharedAddressPlan() {
    for (const char* name : {"a", "b"}) spec_.add_servers(name);
    spec_.mutable_shared_address()->set_address("192.0.2.100/24");
    (*spec_.mutable_listeners())["web"].set_protocol("http");
    (*spec_.mutable_listeners())["db"].set_protocol("tcp");
  }
  void See(const std::string& server, const std::string& address) {
    ServerObserved seen;
    seen.set_address(address);
    facts_.PutObserved(MakeTestObserved({"server", server}, server, seen));
  }
  std::optional<ActionDraft> Plan(const std::string& server = "a") {
    RecordingReader reader(facts_);
    auto planned = PlanSharedAddress(MakeTestObject("load_balancer", "shop", spec_), server, is_, reader);
    EXPECT_TRUE(planned.ok());
    return *std::move(planned);
  }
  static LoadBalancerAddressAction PayloadOf(const ActionDraft& draft) {
    LoadBalancerAddressAction payload;
    EXPECT_TRUE(payload.ParseFromString(draft.action.payload()));
    return payload;
  }

  FactBase facts_;
  LoadBalancerSpec spec_;
  LoadBalancerObserved is_;
};

TEST_F(SharedAddressPlan, AddressesThatNobodyHasSeenAreBound) {
  See("a", "192.0.2.1");
  const auto draft = Plan();
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->action.verb(), "load_balancer.address.configure");
  ASSERT_EQ(draft->action.bindings_size(), 1);
  EXPECT_EQ(draft->action.bindings(0).name(), "peer/b");
  const auto payload = PayloadOf(*draft);
  EXPECT_EQ(payload.own_address(), "192.0.2.1");
  EXPECT_EQ(std::vector<std::string>(payload.sides().begin(), payload.sides().end()),
            (std::vector<std::string>{"http", "streams"}));
}

TEST_F(SharedAddressPlan, WhatIsSoNeedsNoAction) {
  See("a", "192.0.2.1");
  See("b", "192.0.2.2");
  const auto draft = Plan();
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->action.bindings_size(), 0);
  is_.mutable_shared_address()->set_configuration(kinds::SharedAddressDigest(PayloadOf(*draft)));
  EXPECT_FALSE(Plan());
  spec_.mutable_shared_address()->set_prefer("b");
  spec_.mutable_shared_address()->set_router_id(3);
  const auto again = Plan();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->action.disruption(), v1::DISRUPTION_RELOAD);
}

TEST_F(SharedAddressPlan, OnlyOneServerHasTheHighestPriority) {
  EXPECT_GT(PayloadOf(*Plan("a")).priority(), PayloadOf(*Plan("b")).priority());
}

TEST_F(SharedAddressPlan, OneThatIsNoLongerDeclaredIsGivenUp) {
  spec_.clear_shared_address();
  EXPECT_FALSE(Plan());
  is_.mutable_shared_address()->set_active(true);
  const auto draft = Plan();
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->action.verb(), "load_balancer.address.remove");
}

}  // namespace
}  // namespace podwright::planner
