// podwright agent list|revoke.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/clock.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

Result<int> List(App& app) {
  v1::ListAgentsRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::ListAgentsResponse response, control->ListAgents(request, app.call()));
  Json list = Json::array();
  Table table({"SERVER", "CONNECTED", "SEEN", "VERSION", "CERTIFICATE UNTIL", "ADDRESSES"});
  const auto now = ToUnixMillis(app.clock().Now());
  for (const v1::AgentView& agent : response.agents()) {
    list.push_back(MessageJson(agent));
    std::string addresses;
    for (const std::string& address : agent.addresses()) addresses += (addresses.empty() ? "" : ",") + address;
    table.Add({agent.server(), agent.revoked() ? "revoked" : (agent.connected() ? "yes" : "no"),
               Age(agent.last_seen_unix_ms(), now), agent.version(), TimeText(agent.certificate_expires_unix_ms()),
               addresses});
  }
  if (!app.PrintStructured(list)) app.terminal().out() << table.Text();
  return kDone;
}

Result<int> Revoke(App& app, const std::string& server, bool yes) {
  if (!yes) {
    PW_ASSIGN(const bool sure,
              app.terminal().Confirm("Shut out the agent of " + server + "? It has to enrol again.", "pass --yes"));
    if (!sure) return kFailed;
  }
  v1::RevokeAgentRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  request.set_server(server);
  PW_ASSIGN(client::Control * control, app.control());
  PW_TRY(control->RevokeAgent(request, app.call()));
  if (!app.PrintStructured(Json{{"revoked", server}})) {
    app.terminal().out() << "The agent of " << server << " is shut out; what runs there runs on.\n";
  }
  return kDone;
}

}  // namespace

void AddAgent(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("agent", "The agents on the servers");
  group->require_subcommand(1);
  CLI::App* list = group->add_subcommand("list", "Enrolled agents");
  list->callback([&app] { app.Choose([&app] { return List(app); }); });
  struct Options {
    std::string server;
    bool yes = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* revoke = group->add_subcommand("revoke", "Shut an agent out");
  revoke->add_option("server", options->server, "The server's name")->required();
  revoke->add_flag("-y,--yes", options->yes, "Do not ask");
  revoke->callback(
      [&app, options] { app.Choose([&app, options] { return Revoke(app, options->server, options->yes); }); });
}

}  // namespace podwright::cli
