// podwright hand-over.
#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>
#include <vector>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

struct Options {
  std::vector<std::string> objects;
  std::string to;
  bool yes = false;
};

// Objects of several owners need several requests: each says from whom it takes.
Result<std::map<std::string, v1::ApplyRequest>> RequestsByOwner(App& app, const Options& options) {
  PW_ASSIGN(const std::string workspace, app.workspace());
  PW_ASSIGN(client::Control * control, app.control());
  std::map<std::string, v1::ApplyRequest> requests;
  for (const std::string& text : options.objects) {
    v1::GetRequest get;
    get.set_workspace(workspace);
    PW_ASSIGN(*get.mutable_object(), ParseRef(app.kinds(), text));
    PW_ASSIGN(const v1::ObjectView view, control->Get(get, app.call()));
    const v1::StoredObject& object = view.object();
    if (object.owner() == options.to) continue;
    v1::ApplyRequest& request = requests[object.owner()];
    request.set_workspace(workspace);
    request.set_owner(options.to);
    request.set_take_over_from(object.owner());
    (*request.mutable_expected_revisions())[RefText(get.object())] = view.revision();
    v1::DesiredObject& put = *request.add_puts();
    put.set_kind(object.kind());
    put.set_name(object.name());
    *put.mutable_labels() = object.labels();
    put.set_schema_revision(object.schema_revision());
    put.set_spec(object.spec());
  }
  return requests;
}

Result<int> Run(App& app, const Options& options) {
  PW_ASSIGN(auto requests, RequestsByOwner(app, options));
  Terminal& terminal = app.terminal();
  for (const auto& [owner, request] : requests) {
    for (const v1::DesiredObject& put : request.puts()) {
      terminal.err() << Printable(put.kind() + "/" + put.name() + ": " + owner + " → " + options.to) << "\n";
    }
  }
  if (!options.yes && !requests.empty()) {
    PW_ASSIGN(const bool yes, terminal.Confirm("Hand them over?", "pass --yes to do it without asking"));
    if (!yes) return kFailed;
  }
  PW_ASSIGN(client::Control * control, app.control());
  Json list = Json::array();
  for (auto& [owner, request] : requests) {
    PW_ASSIGN(const v1::ApplyResponse response, control->Apply(std::move(request), app.call()));
    for (const v1::ObjectView& view : response.objects()) list.push_back(ObjectJson(app.kinds(), view));
  }
  if (app.PrintStructured(list)) return kDone;
  if (requests.empty()) {
    terminal.out() << "All of that belongs to " << Printable(options.to) << " already.\n";
  } else {
    terminal.out() << "Done. Nothing changes on servers; the former owner must no longer declare them.\n";
  }
  return kDone;
}

}  // namespace

void AddHandOver(CLI::App& root, App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      root.add_subcommand("hand-over", "Give objects to another owner: tofu:STACK, git:SOURCE, cli:SET");
  command->add_option("objects", options->objects, "KIND/NAME, one or several")->required();
  command->add_option("--to", options->to, "The new owner")->required();
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  command->callback([&app, options] { app.Choose([&app, options] { return Run(app, *options); }); });
}

}  // namespace podwright::cli
