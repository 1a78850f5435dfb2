// Objects of the control plane as documents for people and for Git, and folders of them.
//
// Threading: one thread. Errors: kUnimplemented for an object that this program cannot read; kFailedPrecondition for
// files that an export must not replace.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/object.pb.h"

namespace podwright::kinds {
class Registry;
}

namespace podwright::cli {

struct Exported {
  v1::ObjectRef ref;
  std::string text;                // one YAML document, with comments where something has to be set
  std::vector<std::string> hints;  // the same, for the terminal
};

enum class SpecOf { kDesired, kActual };

// `kActual`: as it was found, where its kind says so; else as it is wanted.
Result<Exported> ExportObject(const kinds::Registry& registry, const v1::ObjectView& view, SpecOf which);

enum class Overwrite { kOwn, kAll };

// KIND/NAME.yaml each; folders are made. A file that is there and was not written by an export stays with kOwn: then
// all such files are named and nothing is written. A link is never followed. Answers how many were written anew.
Result<int> WriteExports(const std::string& folder, const std::vector<Exported>& documents, Overwrite overwrite);

}  // namespace podwright::cli
