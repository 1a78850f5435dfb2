#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <ostream>
#include <utility>

#include "cli/commands/commands.h"
#include "cli/terminal.h"
#include "kinds/registry.h"

namespace podwright::cli {
namespace {

// What a person can do about it, beyond what the message says.
std::string Hint(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kUnauthenticated:
      return "the token is unknown, expired or revoked; `podwright context show` says which one is used";
    case ErrorCode::kPermissionDenied: return "`podwright version --server` shows the role and workspace of this token";
    case ErrorCode::kUnavailable: return "`podwright context show` says where the control plane is expected";
    case ErrorCode::kUnimplemented:
      return "the control plane may be older than this program: `podwright version --server`";
    default: return "";
  }
}

}  // namespace

App::App(Terminal& terminal, Outside outside) : terminal_(terminal), outside_(std::move(outside)) {}
App::~App() = default;

void App::Build(CLI::App& root) {
  root.description("Declare servers and what runs on them; see what would be done; have it done and kept.");
  root.require_subcommand(1);
  root.fallthrough();
  root.set_help_all_flag("--help-all", "Help of all commands");
  const auto global = [&](CLI::Option* option) { option->group("Global options"); };
  global(root.add_option_function<std::string>(
                 "-o,--output",
                 [this](const std::string& text) { format_ = ParseOutputFormat(text).value_or(format_); },
                 "table, json or yaml")
             ->check(CLI::IsMember({"table", "json", "yaml"})));
  const auto setting = [&](const char* name, std::optional<std::string> client::Settings::*member, const char* text) {
    global(root.add_option_function<std::string>(
        name, [this, member](const std::string& value) { settings_.*member = value; }, text));
  };
  setting("--context", &client::Settings::context, "The context to use (else PODWRIGHT_CONTEXT, else the current one)");
  setting("--endpoint", &client::Settings::endpoint, "HOST:PORT of the control plane (else PODWRIGHT_ENDPOINT)");
  setting("--ca-file", &client::Settings::ca_file, "The CA's certificate as PEM (else PODWRIGHT_CA_FILE)");
  setting("-w,--workspace", &client::Settings::workspace, "The workspace (else PODWRIGHT_WORKSPACE)");
  global(root.add_flag_function(
      "--no-color", [this](std::int64_t) { terminal_.DisableColor(); }, "No colours"));

  AddValidate(root, *this);
  AddPlanAndApply(root, *this);
  AddPreview(root, *this);
  AddDiff(root, *this);
  AddGet(root, *this);
  AddWatch(root, *this);
  AddDelete(root, *this);
  AddTransfer(root, *this);
  AddExport(root, *this);
  AddSource(root, *this);
  AddRun(root, *this);
  AddApprove(root, *this);
  AddPause(root, *this);
  AddEvents(root, *this);
  AddAudit(root, *this);
  AddToken(root, *this);
  AddAgent(root, *this);
  AddContext(root, *this);
  AddLab(root, *this);
  AddSecret(root, *this);
  AddExplain(root, *this);
  AddCompletion(root, *this);
  AddVersion(root, *this);
}

int App::Run(const std::vector<std::string>& args) {
  CLI::App root("", "podwright");
  Build(root);
  // CLI11 takes the arguments in reverse.
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    root.parse(std::move(reversed));
  } catch (const CLI::ParseError& e) {
    const int code = root.exit(e, terminal_.out(), terminal_.err());
    return code == 0 ? kDone : kUsage;
  }
  if (!action_) return kUsage;
  return Finish(action_());
}

int App::Finish(const Result<int>& result) {
  terminal_.out() << std::flush;
  if (result.ok()) return *result;
  if (cancellation_.cancelled()) return kInterrupted;
  terminal_.err() << terminal_.Paint(Style::kRed, "error") << ": " << Printable(result.error().ToString()) << "\n";
  if (const std::string hint = Hint(result.error()); !hint.empty()) terminal_.err() << "hint: " << hint << "\n";
  return kFailed;
}

const kinds::Registry& App::kinds() const {
  return kinds::AllKinds();
}

client::CallOptions App::call() {
  return {.timeout = {}, .cancellation = &cancellation_, .on_outage = [this](const std::string& what) {
            terminal_.err() << Printable(what) << "\n" << std::flush;
          }};
}

Result<client::Context> App::context() {
  return client::ResolveContext(settings_, outside_.environment);
}

Result<client::Control*> App::control() {
  if (!control_) {
    PW_ASSIGN(const client::Context resolved, context());
    PW_ASSIGN(control_, outside_.connect(resolved));
  }
  return control_.get();
}

Result<std::string> App::workspace() {
  PW_ASSIGN(client::Context resolved, context());
  return std::move(resolved.workspace);
}

bool App::PrintStructured(const Json& value) {
  if (format_ == OutputFormat::kTable) return false;
  terminal_.out() << (format_ == OutputFormat::kJson ? JsonText(value) : YamlText(value));
  return true;
}

}  // namespace podwright::cli
