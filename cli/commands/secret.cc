// podwright secret set|rotate. Values come from standard input or a question, never from the command line.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/follow.h"
#include "cli/terminal.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

constexpr std::size_t kMaxValueBytes = 65536;

struct Options {
  std::string name;
  bool wait = true;
};

Result<int> Finish(App& app, const std::string& workspace, const v1::SecretVersion& version, bool wait) {
  if (app.format() == OutputFormat::kTable) {
    app.terminal().out() << "secret/" << version.name() << " has version " << version.version() << ".\n";
  }
  int code = kDone;
  if (!version.run().empty() && wait) {
    PW_ASSIGN(code, FollowRun(app, workspace, version.run()));
  }
  Json value{{"name", version.name()}, {"version", version.version()}, {"run", version.run()}};
  app.PrintStructured(value);
  return code;
}

Result<int> Set(App& app, const Options& options) {
  PW_ASSIGN(const std::string workspace, app.workspace());
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(std::string value, app.terminal().ReadSecret("Value of " + options.name, kMaxValueBytes));
  v1::SetSecretRequest request;
  request.set_workspace(workspace);
  request.set_name(options.name);
  request.set_value(std::move(value));
  PW_ASSIGN(const v1::SecretVersion version, control->SetSecret(std::move(request), app.call()));
  return Finish(app, workspace, version, options.wait);
}

Result<int> Rotate(App& app, const Options& options) {
  PW_ASSIGN(const std::string workspace, app.workspace());
  v1::RotateSecretRequest request;
  request.set_workspace(workspace);
  request.set_name(options.name);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::SecretVersion version, control->RotateSecret(request, app.call()));
  return Finish(app, workspace, version, options.wait);
}

}  // namespace

void AddSecret(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("secret", "Values of secrets");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(App&, const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = group->add_subcommand(name, text);
    command->add_option("name", options->name, "The secret's name")->required();
    command->add_flag("!--no-wait", options->wait, "Do not wait until the servers have it");
    command->callback([&app, options, run] { app.Choose([&app, options, run] { return run(app, *options); }); });
  };
  add("set", "Give a value, by standard input or when asked", &Set);
  add("rotate", "Make a new value by the secret's generator", &Rotate);
}

}  // namespace podwright::cli
