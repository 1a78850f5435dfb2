#include "provider/run_follow.h"

#include <gtest/gtest.h>

#include "provider/testing/fake_backend.h"

namespace podwright::provider {
namespace {

v1::ActionRecord& AddAction(v1::Run& run, v1::ActionState state, const std::string& server, const std::string& what) {
  v1::ActionRecord& record = *run.add_actions();
  record.set_state(state);
  record.mutable_action()->set_server(server);
  record.mutable_action()->set_summary(what);
  return record;
}

TEST(RunFollow, ProgressSaysHowFarWhereAndWhatFor) {
  v1::Run run;
  AddAction(run, v1::ACTION_STATE_SUCCEEDED, "web-1", "write /etc/motd");
  AddAction(run, v1::ACTION_STATE_SENT, "web-1", "install nginx");
  AddAction(run, v1::ACTION_STATE_PENDING, "web-1", "start nginx");
  run.add_waiting("the agent of web-2");
  EXPECT_EQ(ProgressText(run), "1 of 3 actions done; at web-1: install nginx; waits for the agent of web-2");
}

TEST(RunFollow, AFailureSaysWhatFailedWhereWhyAndWhatWasTakenBack) {
  testing::FakeBackend backend;
  backend.run.set_state(v1::RUN_STATE_FAILED);
  AddAction(backend.run, v1::ACTION_STATE_FAILED, "web-1", "install nginx").mutable_outcome()->set_error("no network");
  AddAction(backend.run, v1::ACTION_STATE_COMPENSATED, "web-1", "write /etc/motd");
  sdk::Diagnostics diagnostics;
  FollowRun(backend, "default", "run-1", "server/web-1", {}, diagnostics);
  ASSERT_EQ(diagnostics.items().size(), 1U);
  EXPECT_EQ(diagnostics.items()[0].detail,
            "web-1: install nginx: no network\n  taken back: write /etc/motd\n"
            "The whole story: `podwright run get run-1`.");
}

TEST(RunFollow, ASupersededRunIsAWarning) {
  testing::FakeBackend backend;
  backend.run.set_state(v1::RUN_STATE_SUPERSEDED);
  sdk::Diagnostics diagnostics;
  FollowRun(backend, "default", "run-1", "server/web-1", {}, diagnostics);
  EXPECT_FALSE(diagnostics.HasError());
  EXPECT_EQ(diagnostics.items().size(), 1U);
}

}  // namespace
}  // namespace podwright::provider
