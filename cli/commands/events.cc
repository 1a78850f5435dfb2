// podwright events.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/render/event.h"
#include "cli/render/message.h"
#include "cli/terminal.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

struct Options {
  bool follow = false;
  std::int64_t from = 0;
  std::string object;
};

// Without --follow JSON is one list; with it, one object a line.
Result<int> Run(App& app, const Options& options) {
  v1::EventsRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  request.set_from_revision(options.from);
  request.set_follow(options.follow);
  if (!options.object.empty()) {
    PW_ASSIGN(*request.mutable_object(), ParseRef(app.kinds(), options.object));
  }
  PW_ASSIGN(client::Control * control, app.control());
  Json list = Json::array();
  std::ostream& out = app.terminal().out();
  const Status end = control->Events(
      request,
      [&](const v1::Event& event) {
        if (app.format() == OutputFormat::kTable) {
          out << EventLine(event, app.terminal()) << "\n";
        } else if (!options.follow) {
          list.push_back(MessageJson(event));
        } else if (app.format() == OutputFormat::kJson) {
          out << MessageJson(event).dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
        } else {
          out << "---\n" << YamlText(MessageJson(event));
        }
        if (options.follow) out << std::flush;
        return client::Next::kContinue;
      },
      app.call());
  PW_TRY(end);
  if (!options.follow) app.PrintStructured(list);
  return kDone;
}

}  // namespace

void AddEvents(CLI::App& root, App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("events", "What has changed, in order");
  command->add_flag("-f,--follow", options->follow, "Go on with what happens from now on");
  command->add_option("--from", options->from, "From this revision on (0: from the oldest kept)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--object", options->object, "Only of KIND/NAME");
  command->callback([&app, options] { app.Choose([&app, options] { return Run(app, *options); }); });
}

}  // namespace podwright::cli
