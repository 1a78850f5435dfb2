#include "reconciler/sources/folder_loader.h"

#include <utility>

namespace podwright::sources {

// What is not there any more, or has another text.
void FolderLoader::Forget(const std::vector<git::FolderEntry>& there) {
  auto at = kept_.begin();
  for (const git::FolderEntry& entry : there) {
    while (at != kept_.end() && at->first < entry.path) at = kept_.erase(at);
    if (at == kept_.end()) return;
    if (at->first != entry.path) continue;
    at = at->second.blob == entry.blob ? std::next(at) : kept_.erase(at);
  }
  kept_.erase(at, kept_.end());
}

void FolderLoader::Release() {
  std::size_t bytes = 0;
  for (auto at = kept_.begin(); at != kept_.end();) {
    bytes += at->second.bytes;
    at = bytes > most_kept_bytes_ ? kept_.erase(at) : std::next(at);
  }
}

Result<LoadedCommit> FolderLoader::Load(const git::Mirror& mirror, const std::string& commit, const std::string& folder,
                                        const kinds::LoadOptions& options) {
  PW_ASSIGN(const std::vector<git::FolderEntry> there, mirror.List(commit, folder));
  Forget(there);
  std::vector<git::FolderEntry> unknown;
  std::size_t known_bytes = 0;
  for (const git::FolderEntry& entry : there) {
    const auto kept = kept_.find(entry.path);
    if (kept == kept_.end()) {
      unknown.push_back(entry);
    } else {
      known_bytes += kept->second.bytes;
    }
  }
  PW_ASSIGN(const std::vector<git::FolderFile> texts, mirror.ReadFiles(unknown, known_bytes));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const git::FolderFile& text = texts[i];
    kept_[text.path] = {unknown[i].blob, text.text.size(), kinds::ParseFile(kinds_, text.text, text.path)};
  }
  LoadedCommit out;
  out.files = there.size();
  out.parsed = texts.size();
  std::vector<const kinds::ParsedFile*> files;
  files.reserve(kept_.size());
  for (const auto& [path, kept] : kept_) files.push_back(&kept.file);
  out.folder = kinds::Join(files, options);
  return out;
}

}  // namespace podwright::sources
