// A bare repository of ours with what was fetched from a source: read here, written by a Fetcher only.
//
// Everything in it was written by others and is not trusted: sizes and depths are bounded, links and submodules are
// refused, nothing of it is executed.
//
// Errors: kNotFound: no such commit or folder; kInvalidArgument: what the folder must not have, with its path;
// kResourceExhausted: more than a bound; kDataLoss: the mirror is broken, remove it and fetch again.
// Threading: any thread; each call opens the repository for itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::git {

struct CommitInfo {
  std::string id;       // 40 hexadecimal digits
  std::string subject;  // first line of the message, valid UTF-8, at most 200 bytes
  std::string author;   // "Ada <ada@example.org>"
  std::int64_t unix_ms = 0;
};

struct FolderFile {
  std::string path;  // from the repository's root
  std::string text;
};

struct FolderEntry {
  std::string path;  // from the repository's root
  std::string blob;  // 40 hexadecimal digits: the same digits are the same text
};

struct FolderLimits {
  std::size_t files = 20'000;
  std::size_t file_bytes = std::size_t{16} << 20;
  std::size_t all_bytes = std::size_t{256} << 20;
  int depth = 32;
};

struct SignedCommit {
  std::string payload;    // what was signed
  std::string signature;  // "": it has none
};

enum class Relation {
  kSame,
  kAhead,     // the second descends from the first
  kBehind,    // the first descends from the second
  kDiverged,  // neither
  kUnknown,   // the first is not in the mirror: it was rewritten away, or the mirror lost it
};

class Mirror {
 public:
  explicit Mirror(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  // Takes it away, so that the next fetch makes it anew.
  Status Remove() const;

  Result<CommitInfo> Describe(const std::string& commit) const;
  // A commit by at least 7 digits of its id. kInvalidArgument: several begin so.
  Result<std::string> Resolve(const std::string& digits) const;
  // How `to` stands to `from`.
  Result<Relation> Compare(const std::string& from, const std::string& to) const;
  // Everything that `to` brings beyond `from` ("": `to` alone), `to` first. kResourceExhausted: more than `most`.
  Result<std::vector<std::string>> Between(const std::string& from, const std::string& to, std::size_t most) const;
  Result<SignedCommit> Signed(const std::string& commit) const;
  // The .yaml and .yml files of a folder ("": the root) of a commit or a tree, sorted by path; what begins with a dot
  // is left out. A symbolic link or a submodule anywhere in it is refused: it would hide what was meant.
  Result<std::vector<FolderFile>> Read(const std::string& commit, const std::string& folder,
                                       const FolderLimits& limits = {}) const;
  // The same files without their texts …
  Result<std::vector<FolderEntry>> List(const std::string& commit, const std::string& folder,
                                        const FolderLimits& limits = {}) const;
  // … and the texts of some of them, in their order. `others`: how many bytes the rest of the folder has, for the bound
  // of all together.
  Result<std::vector<FolderFile>> ReadFiles(const std::vector<FolderEntry>& files, std::size_t others,
                                            const FolderLimits& limits = {}) const;

 private:
  const std::filesystem::path path_;
};

}  // namespace podwright::git
