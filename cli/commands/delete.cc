// podwright delete.
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "cli/app.h"
#include "cli/applying.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"

namespace podwright::cli {
namespace {

struct Options {
  std::vector<std::string> objects;
  std::string set = "default";
  ApplyChoices choices;
};

Result<int> RunDelete(App& app, const Options& options) {
  v1::ApplyRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  request.set_owner("cli:" + options.set);
  for (const std::string& object : options.objects) {
    PW_ASSIGN(*request.add_deletes(), ParseRef(app.kinds(), object));
  }
  return ApplyAndFollow(app, std::move(request), options.choices);
}

}  // namespace

void AddDelete(CLI::App& root, App& app) {
  auto options = std::make_shared<Options>();
  options->choices.question = "Delete this?";
  CLI::App* command = root.add_subcommand("delete", "Delete objects, and what they declare on servers");
  command->add_option("objects", options->objects, "KIND/NAME, one or several")->required();
  command->add_option("--set", options->set, "The set that owns them")->capture_default_str();
  command->add_flag("-y,--yes", options->choices.yes, "Do not ask");
  command->add_flag("!--no-wait", options->choices.wait, "Do not wait for the end of the run");
  command->callback([&app, options] { app.Choose([&app, options] { return RunDelete(app, *options); }); });
}

}  // namespace podwright::cli
