// podwright token create|list|revoke|enrol.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "kinds/text.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

struct Options {
  std::string name;
  std::string role = "viewer";
  std::string ttl;
  bool all_workspaces = false;
};

Result<std::int64_t> Ttl(const std::string& text) {
  if (text.empty()) return std::int64_t{0};
  return kinds::ParseDuration(text);
}

Result<int> Create(App& app, const Options& options) {
  v1::CreateTokenRequest request;
  request.set_name(options.name);
  request.set_role(options.role);
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(options.all_workspaces ? "*" : workspace);
  PW_ASSIGN(const std::int64_t ttl, Ttl(options.ttl));
  request.set_ttl_ms(ttl);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::CreateTokenResponse response, control->CreateToken(request, app.call()));
  if (app.PrintStructured(MessageJson(response))) return kDone;
  app.terminal().err() << "Token " << response.token().id() << " for " << response.token().role() << " in workspace "
                       << response.token().workspace() << ". It is shown only now:\n";
  app.terminal().out() << response.secret() << "\n";
  return kDone;
}

Result<int> List(App& app, const Options&) {
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::ListTokensResponse response, control->ListTokens(app.call()));
  Json list = Json::array();
  Table table({"ID", "NAME", "ROLE", "WORKSPACE", "CREATED", "EXPIRES", "REVOKED"});
  for (const v1::ApiToken& token : response.tokens()) {
    list.push_back(MessageJson(token));
    table.Add({token.id(), token.name(), token.role(), token.workspace(), TimeText(token.created_unix_ms()),
               token.expires_unix_ms() > 0 ? TimeText(token.expires_unix_ms()) : "never",
               token.revoked() ? "yes" : "no"});
  }
  if (!app.PrintStructured(list)) app.terminal().out() << table.Text();
  return kDone;
}

Result<int> Revoke(App& app, const Options& options) {
  v1::RevokeTokenRequest request;
  request.set_id(options.name);
  PW_ASSIGN(client::Control * control, app.control());
  PW_TRY(control->RevokeToken(request, app.call()));
  if (!app.PrintStructured(Json{{"revoked", options.name}}))
    app.terminal().out() << "Revoked " << options.name << ".\n";
  return kDone;
}

Result<int> Enrol(App& app, const Options& options) {
  v1::CreateEnrolmentTokenRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  request.set_server(options.name);
  PW_ASSIGN(const std::int64_t ttl, Ttl(options.ttl));
  request.set_ttl_ms(ttl);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::CreateEnrolmentTokenResponse response, control->CreateEnrolmentToken(request, app.call()));
  if (app.PrintStructured(MessageJson(response))) return kDone;
  app.terminal().err() << "For server " << options.name << ", once, until " << TimeText(response.expires_unix_ms())
                       << ". On that server run `podwright-agent enrol` and give it this:\n";
  app.terminal().out() << response.token() << "\n";
  return kDone;
}

}  // namespace

void AddToken(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("token", "Tokens for people, programs and new servers");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(App&, const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = group->add_subcommand(name, text);
    command->callback([&app, options, run] { app.Choose([&app, options, run] { return run(app, *options); }); });
    return std::pair(command, options);
  };
  const auto [create, create_options] = add("create", "Make an API token; it is shown once", &Create);
  create->add_option("--name", create_options->name, "What it is for; the audit log shows it")->required();
  create->add_option("--role", create_options->role, "viewer, planner, operator or admin")
      ->capture_default_str()
      ->check(CLI::IsMember({"viewer", "planner", "operator", "admin"}));
  create->add_option("--ttl", create_options->ttl, "How long it is good: 12h, 30d; without it, until revoked");
  create->add_flag("--all-workspaces", create_options->all_workspaces, "Good in every workspace, not only in this one");
  add("list", "All API tokens, without their secrets", &List);
  const auto [revoke, revoke_options] = add("revoke", "End an API token", &Revoke);
  revoke->add_option("id", revoke_options->name, "The token's id")->required();
  const auto [enrol, enrol_options] = add("enrol", "Make a one-time token with which a server's agent enrols", &Enrol);
  enrol->add_option("server", enrol_options->name, "The server's name")->required();
  enrol->add_option("--ttl", enrol_options->ttl, "How long it is good: 15m, 2h");
}

}  // namespace podwright::cli
