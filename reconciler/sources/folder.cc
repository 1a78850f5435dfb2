#include "reconciler/sources/folder.h"

#include <algorithm>
#include <utility>

#include "kinds/loader.h"
#include "reconciler/control/control_plane.h"

namespace podwright::sources {
namespace {

// What documents may refer to without declaring it. What this source would delete is not there.
kinds::LoadOptions Known(const std::string& workspace, const std::string& owner, bool prune,
                         control::ControlPlane& control) {
  kinds::LoadOptions options;
  for (const control::ObjectHead& head : control.ObjectHeads(workspace)) {
    if (prune && head.owner == owner) continue;
    options.known.emplace(head.kind, head.name);
  }
  return options;
}

Folder Refused(const std::string& reason, std::string message) {
  Folder out;
  out.reason = reason;
  out.message = std::move(message);
  return out;
}

}  // namespace

Folder ReadFolder(FolderLoader& loader, const git::Mirror& mirror, const std::string& id, const std::string& where,
                  const control::ObjectId& source, const v1::kinds::GitSourceSpec& spec,
                  control::ControlPlane& control) {
  const std::string owner = "git:" + source.name;
  auto loaded = loader.Load(mirror, id, spec.path(), Known(source.workspace, owner, spec.prune(), control));
  if (!loaded.ok()) {
    const bool broken = loaded.error().code() == ErrorCode::kDataLoss;
    return Refused(broken ? kMirrorBroken : kBadFolder, loaded.error().Wrap(where).ToString());
  }
  kinds::JoinedFolder& folder = loaded->folder;
  Folder out;
  out.files = loaded->files;
  out.parsed = loaded->parsed;
  out.diagnostics = std::move(folder.diagnostics);
  if (out.diagnostics.has_errors()) {
    const auto& items = out.diagnostics.items();
    const auto errors = std::count_if(items.begin(), items.end(), [](const kinds::Diagnostic& item) {
      return item.severity == kinds::Severity::kError;
    });
    out.reason = kBrokenDocuments;
    out.message = where + " has " + std::to_string(errors) + (errors == 1 ? " error" : " errors") +
                  "; everything stays as it runs";
    return out;
  }
  if (folder.documents.empty()) {
    out.reason = kEmptyFolder;
    out.message = where + ": " + (spec.path().empty() ? "the repository" : spec.path()) +
                  " holds no documents; an empty folder never deletes anything. To end the source's objects: podwright "
                  "delete; to end the source: delete its GitSource";
    return out;
  }
  out.request.set_workspace(source.workspace);
  out.request.set_owner(owner);
  out.request.set_scope(spec.prune() ? v1::APPLY_SCOPE_WHOLE_OWNER : v1::APPLY_SCOPE_LISTED);
  out.request.mutable_puts()->Reserve(static_cast<int>(folder.documents.size()));
  for (const kinds::ParsedDocument* document : folder.documents) *out.request.add_puts() = document->object;
  return out;
}

}  // namespace podwright::sources
