// podwright lab up|down|list|ssh.
#include <google/protobuf/message.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/applying.h"
#include "cli/commands/commands.h"
#include "cli/render/message.h"
#include "cli/terminal.h"
#include "kinds/registry.h"
#include "kinds/text.h"

namespace podwright::cli {
namespace {

constexpr char kOwner[] = "cli:lab";
constexpr std::uint32_t kMostLabObjects = 1000;

struct Options {
  int count = 0;
  std::string server;
  std::vector<std::string> command;
  bool print = false;
  ApplyChoices choices;
};

Result<v1::ApplyRequest> LabRequest(App& app) {
  PW_ASSIGN(const std::string workspace, app.workspace());
  v1::ApplyRequest request;
  request.set_workspace(workspace);
  request.set_owner(kOwner);
  return request;
}

// What is there and not put is deleted by its name: it is meant, and policy takes no such server for a loss of data.
Status DeleteTheRest(App& app, v1::ApplyRequest* request) {
  v1::ListRequest list;
  list.set_workspace(request->workspace());
  list.set_owner(kOwner);
  list.set_page_size(kMostLabObjects);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::ListResponse there, control->List(list, app.call()));
  for (const v1::ObjectView& view : there.objects()) {
    const v1::StoredObject& object = view.object();
    const bool stays = std::any_of(request->puts().begin(), request->puts().end(), [&](const v1::DesiredObject& put) {
      return put.kind() == object.kind() && put.name() == object.name();
    });
    if (stays || object.owner() != kOwner || view.phase() == v1::PHASE_DELETING) continue;
    v1::ObjectRef* ref = request->add_deletes();
    ref->set_kind(object.kind());
    ref->set_name(object.name());
  }
  return Ok();
}

Result<int> Up(App& app, const Options& options) {
  PW_ASSIGN(v1::ApplyRequest request, LabRequest(app));
  request.set_scope(v1::APPLY_SCOPE_WHOLE_OWNER);
  const kinds::Kind* kind = app.kinds().Find("server");
  if (kind == nullptr) return Unimplemented("this program knows no servers");
  PW_ASSIGN(const auto spec, kinds::SpecFromJson(*kind, R"({"cloud":"lab"})"));
  for (int i = 1; i <= options.count; ++i) {
    v1::DesiredObject& put = *request.add_puts();
    put.set_kind("server");
    put.set_name("lab-" + std::to_string(i));
    put.set_spec(spec->SerializeAsString());
    put.set_schema_revision(kind->schema_revision());
  }
  PW_TRY(DeleteTheRest(app, &request));
  return ApplyAndFollow(app, std::move(request), options.choices);
}

Result<int> Down(App& app, const Options& options) {
  PW_ASSIGN(v1::ApplyRequest request, LabRequest(app));
  PW_TRY(DeleteTheRest(app, &request));
  return ApplyAndFollow(app, std::move(request), options.choices);
}

Result<int> List(App& app, const Options&) {
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::ListMachinesResponse response, control->ListMachines(app.call()));
  Json list = Json::array();
  Table table({"SERVER", "STATE", "ADDRESSES", "MACHINE", "STRAY"});
  for (const v1::MachineView& machine : response.machines()) {
    if (machine.cloud() != "lab") continue;
    list.push_back(MessageJson(machine));
    std::string addresses;
    for (const std::string& address : machine.addresses()) addresses += (addresses.empty() ? "" : ",") + address;
    table.Add({machine.server(), machine.state(), addresses, machine.id(), machine.stray() ? "yes" : ""});
  }
  if (!app.PrintStructured(list)) app.terminal().out() << table.Text();
  return kDone;
}

bool IsOnThisHost(const std::string& endpoint) {
  return endpoint.starts_with("127.") || endpoint.starts_with("localhost:") || endpoint.starts_with("[::1]:");
}

Result<int> Ssh(App& app, const Options& options) {
  PW_ASSIGN(const client::Context context, app.context());
  if (!IsOnThisHost(context.endpoint)) {
    return FailedPrecondition("lab servers are reached on the control plane's own host; this one is at " +
                              context.endpoint);
  }
  v1::MachineShellRequest request;
  request.set_workspace(context.workspace);
  request.set_server(options.server);
  const TerminalTraits& traits = app.terminal().traits();
  request.set_terminal(options.command.empty() && !options.print && traits.in_is_terminal && traits.out_is_terminal);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::MachineShellResponse response, control->MachineShell(request, app.call()));
  std::vector<std::string> argv(response.argv().begin(), response.argv().end());
  if (argv.empty()) return Internal("the control plane answered no command");
  if (options.print) {
    if (app.PrintStructured(Json(argv))) return kDone;
    std::string line;
    for (const std::string& part : argv) line += (line.empty() ? "" : " ") + part;
    app.terminal().out() << Printable(line) << "\n";
    return kDone;
  }
  if (options.command.empty() && !request.terminal()) argv.insert(argv.end(), {"bash", "--login"});
  argv.insert(argv.end(), options.command.begin(), options.command.end());
  app.terminal().out() << std::flush;
  PW_TRY(app.Exec(argv));
  return kFailed;
}

}  // namespace

void AddLab(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("lab", "Servers as containers on the control plane's own host");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(App&, const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = group->add_subcommand(name, text);
    command->callback([&app, options, run] { app.Choose([&app, options, run] { return run(app, *options); }); });
    return std::pair(command, options);
  };
  const auto [up, up_options] = add("up", "Have servers lab-1 … lab-N, and no more of them", &Up);
  up->add_option("count", up_options->count, "How many")->required()->check(CLI::Range(1, 100));
  up->add_flag("-y,--yes", up_options->choices.yes, "Do not ask");
  up->add_flag("!--no-wait", up_options->choices.wait, "Do not wait for the end of the run");
  const auto [down, down_options] = add("down", "Delete the servers that `lab up` made", &Down);
  down->add_flag("-y,--yes", down_options->choices.yes, "Do not ask");
  down->add_flag("!--no-wait", down_options->choices.wait, "Do not wait for the end of the run");
  add("list", "The lab's machines, strays too", &List);
  const auto [ssh, ssh_options] = add("ssh", "A shell on a lab server, or a command: lab ssh NAME -- COMMAND", &Ssh);
  ssh->add_option("server", ssh_options->server, "The server's name")->required();
  ssh->add_option("command", ssh_options->command, "What to run instead of a shell");
  ssh->add_flag("--print", ssh_options->print, "Print the command that leads there, and do not run it");
}

}  // namespace podwright::cli
