#include "reconciler/sources/taking.h"

#include <google/protobuf/message.h>

#include <map>
#include <utility>

#include "kinds/canonical.h"
#include "kinds/registry.h"
#include "kinds/validate.h"
#include "podwright/v1/control.pb.h"
#include "reconciler/control/caller.h"
#include "reconciler/control/control_plane.h"
#include "reconciler/sources/folder.h"

namespace podwright::sources {
namespace {

using Labels = std::map<std::string, std::string>;

// Its next apply has to be one of the wanted commit: a commit on the way there may lack the objects.
Status CheckStanding(const Taker& taker) {
  const std::string owner = "git:" + taker.id.name;
  if (taker.suspended) return FailedPrecondition(owner + " is suspended: podwright source resume " + taker.id.name);
  if (taker.pinned) {
    return FailedPrecondition(owner +
                              " is pinned, and its branch may lack the objects when it is released: podwright "
                              "source release " +
                              taker.id.name);
  }
  // "Refused" of the wanted commit is how a source waits for objects that belong to somebody else.
  const bool waits = taker.problem && taker.problem->reason() == "Refused" && taker.problem->commit() == taker.wanted;
  if (taker.problem && !waits) {
    return FailedPrecondition(owner + " is held up (" + taker.problem->reason() + "): " + taker.problem->message());
  }
  if (taker.wanted.empty()) return FailedPrecondition(owner + " has not looked at its branch yet");
  return Ok();
}

// Whether the stored object says what the document says. What cannot be compared is no difference.
bool Differs(const v1::DesiredObject& document, const kinds::Registry& kinds, const std::string& workspace,
             control::ControlPlane& control) {
  v1::GetRequest request;
  request.set_workspace(workspace);
  request.mutable_object()->set_kind(document.kind());
  request.mutable_object()->set_name(document.name());
  const auto view = control.Get({"transfer", control::Role::kViewer, workspace, ""}, request);
  const kinds::Kind* kind = kinds.Find(document.kind());
  if (!view.ok() || kind == nullptr) return false;
  const v1::StoredObject& stored = view->object();
  if (Labels(stored.labels().begin(), stored.labels().end()) !=
      Labels(document.labels().begin(), document.labels().end()))
    return true;
  const auto before = kinds::DecodeSpec(*kind, stored.spec());
  const auto after = kinds::DecodeSpec(*kind, document.spec());
  if (!before.ok() || !after.ok()) return false;
  const kinds::CanonicalOptions kept{.without_write_only = true};
  return kinds::CanonicalBytes(**before, kept) != kinds::CanonicalBytes(**after, kept);
}

}  // namespace

Result<std::vector<std::string>> CheckTaking(const Taker& taker, const std::vector<v1::ObjectRef>& objects,
                                             const kinds::Registry& kinds, control::ControlPlane& control) {
  PW_TRY(CheckStanding(taker));
  const std::string owner = "git:" + taker.id.name;
  const std::string commit = "commit " + taker.wanted.substr(0, 12);
  FolderLoader loader(kinds);
  const Folder folder = ReadFolder(loader, taker.mirror, taker.wanted, commit, taker.id, taker.spec, control);
  if (!folder.reason.empty()) {
    return FailedPrecondition(owner + " cannot be applied (" + folder.reason + "): " + folder.message);
  }
  std::map<std::string, const v1::DesiredObject*> declared;
  for (const v1::DesiredObject& put : folder.request.puts()) declared[put.kind() + "/" + put.name()] = &put;
  std::string missing;
  std::vector<std::string> warnings;
  for (const v1::ObjectRef& ref : objects) {
    const std::string name = ref.kind() + "/" + ref.name();
    const auto found = declared.find(name);
    if (found == declared.end()) {
      missing += (missing.empty() ? "" : ", ") + name;
    } else if (Differs(*found->second, kinds, taker.id.workspace, control)) {
      warnings.push_back(owner + " says of " + name +
                         " something else than what is wanted now: its next apply "
                         "changes that (podwright diff)");
    }
  }
  if (missing.empty()) return warnings;
  if (!taker.spec.prune()) {
    warnings.push_back(owner + " does not declare " + missing + "; it deletes nothing, because `prune` is false");
    return warnings;
  }
  return FailedPrecondition(owner + " does not declare " + missing + " in " + commit +
                            ": its next apply would delete that. Push the documents first (podwright export writes "
                            "them); the source then waits for the transfer");
}

}  // namespace podwright::sources
