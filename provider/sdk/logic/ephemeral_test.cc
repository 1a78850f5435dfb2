// Ephemeral resources whose doings the test decides.
#include "provider/sdk/logic/ephemeral.h"

#include <gtest/gtest.h>

#include <functional>

#include "provider/sdk/logic/open_ephemerals.h"

namespace podwright::sdk::logic {
namespace {

struct Scripted : EphemeralResource, WithClose {
  std::function<void(const OpenRequest&, OpenResponse&)> open = [](const OpenRequest&, OpenResponse&) {};
  std::vector<std::string> closed{};

  std::string TypeName() const override { return "t"; }
  Schema GetSchema() const override {
    return {.attributes = {{.name = "name", .type = Type::String(), .required = true},
                           {.name = "value", .type = Type::String(), .computed = true}}};
  }
  void Open(const OpenRequest& request, OpenResponse& response) override { open(request, response); }
  void Close(const CloseRequest& request, CloseResponse&) override { closed.push_back(request.private_state); }
};

class Ephemeral : public ::testing::Test {
 protected:
  Ephemeral() {
    auto resource = std::make_unique<Scripted>();
    scripted_ = resource.get();
    entry_ = EphemeralEntry::Make(std::move(resource)).value();
    scripted_->open = [](const OpenRequest&, OpenResponse& response) {
      response.private_state = "p";
      response.result.SetField("value", Value::String("v"));
    };
  }
  OpenResponse OpenIt(ClientCapabilities client = {}) {
    return Open(entry_,
                {.config = Value::Object({{"name", Value::String("n")}, {"value", Value::Null()}}), .client = client});
  }

  Scripted* scripted_;  // owned by entry_
  EphemeralEntry entry_;
};

TEST_F(Ephemeral, OpensWithConfiguredAndComputedValues) {
  const OpenResponse response = OpenIt();
  EXPECT_TRUE(response.diagnostics.empty());
  EXPECT_EQ(response.result, Value::Object({{"name", Value::String("n")}, {"value", Value::String("v")}}));
  EXPECT_EQ(response.private_state, "p");
  EXPECT_TRUE(scripted_->closed.empty());
}

TEST_F(Ephemeral, WhatIsRefusedAfterOpeningIsClosed) {
  scripted_->open = [](const OpenRequest&, OpenResponse& response) {
    response.private_state = "p";
    response.result.SetField("value", Value::Unknown());
  };
  const OpenResponse response = OpenIt();
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_EQ(response.diagnostics.items()[0].path.ToString(), "value");
  EXPECT_EQ(scripted_->closed, std::vector<std::string>{"p"});
}

TEST_F(Ephemeral, RenewalTimeNeedsARenewal) {
  scripted_->open = [](const OpenRequest&, OpenResponse& response) {
    response.result.SetField("value", Value::String("v"));
    response.renew_at = std::chrono::system_clock::now();
  };
  const OpenResponse response = OpenIt();
  ASSERT_TRUE(response.diagnostics.HasError());
  EXPECT_NE(response.diagnostics.items()[0].detail.find("no renewal"), std::string::npos);
  EXPECT_EQ(scripted_->closed.size(), 1U);
  EXPECT_TRUE(Renew(entry_, {}).diagnostics.HasError());
}

TEST_F(Ephemeral, FailedOpenIsNotClosed) {
  scripted_->open = [](const OpenRequest&, OpenResponse& response) { response.diagnostics.AddError("no", ""); };
  EXPECT_TRUE(OpenIt().diagnostics.HasError());
  EXPECT_TRUE(scripted_->closed.empty());
}

TEST_F(Ephemeral, DeferralNeedsAClientThatWaits) {
  scripted_->open = [](const OpenRequest&, OpenResponse& response) {
    response.deferred = DeferredReason::kAbsentPrerequisite;
  };
  const OpenResponse waits = OpenIt({.deferral_allowed = true});
  EXPECT_EQ(waits.deferred, DeferredReason::kAbsentPrerequisite);
  EXPECT_TRUE(waits.diagnostics.empty());
  EXPECT_TRUE(waits.result.is_unknown());
  const OpenResponse refused = OpenIt();
  EXPECT_FALSE(refused.deferred);
  ASSERT_EQ(refused.diagnostics.items().size(), 1U);
  EXPECT_EQ(refused.diagnostics.items()[0].summary, "Deferral is not possible here");
  EXPECT_TRUE(scripted_->closed.empty());
}

TEST_F(Ephemeral, WhatTheHostLeftOpenIsClosedAtTheEndAndOnlyOnce) {
  OpenEphemerals open;
  open.Opened(entry_, "a");
  open.Opened(entry_, "b");
  open.Opened(entry_, "b");
  open.Renewed(entry_, "a", "a2");
  open.Closed(entry_, "b");
  open.CloseAll();
  open.CloseAll();
  EXPECT_EQ(scripted_->closed, (std::vector<std::string>{"a2", "b"}));
}

}  // namespace
}  // namespace podwright::sdk::logic
