// podwright diff: field by field, what a folder would change; without a folder, what differs on the servers.
#include <google/protobuf/message.h>
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/listing.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "kinds/diff.h"
#include "kinds/registry.h"

namespace podwright::cli {
namespace {

struct ObjectDifference {
  std::string object;
  std::string what;  // "new", "changed"
  std::vector<std::string> lines;
};

Result<std::vector<std::string>> Lines(const kinds::Kind& kind, const std::string& before, const std::string& after) {
  const auto old_spec = kind.NewSpec();
  const auto new_spec = kind.NewSpec();
  if (!old_spec->ParseFromString(before) || !new_spec->ParseFromString(after)) {
    return Unimplemented("the control plane answered a " + kind.name() + " that this program cannot read");
  }
  std::vector<std::string> lines;
  for (const kinds::Difference& difference : kinds::Diff(kind.schema(), *old_spec, *new_spec)) {
    lines.push_back(difference.ToString());
  }
  return lines;
}

void AddLabelLines(const v1::StoredObject& stored, const v1::DesiredObject& desired, std::vector<std::string>* lines) {
  const std::map<std::string, std::string> before(stored.labels().begin(), stored.labels().end());
  const std::map<std::string, std::string> after(desired.labels().begin(), desired.labels().end());
  for (const auto& [key, value] : before) {
    const auto it = after.find(key);
    if (it == after.end()) {
      lines->push_back("labels." + key + ": \"" + value + "\" → unset");
    } else if (it->second != value) {
      lines->push_back("labels." + key + ": \"" + value + "\" → \"" + it->second + "\"");
    }
  }
  for (const auto& [key, value] : after) {
    if (!before.contains(key)) lines->push_back("labels." + key + ": unset → \"" + value + "\"");
  }
}

Result<std::vector<ObjectDifference>> AgainstFolder(App& app, const std::string& path) {
  PW_ASSIGN(const DocumentsToApply documents, LoadForApply(app, path));
  PW_ASSIGN(const std::string workspace, app.workspace());
  PW_ASSIGN(client::Control * control, app.control());
  std::vector<ObjectDifference> differences;
  for (const v1::DesiredObject& desired : documents.objects) {
    v1::GetRequest request;
    request.set_workspace(workspace);
    request.mutable_object()->set_kind(desired.kind());
    request.mutable_object()->set_name(desired.name());
    Result<v1::ObjectView> view = control->Get(request, app.call());
    ObjectDifference difference{RefText(request.object()), "changed", {}};
    if (!view.ok() && view.error().code() != ErrorCode::kNotFound) return std::move(view).error();
    const kinds::Kind& kind = *app.kinds().Find(desired.kind());
    if (view.ok()) {
      AddLabelLines(view->object(), desired, &difference.lines);
    } else {
      difference.what = "new";
    }
    PW_ASSIGN(std::vector<std::string> lines, Lines(kind, view.ok() ? view->object().spec() : "", desired.spec()));
    difference.lines.insert(difference.lines.end(), lines.begin(), lines.end());
    if (!difference.lines.empty() || !view.ok()) differences.push_back(std::move(difference));
  }
  return differences;
}

Result<std::vector<ObjectDifference>> OnServers(App& app) {
  PW_ASSIGN(const std::string workspace, app.workspace());
  v1::ListRequest request;
  request.set_workspace(workspace);
  std::vector<ObjectDifference> differences;
  Status status = Ok();
  PW_TRY(ForEachObject(app, std::move(request), 0, [&](const v1::ObjectView& view) {
    const kinds::Kind* kind = app.kinds().Find(view.object().kind());
    if (kind == nullptr || view.actual().empty() || !status.ok()) return;
    Result<std::vector<std::string>> lines = Lines(*kind, view.object().spec(), view.actual());
    if (!lines.ok()) {
      status = std::move(lines).error();
    } else if (!lines->empty()) {
      differences.push_back({view.object().kind() + "/" + view.object().name(), "drifted", *std::move(lines)});
    }
  }));
  PW_TRY(status);
  return differences;
}

Result<int> RunDiff(App& app, const std::string& path, bool exit_code) {
  Result<std::vector<ObjectDifference>> differences = path.empty() ? OnServers(app) : AgainstFolder(app, path);
  PW_TRY(differences);
  const int code = exit_code && !differences->empty() ? kChanges : kDone;
  Json list = Json::array();
  for (const ObjectDifference& difference : *differences) {
    list.push_back({{"object", difference.object}, {"what", difference.what}, {"differences", difference.lines}});
  }
  if (app.PrintStructured(list)) return code;
  for (const ObjectDifference& difference : *differences) {
    app.terminal().out() << app.terminal().Paint(Style::kBold, difference.object) << " (" << difference.what << ")\n";
    for (const std::string& line : difference.lines) app.terminal().out() << "  " << Printable(line) << "\n";
  }
  if (differences->empty()) app.terminal().out() << "No differences.\n";
  return code;
}

}  // namespace

void AddDiff(CLI::App& root, App& app) {
  struct Options {
    std::string path;
    bool exit_code = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "diff", "Field by field: what a folder would change; without one, what differs on the servers");
  command->add_option("path", options->path, "Folder or file of documents");
  command->add_flag("--exit-code", options->exit_code, "2 when something differs");
  command->callback(
      [&app, options] { app.Choose([&app, options] { return RunDiff(app, options->path, options->exit_code); }); });
}

}  // namespace podwright::cli
