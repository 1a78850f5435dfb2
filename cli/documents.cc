#include "cli/documents.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>

#include "cli/app.h"
#include "cli/listing.h"
#include "cli/terminal.h"
#include "kinds/registry.h"
#include "kinds/validate.h"

namespace podwright::cli {

kinds::LoadedFolder LoadPath(const kinds::Registry& registry, const std::string& path,
                             const kinds::LoadOptions& options) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? kinds::LoadFolder(registry, path, options)
                                                      : kinds::LoadFile(registry, path, options);
}

void PrintDiagnostics(const kinds::Diagnostics& diagnostics, Terminal& terminal) {
  terminal.out() << std::flush;
  for (const kinds::Diagnostic& diagnostic : diagnostics) {
    const Style style = diagnostic.severity == kinds::Severity::kError ? Style::kRed : Style::kYellow;
    terminal.err() << terminal.Paint(style, Printable(diagnostic.ToString())) << "\n";
  }
}

Result<DocumentsToApply> LoadForApply(App& app, const std::string& path) {
  kinds::LoadOptions options;
  std::map<std::string, std::int64_t> known;
  PW_ASSIGN(const std::string workspace, app.workspace());
  v1::ListRequest everything;
  everything.set_workspace(workspace);
  PW_TRY(ForEachObject(app, std::move(everything), 0, [&](const v1::ObjectView& view) {
    if (view.object().lifecycle() != v1::LIFECYCLE_LIVE) return;
    options.known.emplace(view.object().kind(), view.object().name());
    known[view.object().kind() + "/" + view.object().name()] = view.revision();
  }));
  kinds::LoadedFolder folder = LoadPath(app.kinds(), path, options);
  PrintDiagnostics(folder.diagnostics, app.terminal());
  if (folder.diagnostics.has_errors()) return InvalidArgument(path + " has errors; nothing was done");
  if (folder.documents.empty()) return InvalidArgument(path + " holds no documents");
  DocumentsToApply documents;
  for (kinds::LoadedDocument& document : folder.documents) {
    const std::string id = document.object.kind() + "/" + document.object.name();
    const auto found = known.find(id);
    documents.revisions[id] = found == known.end() ? 0 : found->second;
    documents.places[id] = document.location.ToString();
    documents.objects.push_back(std::move(document.object));
  }
  return documents;
}

std::string WithPlaces(const std::string& text, const std::map<std::string, std::string>& places) {
  std::string out;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    const auto place = places.find(line.substr(0, line.find(": ")));
    out += (start == 0 ? "" : "\n") + line + (place == places.end() ? "" : " (declared at " + place->second + ")");
    start = end + 1;
  }
  return out;
}

Result<const kinds::Kind*> FindKind(const kinds::Registry& registry, const std::string& text) {
  if (const kinds::Kind* kind = registry.FindByAnyName(text)) return kind;
  std::string names;
  for (const kinds::Kind* kind : registry.All()) names += (names.empty() ? "" : ", ") + kind->name();
  return NotFound("there is no kind \"" + text + "\"; there are: " + names);
}

Result<v1::ObjectRef> ParseRef(const kinds::Registry& registry, const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return InvalidArgument("\"" + text + "\" must be KIND/NAME, as in server/web-1");
  PW_ASSIGN(const kinds::Kind* kind, FindKind(registry, text.substr(0, slash)));
  const std::string name = text.substr(slash + 1);
  if (!kinds::IsValidName(name)) return InvalidArgument("\"" + name + "\" is not a name");
  v1::ObjectRef ref;
  ref.set_kind(kind->name());
  ref.set_name(name);
  return ref;
}

}  // namespace podwright::cli
