// podwright validate: a folder of documents, checked without a control plane.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/terminal.h"
#include "kinds/loader.h"

namespace podwright::cli {
namespace {

Json DiagnosticJson(const kinds::Diagnostic& diagnostic) {
  Json value;
  value["severity"] = diagnostic.severity == kinds::Severity::kError ? "error" : "warning";
  value["message"] = diagnostic.message;
  if (!diagnostic.suggestion.empty()) value["suggestion"] = diagnostic.suggestion;
  if (diagnostic.location.known()) {
    value["file"] = diagnostic.location.file;
    value["line"] = diagnostic.location.line;
    value["column"] = diagnostic.location.column;
  }
  if (!diagnostic.path.empty()) value["path"] = diagnostic.path.ToString();
  return value;
}

Result<int> Validate(App& app, const std::string& path, bool allow_dangling) {
  kinds::LoadOptions options;
  options.allow_dangling = allow_dangling;
  const kinds::LoadedFolder folder = LoadPath(app.kinds(), path, options);
  const int code = folder.diagnostics.has_errors() ? kFailed : kDone;

  Json value;
  value["valid"] = code == kDone;
  value["documents"] = folder.documents.size();
  value["diagnostics"] = Json::array();
  for (const kinds::Diagnostic& diagnostic : folder.diagnostics) {
    value["diagnostics"].push_back(DiagnosticJson(diagnostic));
  }
  if (app.PrintStructured(value)) return code;

  PrintDiagnostics(folder.diagnostics, app.terminal());
  if (code == kDone) {
    app.terminal().out() << app.terminal().Paint(Style::kGreen, "valid") << ": " << folder.documents.size()
                         << (folder.documents.size() == 1 ? " document" : " documents") << "\n";
  }
  return code;
}

}  // namespace

void AddValidate(CLI::App& root, App& app) {
  struct Options {
    std::string path = ".";
    bool allow_dangling = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      root.add_subcommand("validate", "Check a folder of documents, or one file, without a control plane");
  command->add_option("path", options->path, "Folder or file")->capture_default_str();
  command->add_flag("--allow-dangling", options->allow_dangling,
                    "References to objects that are not in the folder are fine");
  command->callback([&app, options] {
    app.Choose([&app, options] { return Validate(app, options->path, options->allow_dangling); });
  });
}

}  // namespace podwright::cli
