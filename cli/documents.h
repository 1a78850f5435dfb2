// Folders of documents as the commands take them, and references as people type them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "kinds/loader.h"
#include "podwright/v1/object.pb.h"

namespace podwright::kinds {
class Kind;
class Registry;
}  // namespace podwright::kinds

namespace podwright::cli {

class App;
class Terminal;

// A folder or one file.
kinds::LoadedFolder LoadPath(const kinds::Registry& registry, const std::string& path,
                             const kinds::LoadOptions& options);

struct DocumentsToApply {
  std::vector<v1::DesiredObject> objects;
  // "kind/name" of each → its revision in the control plane when the folder was read; 0: not there.
  std::map<std::string, std::int64_t> revisions;
  // "kind/name" of each → where it is declared: "plan/web.yaml:3:1".
  std::map<std::string, std::string> places;
};

// A text of lines "kind/name: …", as the control plane says what cannot be: each with the place of its document.
std::string WithPlaces(const std::string& text, const std::map<std::string, std::string>& places);

// The documents, where all are right; their warnings go to standard error. Otherwise all errors are printed
// there and the answer is a short invalid-argument. References may lead to objects that the control plane has.
Result<DocumentsToApply> LoadForApply(App& app, const std::string& path);

void PrintDiagnostics(const kinds::Diagnostics& diagnostics, Terminal& terminal);

// "srv", "servers", "Server" → the kind; not-found names the kinds there are.
Result<const kinds::Kind*> FindKind(const kinds::Registry& registry, const std::string& text);
// "server/web-1", "srv/web-1" → the reference.
Result<v1::ObjectRef> ParseRef(const kinds::Registry& registry, const std::string& text);

}  // namespace podwright::cli
