#include "cli/git_preview.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/app.h"
#include "cli/applying.h"
#include "cli/git_tree.h"
#include "cli/listing.h"
#include "kinds/registry.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/kinds/git_source.pb.h"

namespace podwright::cli {
namespace {

struct Target {
  std::string owner;
  std::string path;
  bool prune = true;
};

Result<Target> TargetOf(App& app, const GitPreviewChoices& choices) {
  if (choices.source.empty()) {
    if (choices.owner.empty()) return InvalidArgument("say whose objects these are: --source NAME, or --owner OWNER");
    return Target{choices.owner, choices.path, true};
  }
  v1::GetRequest request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.mutable_object()->set_kind("git_source");
  request.mutable_object()->set_name(choices.source);
  PW_ASSIGN(client::Control * control, app.control());
  PW_ASSIGN(const v1::ObjectView view, control->Get(request, app.call()));
  v1::kinds::GitSourceSpec spec;
  if (!spec.ParseFromString(view.object().spec())) {
    return Unimplemented("the control plane answered a git_source that this program cannot read");
  }
  return Target{"git:" + choices.source, choices.path.empty() ? spec.path() : choices.path,
                !spec.has_prune() || spec.prune()};
}

// What the documents may refer to without declaring it.
Result<kinds::LoadOptions> Known(App& app, const Target& target) {
  kinds::LoadOptions options;
  v1::ListRequest everything;
  PW_ASSIGN(*everything.mutable_workspace(), app.workspace());
  PW_TRY(ForEachObject(app, std::move(everything), 0, [&](const v1::ObjectView& view) {
    const v1::StoredObject& object = view.object();
    if (object.lifecycle() != v1::LIFECYCLE_LIVE || (target.prune && object.owner() == target.owner)) return;
    options.known.emplace(object.kind(), object.name());
  }));
  return options;
}

// What the change does to documents, by object.
std::vector<PlannedResource> Changes(App& app, const GitClone& clone, const std::string& base, const std::string& path,
                                     const kinds::LoadedFolder& after) {
  kinds::LoadOptions loose;
  loose.allow_dangling = true;
  std::map<std::pair<std::string, std::string>, std::string> before;
  const auto files = clone.Read(base, path);
  if (files.ok()) {
    for (const kinds::LoadedDocument& document : kinds::LoadTexts(app.kinds(), *files, loose).documents) {
      before[{document.object.kind(), document.object.name()}] = document.object.SerializeAsString();
    }
  }
  std::vector<PlannedResource> changes;
  const auto add = [&](const std::string& where, const std::string& kind, const std::string& name, const char* change) {
    PlannedResource resource;
    resource.address = where;
    resource.object.set_kind(kind);
    resource.object.set_name(name);
    resource.change = change;
    changes.push_back(std::move(resource));
  };
  for (const kinds::LoadedDocument& document : after.documents) {
    const auto old = before.find({document.object.kind(), document.object.name()});
    const bool is_new = old == before.end();
    if (is_new || old->second != document.object.SerializeAsString()) {
      add(document.location.ToString(), document.object.kind(), document.object.name(), is_new ? "create" : "update");
    }
    if (!is_new) before.erase(old);
  }
  for (const auto& [id, text] : before) add("no longer there", id.first, id.second, "delete");
  return changes;
}

}  // namespace

Result<GitPreview> MakeGitPreview(App& app, const GitPreviewChoices& choices) {
  PW_ASSIGN(const Target target, TargetOf(app, choices));
  const GitClone clone(choices.repository);
  PW_ASSIGN(const std::string base, clone.Resolve(choices.base));
  PW_ASSIGN(const std::string head, clone.Resolve(choices.head));
  GitPreview out;
  StackPreview made;
  made.title = target.owner + ": " + head.substr(0, 12) + " into " + base.substr(0, 12);
  made.planned.stack = choices.source;
  v1::ApplyRequest& request = made.planned.request;
  PW_ASSIGN(*request.mutable_workspace(), app.workspace());
  request.set_owner(target.owner);
  request.set_scope(target.prune ? v1::APPLY_SCOPE_WHOLE_OWNER : v1::APPLY_SCOPE_LISTED);
  const auto finish = [&](const Error& error) {
    out.problem = error.ToString();
    out.preview.stacks.push_back(std::move(made));
    return std::move(out);
  };

  const Result<std::string> tree = clone.Merged(base, head);
  if (!tree.ok() && tree.error().code() == ErrorCode::kFailedPrecondition) return finish(tree.error());
  PW_TRY(tree);
  const auto files = clone.Read(*tree, target.path);
  if (!files.ok() && files.error().code() == ErrorCode::kInvalidArgument) return finish(files.error());
  PW_TRY(files);
  PW_ASSIGN(const kinds::LoadOptions known, Known(app, target));
  kinds::LoadedFolder folder = kinds::LoadTexts(app.kinds(), *files, known);
  out.diagnostics = folder.diagnostics;
  if (folder.diagnostics.has_errors())
    return finish(InvalidArgument("the documents have errors; a merge would change nothing"));
  if (folder.documents.empty()) {
    return finish(InvalidArgument("there are no documents; an empty folder changes nothing"));
  }
  made.planned.resources = Changes(app, clone, base, target.path, folder);
  for (const kinds::LoadedDocument& document : folder.documents) *request.add_puts() = document.object;
  Result<v1::ApplyResponse> response = DryRun(app, request);
  if (!response.ok()) {
    const ErrorCode code = response.error().code();
    // Of the change, not of the asking: the comment should say it.
    if (code == ErrorCode::kInvalidArgument || code == ErrorCode::kConflict || code == ErrorCode::kFailedPrecondition) {
      return finish(response.error());
    }
    return std::move(response).error();
  }
  made.response = *std::move(response);
  out.preview.stacks.push_back(std::move(made));
  return out;
}

}  // namespace podwright::cli
