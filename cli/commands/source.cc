// podwright source add|get|describe|pull-request|sync|suspend|resume|history|rollback|release.
#include <google/protobuf/message.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/applying.h"
#include "cli/commands/commands.h"
#include "cli/render/message.h"
#include "cli/render/source.h"
#include "cli/render/words.h"
#include "cli/source_wait.h"
#include "cli/terminal.h"
#include "core/clock.h"
#include "kinds/diagnostic.h"
#include "kinds/loader.h"
#include "kinds/registry.h"
#include "kinds/text.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

struct Options {
  std::string name;
  std::string commit;
  std::string reason;
  std::string accept;
  std::uint64_t number = 0;
  bool wait = true;
  std::int64_t seconds = 120;
};

struct AddOptions {
  std::string name;
  std::string url;
  std::string branch;
  std::string path;
  std::string interval;
  std::string secret;
  std::string username;
  std::vector<std::string> host_keys;
  std::string owner = "cli:sources";
  bool yes = false;
};

std::int64_t Now(App& app) {
  return ToUnixMillis(app.clock().Now());
}

int CodeOf(const v1::SourceView& view) {
  return view.has_problem() ? kFailed : kDone;
}

Result<v1::SourceRequest> RequestFor(App& app, const std::string& name) {
  v1::SourceRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.set_name(name);
  return request;
}

void PrintShort(App& app, const v1::SourceView& view) {
  std::ostream& out = app.terminal().out();
  out << Printable(view.name()) << " is " << view.state() << ", at " << ShortCommit(view.applied().commit());
  if (!view.applied().subject().empty()) out << " \"" << Printable(view.applied().subject()) << "\"";
  if (!view.applied().run().empty()) out << ", run " << view.applied().run();
  out << "\n";
  if (view.has_problem()) {
    app.terminal().err() << app.terminal().Paint(Style::kRed, view.problem().reason()) << ": "
                         << Printable(view.problem().message()) << "\n";
  }
}

Result<int> Finish(App& app, Result<v1::SourceView> asked, const Options& options) {
  PW_TRY(asked);
  v1::SourceView view = *std::move(asked);
  if (options.wait) {
    PW_ASSIGN(view, AwaitLook(app, std::move(view), std::chrono::seconds(options.seconds)));
  }
  if (!app.PrintStructured(MessageJson(view))) PrintShort(app, view);
  return CodeOf(view);
}

Result<int> Get(App& app, const Options& options) {
  PW_ASSIGN(client::Control * control, app.control());
  v1::ListSourcesResponse list;
  if (options.name.empty()) {
    v1::ListSourcesRequest request;
    PW_ASSIGN(*request.mutable_workspace(), app.workspace());
    PW_ASSIGN(list, control->ListSources(request, app.call()));
  } else {
    PW_ASSIGN(const v1::SourceRequest request, RequestFor(app, options.name));
    PW_ASSIGN(*list.add_sources(), control->GetSource(request, app.call()));
  }
  Json json = Json::array();
  Table table({"NAME", "STATE", "APPLIED", "WANTED", "FETCHED", "IN THE WAY"});
  for (const v1::SourceView& source : list.sources()) {
    json.push_back(MessageJson(source));
    const std::string problem = Printable(ProblemLine(source));
    table.Add({source.name(), source.state(), ShortCommit(source.applied().commit()), ShortCommit(source.wanted()),
               Age(source.fetched_unix_ms(), Now(app)), problem.empty() ? "-" : problem});
  }
  if (app.PrintStructured(options.name.empty() ? json : json.at(0))) return kDone;
  app.terminal().out() << (table.empty() ? "No sources.\n" : table.Text());
  return kDone;
}

Result<int> Describe(App& app, const Options& options) {
  PW_ASSIGN(const v1::SourceRequest request, RequestFor(app, options.name));
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::SourceView view, control->GetSource(request, app.call()));
  if (!app.PrintStructured(MessageJson(view))) app.terminal().out() << DescribeSource(view, Now(app), app.terminal());
  return kDone;
}

Result<int> History(App& app, const Options& options) {
  PW_ASSIGN(const v1::SourceRequest request, RequestFor(app, options.name));
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::SourceView view, control->GetSource(request, app.call()));
  Json list = Json::array();
  for (const v1::AppliedCommit& commit : view.history()) list.push_back(MessageJson(commit));
  if (!app.PrintStructured(list)) app.terminal().out() << HistoryTable(view, Now(app));
  return kDone;
}

Result<int> PullRequest(App& app, const Options& options) {
  v1::PullRequestRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.set_name(options.name);
  request.set_number(options.number);
  PW_ASSIGN(client::Control * control, app.control());
  const auto view = control->GetPullRequest(request, app.call());
  PW_TRY(view);
  if (app.PrintStructured(MessageJson(*view))) return kDone;
  app.terminal().out() << (view->text().empty() ? std::string("It is not planned yet.\n") : Printable(view->text()));
  return kDone;
}

Result<int> Sync(App& app, const Options& options) {
  PW_ASSIGN(v1::SourceRequest request, RequestFor(app, options.name));
  request.set_accept(options.accept);
  PW_ASSIGN(client::Control * control, app.control());
  return Finish(app, control->SyncSource(request, app.call()), options);
}

