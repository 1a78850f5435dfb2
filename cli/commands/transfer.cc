// podwright transfer.
#include <CLI/CLI.hpp>
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
#include "cli/source_wait.h"
#include "cli/terminal.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

constexpr std::chrono::seconds kLookLimit{300};
constexpr std::string_view kGit = "git:";

struct Options {
  std::vector<std::string> objects;
  std::string to;
  std::string from;
  bool yes = false;
};

// Objects that are named are bound to what they are now, so that nobody's are taken unseen.
Result<v1::TransferRequest> RequestFor(App& app, const Options& options) {
  v1::TransferRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.set_to(options.to);
  request.set_from(options.from);
  PW_ASSIGN(client::Control * control, app.control());
  for (const std::string& text : options.objects) {
    v1::GetRequest get;
    get.set_workspace(request.workspace());
    PW_ASSIGN(*get.mutable_object(), ParseRef(app.kinds(), text));
    PW_ASSIGN(const v1::ObjectView view, control->Get(get, app.call()));
    (*request.mutable_expected_revisions())[RefText(get.object())] = view.revision();
    *request.add_objects() = get.object();
  }
  return request;
}

// The control plane judges by the branch as it is now.
Status HaveSourceLook(App& app, const v1::TransferRequest& request, const std::string& source) {
  v1::SourceRequest asked;
  asked.set_workspace(request.workspace());
  asked.set_name(source);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(v1::SourceView view, control->SyncSource(asked, app.call()));
  PW_ASSIGN(view, AwaitLook(app, std::move(view), kLookLimit));
  return Ok();
}

Status ShowSource(App& app, const v1::TransferRequest& request, const std::string& source) {
  v1::SourceRequest asked;
  asked.set_workspace(request.workspace());
  asked.set_name(source);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(v1::SourceView view, control->GetSource(asked, app.call()));
  PW_ASSIGN(view, AwaitLook(app, std::move(view), kLookLimit));
  app.terminal().out() << Printable("git:" + source) << " is " << view.state() << ".\n";
  if (view.has_problem()) app.terminal().err() << Printable(view.problem().message()) << "\n";
  return Ok();
}

void Show(App& app, const v1::TransferResponse& response, const std::string& to) {
  for (const v1::TransferredObject& one : response.transferred()) {
    app.terminal().err() << Printable(RefText(one.object()) + ": " + one.from() + " → " + to) << "\n";
  }
}

void ShowWarnings(App& app, const v1::TransferResponse& response) {
  for (const std::string& warning : response.warnings()) {
    app.terminal().err() << app.terminal().Paint(Style::kYellow, "next") << ": " << Printable(warning) << "\n";
  }
}

Result<int> Run(App& app, const Options& options) {
  if (options.objects.empty() && options.from.empty()) {
    return InvalidArgument("name objects (KIND/NAME), or with --from the owner whose objects all go");
  }
  if (options.to == "cli:lab") {
    return InvalidArgument("cli:lab is the set of `podwright lab up`, which deletes what it did not make");
  }
  PW_ASSIGN(v1::TransferRequest request, RequestFor(app, options));
  const std::string source = options.to.starts_with(kGit) ? options.to.substr(kGit.size()) : "";
  if (!source.empty()) PW_TRY(HaveSourceLook(app, request, source));
  PW_ASSIGN(client::Control * control, app.control());
  request.set_dry_run(true);
  PW_ASSIGN(v1::TransferResponse response, control->Transfer(request, app.call()));
  if (response.transferred_size() == 0) {
    if (!app.PrintStructured(MessageJson(response)))
      app.terminal().out() << "All of that belongs to " << Printable(options.to) << " already.\n";
    return kDone;
  }
  if (!options.yes) {
    Show(app, response, options.to);
    ShowWarnings(app, response);
    PW_ASSIGN(const bool yes, app.terminal().Confirm("Transfer them?", "pass --yes to do it without asking"));
    if (!yes) {
      app.terminal().out() << "Nothing was done.\n";
      return kFailed;
    }
  }
  request.set_dry_run(false);
  PW_ASSIGN(response, control->Transfer(request, app.call()));
  if (app.PrintStructured(MessageJson(response))) return kDone;
  if (options.yes) {
    Show(app, response, options.to);
    ShowWarnings(app, response);
  }
  app.terminal().out() << "Transferred; nothing changes on servers.\n";
  if (!source.empty()) PW_TRY(ShowSource(app, request, source));
  return kDone;
}

}  // namespace

void AddTransfer(CLI::App& root, App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("transfer", "Give objects to another owner: tofu:STACK, git:SOURCE, cli:SET");
  command->add_option("objects", options->objects, "KIND/NAME, one or several; without any, all that --from has");
  command->add_option("--to", options->to, "The new owner")->required();
  command->add_option("--from", options->from, "The owner of now: others' objects are refused");
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  command->callback([&app, options] { app.Choose([&app, options] { return Run(app, *options); }); });
}

}  // namespace podwright::cli
