// Plans as people write them: folders of YAML documents, made into desired objects.
//
// All errors come at once, each with its place. Built on yaml-cpp's events, because its nodes silently take
// duplicate keys and invalid UTF-8 and expand aliases freely; what it throws never leaves. Symbolic links are
// not followed. Threading: any thread; the registry must outlive the call only.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kinds/diagnostic.h"
#include "podwright/v1/object.pb.h"

namespace podwright::kinds {

class Registry;

inline constexpr std::string_view kApiVersion = "podwright.dev/v1";
inline constexpr std::size_t kMaxDocumentBytes = 1 << 20;
inline constexpr std::size_t kMaxFileBytes = 16 << 20;
inline constexpr int kMaxDepth = 64;

struct LoadOptions {
  bool allow_dangling = false;  // references to objects that are neither here nor known are no errors
  std::set<std::pair<std::string, std::string>> known;  // kind and name of objects that exist elsewhere
};

struct LoadedDocument {
  v1::DesiredObject object;
  Location location;
};

struct LoadedFolder {
  std::vector<LoadedDocument> documents;  // in the order of files and documents; only those without errors
  Diagnostics diagnostics;                // by place
};

// Every .yaml and .yml below `path` in sorted order, hidden files and folders left out; or that one file.
LoadedFolder LoadFolder(const Registry& registry, const std::string& path, const LoadOptions& options = {});
LoadedFolder LoadFile(const Registry& registry, const std::string& path, const LoadOptions& options = {});
// A folder that was read elsewhere (out of a commit): each file with its name for diagnostics, in sorted order.
struct NamedText {
  std::string file;
  std::string text;
};
LoadedFolder LoadTexts(const Registry& registry, const std::vector<NamedText>& files, const LoadOptions& options = {});
// `file` is the name for diagnostics.
LoadedFolder LoadText(const Registry& registry, std::string_view text, std::string_view file,
                      const LoadOptions& options = {});

}  // namespace podwright::kinds