Result<int> SetSuspended(App& app, const Options& options, bool suspend) {
  v1::SuspendSourceRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.set_name(options.name);
  request.set_suspend(suspend);
  request.set_reason(options.reason);
  PW_ASSIGN(client::Control * control, app.control());
  return Finish(app, control->SuspendSource(request, app.call()), options);
}

Result<int> Suspend(App& app, const Options& options) {
  return SetSuspended(app, options, true);
}

Result<int> Resume(App& app, const Options& options) {
  return SetSuspended(app, options, false);
}

Result<int> Rollback(App& app, const Options& options) {
  v1::PinSourceRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.set_name(options.name);
  request.set_commit(options.commit);
  request.set_reason(options.reason);
  PW_ASSIGN(client::Control * control, app.control());
  return Finish(app, control->PinSource(request, app.call()), options);
}

Result<int> Release(App& app, const Options& options) {
  PW_ASSIGN(const v1::SourceRequest request, RequestFor(app, options.name));
  PW_ASSIGN(client::Control * control, app.control());
  return Finish(app, control->ReleaseSource(request, app.call()), options);
}

// The document that somebody would write, so that it is read and checked the same way.
std::string DocumentOf(const AddOptions& options) {
  Json spec{{"url", options.url}};
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) spec[name] = value;
  };
  set("branch", options.branch);
  set("path", options.path);
  set("interval", options.interval);
  if (!options.host_keys.empty()) spec["host_keys"] = options.host_keys;
  if (!options.secret.empty()) spec["credentials"]["secret"] = options.secret;
  if (!options.username.empty()) spec["credentials"]["username"] = options.username;
  return YamlText(Json{{"apiVersion", std::string(kinds::kApiVersion)},
                       {"kind", "GitSource"},
                       {"metadata", Json{{"name", options.name}}},
                       {"spec", spec}});
}

Result<int> Add(App& app, const AddOptions& options) {
  kinds::LoadOptions loose;
  loose.allow_dangling = true;  // the control plane knows what there is
  const kinds::LoadedFolder folder = kinds::LoadText(app.kinds(), DocumentOf(options), "source", loose);
  PW_TRY(folder.diagnostics.ToStatus());
  v1::ApplyRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.set_owner(options.owner);
  *request.add_puts() = folder.documents.front().object;
  PW_ASSIGN(const int code, ApplyAndFollow(app, std::move(request), {.yes = options.yes, .question = "Add it?"}));
  if (code == kDone && app.format() == OutputFormat::kTable) {
    app.terminal().out() << "podwright source describe " << options.name << " shows how it stands.\n";
  }
  return code;
}

void AddAdd(CLI::App& group, App& app) {
  auto options = std::make_shared<AddOptions>();
  CLI::App* command = group.add_subcommand("add", "Watch a branch of a repository; the same as applying a GitSource");
  command->add_option("name", options->name, "The source's name")->required();
  command->add_option("url", options->url, "https://, ssh:// or file:// URL of the repository")->required();
  command->add_option("--branch", options->branch, "The branch (else main)");
  command->add_option("--path", options->path, "The folder of documents (else all of the repository)");
  command->add_option("--interval", options->interval, "How often to look, as in 30s (else 2m)");
  command->add_option("--secret", options->secret, "The secret with a token or a private key");
  command->add_option("--username", options->username, "The user's name (else git)");
  command->add_option("--host-key", options->host_keys, "The SSH server's key, as in \"ssh-ed25519 AAAA…\"");
  command->add_option("--owner", options->owner, "The owner of the source itself");
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  command->callback([&app, options] { app.Choose([&app, options] { return Add(app, *options); }); });
}

}  // namespace

void AddSource(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("source", "Git sources: branches whose documents are what is wanted");
  group->require_subcommand(1);
  AddAdd(*group, app);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(App&, const Options&), bool waits) {
    auto options = std::make_shared<Options>();
    CLI::App* command = group->add_subcommand(name, text);
    command->add_option("name", options->name, "The source's name")->required(std::string(name) != "get");
    if (waits) {
      command->add_flag("!--no-wait", options->wait, "Do not wait for the look");
      command->add_option("--timeout", options->seconds, "How many seconds to wait");
    }
    command->callback([&app, options, run] { app.Choose([&app, options, run] { return run(app, *options); }); });
    return std::pair(command, options);
  };
  add("get", "How sources stand, or one", &Get, false);
  add("describe", "What is applied, what is wanted, what is in the way", &Describe, false);
  add("history", "Which commits were applied", &History, false);
  const auto sync = add("sync", "Look at the branch now", &Sync, true);
  sync.first->add_option("--accept", sync.second->accept,
                         "The digest of a changed plan (PlanChanged) that is to be run after all");
  const auto pull = add("pull-request", "All that a pull request's preview has to say", &PullRequest, false);
  pull.first->add_option("number", pull.second->number, "The pull request's number")->required();
  const auto reason = [](const auto& made) {
    made.first->add_option("--reason", made.second->reason, "For the audit log and for others");
  };
  reason(add("suspend", "Look at nothing until `resume`", &Suspend, true));
  add("resume", "Go on", &Resume, true);
  const auto rollback = add("rollback", "Apply an earlier commit and stay there until `release`", &Rollback, true);
  rollback.first->add_option("--to", rollback.second->commit,
                             "The commit (else the one applied before the present one)");
  reason(rollback);
  add("release", "Follow the branch again", &Release, true);
}

}  // namespace podwright::cli
