// podwright context list|use|show.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/terminal.h"

namespace podwright::cli {
namespace {

Json ContextJson(const client::Context& context) {
  Json value;
  value["name"] = context.name;
  value["endpoint"] = context.endpoint;
  value["workspace"] = context.workspace;
  value["has_token"] = !context.token.empty();
  value["ca"] = !context.ca_pem.empty() ? "certificate" : (!context.ca_fingerprint.empty() ? "fingerprint" : "none");
  return value;
}

Result<int> List(App& app) {
  const std::string path = client::ContextFilePath(app.environment());
  PW_ASSIGN(const client::ContextFile file, client::LoadContextFile(path));
  Json list = Json::array();
  Table table({"CURRENT", "NAME", "ENDPOINT", "WORKSPACE"});
  for (const auto& [name, context] : file.contexts) {
    Json value = ContextJson(context);
    value["current"] = name == file.current;
    list.push_back(std::move(value));
    table.Add({name == file.current ? "*" : "", name, context.endpoint, context.workspace});
  }
  if (app.PrintStructured(list)) return kDone;
  if (table.empty()) {
    app.terminal().out() << "There are no contexts in " << path << "; podwrightd writes one when it first starts.\n";
  } else {
    app.terminal().out() << table.Text();
  }
  return kDone;
}

Result<int> Use(App& app, const std::string& name) {
  const std::string path = client::ContextFilePath(app.environment());
  PW_ASSIGN(client::ContextFile file, client::LoadContextFile(path));
  if (!file.contexts.contains(name)) return NotFound("there is no context \"" + name + "\" in " + path);
  file.current = name;
  PW_TRY(client::SaveContextFile(path, file));
  if (!app.PrintStructured(Json{{"current", name}})) app.terminal().out() << "Current context: " << name << "\n";
  return kDone;
}

Result<int> Show(App& app) {
  PW_ASSIGN(const client::Context context, app.context());
  Json value = ContextJson(context);
  value["file"] = client::ContextFilePath(app.environment());
  if (app.PrintStructured(value)) return kDone;
  app.terminal().out() << "Context:   " << (context.name.empty() ? "none" : Printable(context.name)) << "\n"
                       << "File:      " << client::ContextFilePath(app.environment()) << "\n"
                       << "Endpoint:  " << Printable(context.endpoint) << "\n"
                       << "Workspace: " << Printable(context.workspace) << "\n"
                       << "CA:        known by its " << value["ca"].get<std::string>() << "\n"
                       << "Token:     set, not shown\n";
  return kDone;
}

}  // namespace

void AddContext(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("context", "Which control plane, as whom, in which workspace");
  group->require_subcommand(1);
  group->add_subcommand("list", "All contexts")->callback([&app] { app.Choose([&app] { return List(app); }); });
  group->add_subcommand("show", "What is used, with flags and environment")->callback([&app] {
    app.Choose([&app] { return Show(app); });
  });
  auto name = std::make_shared<std::string>();
  CLI::App* use = group->add_subcommand("use", "Make a context the current one");
  use->add_option("name", *name, "The context's name")->required();
  use->callback([&app, name] { app.Choose([&app, name] { return Use(app, *name); }); });
}

}  // namespace podwright::cli
