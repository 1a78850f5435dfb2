// podwright version.
#include "core/version.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/terminal.h"
#include "kinds/registry.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

Result<int> RunVersion(App& app, bool server) {
  Json value;
  value["version"] = std::string(kVersion);
  Json& revisions = value["schema_revisions"];
  for (const kinds::Kind* kind : app.kinds().All()) revisions[kind->name()] = kind->schema_revision();
  std::string text = "podwright " + std::string(kVersion) + "\n";
  if (server) {
    PW_ASSIGN(client::Control * control, app.control());
    PW_ASSIGN(const v1::Info info, control->GetInfo(app.call()));
    Json& remote = value["server"];
    remote["version"] = info.version();
    remote["installation"] = info.installation();
    remote["epoch"] = info.epoch();
    remote["ca_fingerprint"] = info.ca_fingerprint();
    remote["agents_address"] = info.agents_address();
    remote["role"] = info.role();
    remote["workspace"] = info.workspace();
    for (const auto& [kind, revision] : info.schema_revisions()) remote["schema_revisions"][kind] = revision;
    text += "podwrightd " + info.version() + ", installation " + info.installation() + "\n";
    text += "agents connect to " + info.agents_address() + "\n";
    text += "this token: role " + info.role() + ", workspace " + info.workspace() + "\n";
  }
  if (!app.PrintStructured(value)) app.terminal().out() << Printable(text);
  return kDone;
}

}  // namespace

void AddVersion(CLI::App& root, App& app) {
  auto server = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("version", "The version of this program, and of the control plane");
  command->add_flag("--server", *server, "Ask the control plane, too");
  command->callback([&app, server] { app.Choose([&app, server] { return RunVersion(app, *server); }); });
}

}  // namespace podwright::cli
