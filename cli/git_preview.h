// A change in a local clone as a request to the control plane: what a merge of `head` into `base` would make of the
// objects that a Git source owns.
#pragma once

#include <string>
#include <vector>

#include "cli/render/preview.h"
#include "core/result.h"
#include "kinds/loader.h"

namespace podwright::cli {

class App;

struct GitPreviewChoices {
  std::string repository = ".";
  std::string base;
  std::string head;
  std::string source;  // takes path and prune from it
  std::string owner;   // where there is no source: "git:plans"
  std::string path;    // the same; "": the source's
};

struct GitPreview {
  Preview preview;
  std::string problem;  // the change has none of its own plan: a conflict, broken documents
  kinds::Diagnostics diagnostics;
};

// Errors are those of asking; what is wrong with the change itself is in the answer.
Result<GitPreview> MakeGitPreview(App& app, const GitPreviewChoices& choices);

}  // namespace podwright::cli
