// podwright pause, podwright resume.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "kinds/text.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

struct Options {
  std::string object;
  std::string duration;
  std::string reason;
};

Result<int> Run(App& app, const Options& options) {
  v1::PauseRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  PW_ASSIGN(*request.mutable_object(), ParseRef(app.kinds(), options.object));
  if (!options.duration.empty()) {
    PW_ASSIGN(const std::int64_t duration, kinds::ParseDuration(options.duration));
    if (duration <= 0) return InvalidArgument("--for must be longer than nothing; to end a pause: podwright resume");
    request.set_for_ms(duration);
    request.set_reason(options.reason);
  }
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::ObjectView view, control->Pause(request, app.call()));
  if (app.PrintStructured(ObjectJson(app.kinds(), view))) return kDone;
  if (request.for_ms() > 0) {
    app.terminal().out() << RefText(request.object()) << " is left alone until "
                         << TimeText(view.object().paused_until_unix_ms()) << ".\n";
  } else {
    app.terminal().out() << RefText(request.object()) << " is kept again.\n";
  }
  return kDone;
}

}  // namespace

void AddPause(CLI::App& root, App& app) {
  const auto add = [&](const char* name, const char* text) {
    auto options = std::make_shared<Options>();
    CLI::App* command = root.add_subcommand(name, text);
    command->add_option("object", options->object, "KIND/NAME")->required();
    command->callback([&app, options] { app.Choose([&app, options] { return Run(app, *options); }); });
    return std::pair(command, options);
  };
  const auto [pause, pause_options] = add("pause", "Change and repair nothing of an object for a while");
  pause->add_option("--for", pause_options->duration, "How long: 30m, 2h")->required();
  pause->add_option("--reason", pause_options->reason, "Why; others will read it")->required();
  add("resume", "End a pause");
}

}  // namespace podwright::cli
