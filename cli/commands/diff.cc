// podwright diff: field by field, what a folder would change; without a folder, what differs on the servers; between
// two commits of a local clone, what the documents say differently.
#include <google/protobuf/message.h>
#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/documents.h"
#include "cli/git_tree.h"
#include "cli/listing.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "kinds/diff.h"
#include "kinds/registry.h"

namespace podwright::cli {
namespace {

struct Options {
  std::string path;
  bool exit_code = false;
  std::string repository = ".";
  std::string git_a;
  std::string git_b;
};

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

using Documents = std::map<std::pair<std::string, std::string>, v1::DesiredObject>;

Result<Documents> DocumentsAt(App& app, const Options& options, const std::string& reference) {
  const GitClone clone(options.repository);
  PW_ASSIGN(const std::string commit, clone.Resolve(reference));
  PW_ASSIGN(const std::vector<kinds::NamedText> files, clone.Read(commit, options.path));
  kinds::LoadOptions loose;
  loose.allow_dangling = true;
  kinds::LoadedFolder folder = kinds::LoadTexts(app.kinds(), files, loose);
  PrintDiagnostics(folder.diagnostics, app.terminal());
  if (folder.diagnostics.has_errors()) return InvalidArgument("the documents of " + reference + " have errors");
  Documents documents;
  for (kinds::LoadedDocument& document : folder.documents) {
    documents[{document.object.kind(), document.object.name()}] = std::move(document.object);
  }
  return documents;
}

// No control plane is asked.
Result<std::vector<ObjectDifference>> BetweenCommits(App& app, const Options& options) {
  PW_ASSIGN(Documents before, DocumentsAt(app, options, options.git_a));
  PW_ASSIGN(const Documents after, DocumentsAt(app, options, options.git_b));
  std::vector<ObjectDifference> differences;
  for (const auto& [id, desired] : after) {
    const auto old = before.find(id);
    const bool is_new = old == before.end();
    ObjectDifference difference{id.first + "/" + id.second, is_new ? "new" : "changed", {}};
    if (!is_new) {
      v1::StoredObject labels;
      *labels.mutable_labels() = old->second.labels();
      AddLabelLines(labels, desired, &difference.lines);
    }
    PW_ASSIGN(const std::vector<std::string> lines,
              Lines(*app.kinds().Find(id.first), is_new ? "" : old->second.spec(), desired.spec()));
    difference.lines.insert(difference.lines.end(), lines.begin(), lines.end());
    if (!is_new) before.erase(old);
    if (is_new || !difference.lines.empty()) differences.push_back(std::move(difference));
  }
  for (const auto& [id, old] : before) differences.push_back({id.first + "/" + id.second, "deleted", {}});
  return differences;
}

Result<std::vector<ObjectDifference>> Find(App& app, const Options& options) {
  if (options.git_a.empty() != options.git_b.empty()) return InvalidArgument("--git-a and --git-b go together");
  if (!options.git_a.empty()) return BetweenCommits(app, options);
  return options.path.empty() ? OnServers(app) : AgainstFolder(app, options.path);
}

Result<int> RunDiff(App& app, const Options& options) {
  PW_ASSIGN(const std::vector<ObjectDifference> found, Find(app, options));
  const int code = options.exit_code && !found.empty() ? kChanges : kDone;
  Json list = Json::array();
  for (const ObjectDifference& difference : found) {
    list.push_back({{"object", difference.object}, {"what", difference.what}, {"differences", difference.lines}});
  }
  if (app.PrintStructured(list)) return code;
  for (const ObjectDifference& difference : found) {
    app.terminal().out() << app.terminal().Paint(Style::kBold, difference.object) << " (" << difference.what << ")\n";
    for (const std::string& line : difference.lines) app.terminal().out() << "  " << Printable(line) << "\n";
  }
  if (found.empty()) app.terminal().out() << "No differences.\n";
  return code;
}

}  // namespace

void AddDiff(CLI::App& root, App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "diff", "Field by field: what a folder would change; without one, what differs on the servers");
  command->add_option("path", options->path, "Folder or file of documents; with --git-a the folder in the repository");
  command->add_option("--git-a", options->git_a, "A commit of a local clone …");
  command->add_option("--git-b", options->git_b, "… and the one to compare it with");
  command->add_option("--repo", options->repository, "The local clone (else the current folder)");
  command->add_flag("--exit-code", options->exit_code, "2 when something differs");
  command->callback([&app, options] { app.Choose([&app, options] { return RunDiff(app, *options); }); });
}

}  // namespace podwright::cli
