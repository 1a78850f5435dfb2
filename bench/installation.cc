#include "bench/installation.h"

#include <stdlib.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "client/context.h"
#include "core/log.h"
#include "kinds/registry.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::bench {

Installation::Installation() {
  log::Init(log::Level::kError, log::Format::kText);
  std::string name = (std::filesystem::current_path() / "bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) Fail("cannot make a folder");
  folder_ = name;
  daemon::Settings settings;
  settings.data_dir = folder_ / "data";
  settings.envelope_key = folder_ / "envelope.key";
  settings.context_file = folder_ / "context.yaml";
  settings.api_listen = settings.https_listen = settings.agents_listen = {"127.0.0.1", 0};
  settings.lab = false;
  daemon_ = Must(daemon::Daemon::Start(settings));
  const auto variables = [this](const char* variable) -> std::optional<std::string> {
    if (std::strcmp(variable, "PODWRIGHT_CONFIG") == 0) return folder_ / "context.yaml";
    return std::nullopt;
  };
  control_ = Must(client::Connect(Must(client::ResolveContext({}, variables)), "podwright-bench/1"));
}

Installation::~Installation() {
  control_.reset();
  daemon_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Installation::EnrolmentToken(const std::string& server) {
  v1::CreateEnrolmentTokenRequest request;
  request.set_server(server);
  return Must(control_->CreateEnrolmentToken(request)).token();
}

void Installation::AwaitAgent(const std::string& server) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    const v1::ListAgentsResponse response = Must(control_->ListAgents({}));
    for (const v1::AgentView& agent : response.agents()) {
      if (agent.server() == server && agent.connected()) return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  Fail("the agent of " + server + " did not come");
}

v1::ApplyRequest Installation::FileOn(const std::string& server, const std::string& path,
                                      const std::string& content) const {
  v1::kinds::ServerSpec spec;
  (*spec.mutable_files())[path].set_content(content);
  v1::ApplyRequest request;
  request.set_owner("cli:bench");
  v1::DesiredObject& put = *request.add_puts();
  put.set_kind("server");
  put.set_name(server);
  put.set_spec(spec.SerializeAsString());
  put.set_schema_revision(kinds::AllKinds().Find("server")->schema_revision());
  return request;
}

void Installation::AwaitRun(const std::string& run) {
  v1::GetRunRequest request;
  request.set_id(run);
  const v1::Run ended = Must(control_->WatchRun(request, [](const v1::Run&) { return client::Next::kContinue; }));
  if (ended.state() != v1::RUN_STATE_SUCCEEDED) Fail("run " + run + ": " + ended.error());
}

}  // namespace podwright::bench
