// podwright run list|get|logs|cancel|release|retry.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/follow.h"
#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/clock.h"
#include "core/digest.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

struct Options {
  std::string id;
  std::string object;
  std::size_t limit = 20;
  bool follow = false;
  bool wait = true;
};

Result<v1::GetRunRequest> RunRequest(App& app, const std::string& id) {
  PW_ASSIGN(const std::string workspace, app.workspace());
  v1::GetRunRequest request;
  request.set_workspace(workspace);
  request.set_id(id);
  return request;
}

Result<int> List(App& app, const Options& options) {
  v1::ListRunsRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  if (!options.object.empty()) {
    PW_ASSIGN(*request.mutable_object(), ParseRef(app.kinds(), options.object));
  }
  PW_ASSIGN(client::Control * control, app.control());
  Json list = Json::array();
  Table table({"RUN", "STATE", "OBJECTS", "BY", "AGE"});
  std::size_t seen = 0;
  do {
    const std::size_t wanted = options.limit == 0 ? 200 : std::min<std::size_t>(200, options.limit - seen);
    request.set_page_size(static_cast<std::uint32_t>(wanted));
    PW_ASSIGN(const v1::ListRunsResponse page, control->ListRuns(request, app.call()));
    for (const v1::Run& run : page.runs()) {
      ++seen;
      list.push_back(MessageJson(run));
      std::string objects;
      for (const v1::ObjectRef& ref : run.objects()) objects += (objects.empty() ? "" : ",") + RefText(ref);
      if (DisplayWidth(objects) > 40) objects = std::to_string(run.objects_size()) + " objects";
      table.Add({run.id(), std::string(RunStateWord(run.state())), objects, run.actor(),
                 Age(run.created_unix_ms(), ToUnixMillis(app.clock().Now()))});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && (options.limit == 0 || seen < options.limit));
  if (!app.PrintStructured(list)) app.terminal().out() << table.Text();
  return kDone;
}

void PrintRun(App& app, const v1::Run& run) {
  Terminal& terminal = app.terminal();
  std::ostream& out = terminal.out();
  out << terminal.Paint(Style::kBold, "Run " + run.id()) << "  " << RunStateWord(run.state()) << "\n"
      << "Owner:     " << Printable(run.owner()) << "\nBy:        " << Printable(run.actor()) << "\n"
      << "Begun:     " << TimeText(run.created_unix_ms()) << "\nEnded:     " << TimeText(run.finished_unix_ms()) << "\n"
      << "Digest:    " << HexEncode(run.plan_digest()) << (run.bound() ? " (bound)" : "") << "\n"
      << "Downtime:  estimated " << DurationWords(run.estimated_downtime_ms()) << ", measured "
      << DurationWords(run.measured_downtime_ms()) << "\n";
  for (const std::string& text : run.waiting()) out << "Waits:     " << Printable(text) << "\n";
  if (!run.released_by().empty()) out << "Released:  by " << Printable(run.released_by()) << "\n";
  if (!run.error().empty()) out << "Error:     " << Printable(run.error()) << "\n";
  Table table({"STATE", "SERVER", "ACTION", "ATTEMPT", "TOOK"});
  for (const v1::ActionRecord& record : run.actions()) {
    const bool timed = record.sent_unix_ms() > 0 && record.done_unix_ms() >= record.sent_unix_ms();
    table.Add({std::string(ActionStateWord(record.state())), record.action().server(), record.action().summary(),
               std::to_string(record.attempt()),
               timed ? DurationWords(record.done_unix_ms() - record.sent_unix_ms()) : "-"});
  }
  if (!table.empty()) out << "\n" << table.Text();
}

Result<int> Get(App& app, const Options& options) {
  PW_ASSIGN(const v1::GetRunRequest request, RunRequest(app, options.id));
  if (options.follow && app.format() == OutputFormat::kTable) return FollowRun(app, request.workspace(), options.id);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::Run run, control->GetRun(request, app.call()));
  if (!app.PrintStructured(MessageJson(run))) PrintRun(app, run);
  return kDone;
}

