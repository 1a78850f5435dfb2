// Whether a source may take objects over from another owner. It would delete at its next apply what its documents lack,
// so only what they declare goes to it.
//
// Threading: any thread; reads the mirror with a loader of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/git_source.pb.h"
#include "podwright/v1/object.pb.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/git/mirror.h"

namespace podwright::kinds {
class Registry;
}
namespace podwright::control {
class ControlPlane;
}

namespace podwright::sources {

// The source as it stands.
struct Taker {
  control::ObjectId id;
  v1::kinds::GitSourceSpec spec;  // with its defaults
  git::Mirror mirror;
  std::string wanted;  // the commit that it applies next, or has applied
  bool suspended = false;
  bool pinned = false;
  std::optional<v1::SourceProblem> problem;
};

// Warnings: what the documents say otherwise than what runs, which the source's next apply changes.
// kFailedPrecondition: why it must not take them.
Result<std::vector<std::string>> CheckTaking(const Taker& taker, const std::vector<v1::ObjectRef>& objects,
                                             const kinds::Registry& kinds, control::ControlPlane& control);

}  // namespace podwright::sources
