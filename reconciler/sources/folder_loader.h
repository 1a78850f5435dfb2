// The folder of a commit as documents. What was parsed at the last load is not parsed again where the file has the same
// path and blob: a commit that touches one file of thousands costs one file.
//
// Kept is what the last load had, up to kMostKeptBytes of text; a loader holds about 7 times that of memory.
// Threading: one thread at a time. Errors: those of git::Mirror; what is wrong with documents is in the diagnostics.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "kinds/loader.h"
#include "kinds/parsed_file.h"
#include "reconciler/git/mirror.h"

namespace podwright::sources {

inline constexpr std::size_t kMostKeptBytes = std::size_t{32} << 20;

struct LoadedCommit {
  kinds::JoinedFolder folder;  // its documents live until the loader's next Load
  std::size_t files = 0;
  std::size_t parsed = 0;  // of them, by this load
};

class FolderLoader {
 public:
  explicit FolderLoader(const kinds::Registry& kinds, std::size_t most_kept_bytes = kMostKeptBytes)
      : kinds_(kinds), most_kept_bytes_(most_kept_bytes) {}

  Result<LoadedCommit> Load(const git::Mirror& mirror, const std::string& commit, const std::string& folder,
                            const kinds::LoadOptions& options);
  // The last load's documents are needed no more: what is beyond the bound goes.
  void Release();

 private:
  struct Kept {
    std::string blob;
    std::size_t bytes = 0;
    kinds::ParsedFile file;
  };
  void Forget(const std::vector<git::FolderEntry>& there);

  const kinds::Registry& kinds_;
  const std::size_t most_kept_bytes_;
  std::map<std::string, Kept> kept_;  // by path
};

}  // namespace podwright::sources