Result<int> Logs(App& app, const Options& options) {
  if (options.follow) {
    PW_ASSIGN(const v1::GetRunRequest request, RunRequest(app, options.id));
    return FollowRun(app, request.workspace(), options.id);
  }
  PW_ASSIGN(const v1::GetRunRequest request, RunRequest(app, options.id));
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::Run run, control->GetRun(request, app.call()));
  Json list = Json::array();
  for (const v1::ActionRecord& record : run.actions()) {
    list.push_back({{"action", record.action().id()},
                    {"server", record.action().server()},
                    {"summary", record.action().summary()},
                    {"state", std::string(ActionStateWord(record.state()))},
                    {"error", record.outcome().error()},
                    {"log", record.outcome().log()}});
  }
  if (app.PrintStructured(list)) return kDone;
  std::ostream& out = app.terminal().out();
  for (const v1::ActionRecord& record : run.actions()) {
    out << TimeText(record.done_unix_ms() > 0 ? record.done_unix_ms() : record.sent_unix_ms()) << "  "
        << ActionStateWord(record.state()) << "  " << Printable(record.action().server()) << "  "
        << Printable(record.action().summary()) << "\n";
    for (const std::string& line : record.outcome().log()) out << "    " << Printable(line) << "\n";
    if (!record.outcome().error().empty()) out << "    error: " << Printable(record.outcome().error()) << "\n";
  }
  return kDone;
}

Result<int> Cancel(App& app, const Options& options) {
  PW_ASSIGN(const v1::GetRunRequest request, RunRequest(app, options.id));
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::Run run, control->CancelRun(request, app.call()));
  if (app.PrintStructured(MessageJson(run))) return kDone;
  app.terminal().out() << "Run " << run.id() << " is " << RunStateWord(run.state())
                       << (Ended(run.state()) ? "" : "; it ends when the actions under way have ended") << ".\n";
  return kDone;
}

Result<int> Release(App& app, const Options& options) {
  PW_ASSIGN(const v1::GetRunRequest request, RunRequest(app, options.id));
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::Run run, control->ReleaseRun(request, app.call()));
  if (app.PrintStructured(MessageJson(run))) return kDone;
  app.terminal().out() << "Run " << run.id() << " waits for no window any more.\n";
  return kDone;
}

Result<int> Retry(App& app, const Options& options) {
  v1::RetryRequest request;
  PW_ASSIGN(const std::string workspace, app.workspace());
  request.set_workspace(workspace);
  if (options.id.find('/') != std::string::npos) {
    PW_ASSIGN(*request.mutable_object(), ParseRef(app.kinds(), options.id));
  } else {
    request.set_run(options.id);
  }
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::RetryResponse response, control->Retry(request, app.call()));
  if (response.run().empty()) {
    if (!app.PrintStructured(Json{{"run", nullptr}})) app.terminal().out() << "Nothing is stalled.\n";
    return kDone;
  }
  if (!options.wait) {
    if (!app.PrintStructured(Json{{"run", response.run()}})) {
      app.terminal().out() << "Run " << response.run() << " has begun.\n";
    }
    return kDone;
  }
  v1::Run last;
  PW_ASSIGN(const int code, FollowRun(app, workspace, response.run(), &last));
  app.PrintStructured(Json{{"run", MessageJson(last)}});
  return code;
}

}  // namespace

void AddRun(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("run", "Runs: what was done, and what is being done");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(App&, const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = group->add_subcommand(name, text);
    command->callback([&app, options, run] { app.Choose([&app, options, run] { return run(app, *options); }); });
    return std::pair(command, options);
  };
  const auto [list, list_options] = add("list", "The latest runs", &List);
  list->add_option("--object", list_options->object, "Only runs of KIND/NAME");
  list->add_option("--limit", list_options->limit, "At most so many (0: all)")->capture_default_str();
  const auto [get, get_options] = add("get", "One run with its actions", &Get);
  get->add_option("id", get_options->id, "The run")->required();
  get->add_flag("-f,--follow", get_options->follow, "Until it has ended");
  const auto [logs, logs_options] = add("logs", "What the actions of a run said", &Logs);
  logs->add_option("id", logs_options->id, "The run")->required();
  logs->add_flag("-f,--follow", logs_options->follow, "Until it has ended");
  const auto [cancel, cancel_options] = add("cancel", "Begin no further action of a run", &Cancel);
  cancel->add_option("id", cancel_options->id, "The run")->required();
  const auto [release, release_options] = add("release", "Let what waits for a maintenance window go now", &Release);
  release->add_option("id", release_options->id, "The run")->required();
  const auto [retry, retry_options] = add("retry", "Try again what is stalled", &Retry);
  retry->add_option("id", retry_options->id, "The run, or KIND/NAME")->required();
  retry->add_flag("!--no-wait", retry_options->wait, "Do not wait for the end of the run");
}

}  // namespace podwright::cli
