// A source's folder in a commit (or in the tree of a merge that nobody made yet) as the request that would apply it.
//
// Threading: one thread a loader.
#pragma once

#include <cstddef>
#include <string>

#include "core/result.h"
#include "kinds/diagnostic.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/git/mirror.h"
#include "reconciler/sources/folder_loader.h"

namespace podwright::control {
class ControlPlane;
}

namespace podwright::sources {

// What stands in SourceProblem::reason.
inline constexpr char kBadFolder[] = "BadFolder";
inline constexpr char kBrokenDocuments[] = "BrokenDocuments";
inline constexpr char kEmptyFolder[] = "EmptyFolder";
inline constexpr char kMirrorBroken[] = "MirrorBroken";

struct Folder {
  v1::ApplyRequest request;          // without an idempotency key; only where `reason` is empty
  std::string reason;                // "": it can be applied
  std::string message;               // for people; where documents are broken without their errors
  kinds::Diagnostics diagnostics{};  // of the documents
  std::size_t files = 0;
  std::size_t parsed = 0;  // of them, by this call
};

// `id` is a commit or a tree, `where` names it for people. What only this source owns and does not declare any more
// cannot be referred to.
Folder ReadFolder(FolderLoader& loader, const git::Mirror& mirror, const std::string& id, const std::string& where,
                  const control::ObjectId& source, const v1::kinds::GitSourceSpec& spec,
                  control::ControlPlane& control);

}  // namespace podwright::sources
