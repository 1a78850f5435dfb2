// KindResourceCase: a test with the resource podwright_server before a control plane that is a fake.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "podwright/v1/kinds/server.pb.h"
#include "provider/kind_resource.h"
#include "provider/testing/fake_backend.h"

namespace podwright::provider::testing {

class KindResourceCase : public ::testing::Test {
 protected:
  KindResourceCase() {
    session_.backend = &backend_;
    session_.owner = "tofu:shop";
    session_.workspace = "default";
    backend_.run.set_state(v1::RUN_STATE_SUCCEEDED);
    v1::kinds::ServerStatus status;
    status.add_addresses("10.0.0.2");
    status.set_in_sync(true);
    backend_.status = status.SerializeAsString();
  }

  static sdk::Value Config(const std::string& motd) {
    return sdk::Value::Object(
        {{"name", sdk::Value::String("web-1")},
         {"files", sdk::Value::Map({{"/etc/motd", sdk::Value::Object({{"content", sdk::Value::String(motd)}})}})}});
  }
  static sdk::Value Planned(const std::string& motd) {
    sdk::Value plan = Config(motd);
    for (const char* name : {"id", "status", "planned_disruption", "plan_digest", "plan_facts", "effective_labels"})
      plan.SetField(name, sdk::Value::Unknown());
    return plan;
  }
  sdk::CreateResponse Create(const std::string& motd) {
    sdk::CreateRequest request;
    request.config = Config(motd);
    request.plan = Planned(motd);
    sdk::CreateResponse response;
    resource_.Create(request, response);
    return response;
  }

  // What becomes of a plan: the SDK's own first, then the resource's.
  sdk::ModifyPlanResponse Plan(const sdk::ModifyPlanRequest& request) {
    sdk::ModifyPlanResponse response;
    response.plan = request.plan;
    resource_.ModifyPlan(request, response);
    return response;
  }
  static sdk::ModifyPlanRequest CreatePlan(const std::string& motd) {
    sdk::ModifyPlanRequest request;
    request.config = Config(motd);
    request.plan = Planned(motd);
    return request;
  }

  FakeBackend backend_;
  Session session_;
  KindResource resource_{*kinds::AllKinds().Find("server"), session_};
};

}  // namespace podwright::provider::testing
