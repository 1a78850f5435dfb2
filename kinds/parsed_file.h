// A file of a folder of plans by itself, and folders that are put together of such files: who looks at the same folder
// again and again parses only the files that changed.
//
// What only the whole folder shows (an object that is declared twice, a reference to what is not there, a circle) is
// found by Join. ParseFile and Join together are LoadTexts of loader.h.
// Threading: any thread; the registry must outlive the call only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kinds/diagnostic.h"
#include "kinds/references.h"
#include "podwright/v1/object.pb.h"

namespace podwright::kinds {

class Registry;
struct LoadOptions;

struct ParsedReference {
  Reference reference;
  Location place;
};

struct ParsedDocument {
  std::string kind;  // "": unknown
  std::string name;  // "": none, or a bad one
  Location location;
  Location name_place;
  bool good = false;         // without errors of its own
  v1::DesiredObject object;  // of a good one
  std::vector<ParsedReference> references;
  Diagnostics diagnostics;
};

struct ParsedFile {
  std::vector<ParsedDocument> documents;
  Diagnostics diagnostics;  // of no document
};

struct JoinedFolder {
  std::vector<const ParsedDocument*> documents;  // in the order of the files; only those without errors
  Diagnostics diagnostics;                       // by place
};

// `file` is the name for diagnostics.
ParsedFile ParseFile(const Registry& registry, std::string_view text, const std::string& file);
// The files must outlive what is answered.
JoinedFolder Join(const std::vector<const ParsedFile*>& files, const LoadOptions& options);

}  // namespace podwright::kinds
