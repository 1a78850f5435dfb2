#include "reconciler/git/mirror.h"

#include <algorithm>
#include <system_error>

#include "reconciler/git/folder_reader.h"
#include "reconciler/git/library.h"

namespace podwright::git {
namespace {

constexpr std::size_t kLongestSubject = 200;
constexpr std::size_t kFewestDigits = 7;
constexpr std::size_t kMostCommitBytes = std::size_t{1} << 20;
constexpr std::size_t kMostRootBytes = std::size_t{64} << 20;

// Printable, whatever bytes were committed.
std::string Clean(const char* text) {
  std::string out;
  for (const char* at = text == nullptr ? "" : text; *at != '\0' && out.size() < kLongestSubject; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    out += byte < 0x20 || byte >= 0x7f ? '?' : *at;
  }
  return out;
}

Result<Commit> Lookup(git_repository* repository, const std::string& text) {
  PW_ASSIGN(const git_oid id, ParseId(text));
  PW_TRY(CheckSize(repository, id, kMostCommitBytes, "commit " + text));
  git_commit* raw = nullptr;
  const int code = git_commit_lookup(&raw, repository, &id);
  if (code == GIT_ENOTFOUND) return NotFound("there is no commit " + text + " in the mirror");
  if (code != 0) return DataLoss(LastError(code, "commit " + text).message());
  return Commit(raw);
}

// Of a commit, or the tree itself.
Result<Tree> TreeOfAny(git_repository* repository, const std::string& text) {
  PW_ASSIGN(const git_oid id, ParseId(text));
  PW_TRY(CheckSize(repository, id, kMostRootBytes, "commit " + text));
  git_object* raw = nullptr;
  int code = git_object_lookup(&raw, repository, &id, GIT_OBJECT_ANY);
  if (code == GIT_ENOTFOUND) return NotFound("there is no commit " + text + " in the mirror");
  if (code != 0) return DataLoss(LastError(code, "commit " + text).message());
  const Object object(raw);
  git_object* peeled = nullptr;
  code = git_object_peel(&peeled, object.get(), GIT_OBJECT_TREE);
  if (code != 0) return DataLoss(LastError(code, "the files of commit " + text).message());
  return Tree(reinterpret_cast<git_tree*>(peeled));
}

}  // namespace

Status Mirror::Remove() const {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (error) return Unavailable("remove " + path_.string() + ": " + error.message());
  return Ok();
}

Result<CommitInfo> Mirror::Describe(const std::string& id) const {
  PW_ASSIGN(const Repository repository, OpenMirror(path_.string()));
  PW_ASSIGN(const Commit commit, Lookup(repository.get(), id));
  CommitInfo info;
  info.id = IdText(*git_commit_id(commit.get()));
  info.subject = Clean(git_commit_summary(commit.get()));
  if (const git_signature* author = git_commit_author(commit.get())) {
    info.author = Clean(author->name) + " <" + Clean(author->email) + ">";
  }
  info.unix_ms = git_commit_time(commit.get()) * 1000;
  return info;
}

Result<std::string> Mirror::Resolve(const std::string& digits) const {
  const bool hex = digits.size() >= kFewestDigits && digits.size() <= GIT_OID_HEXSZ &&
                   digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex) return InvalidArgument("\"" + digits + "\" is no commit: give 7 to 40 digits of its id");
  PW_ASSIGN(const Repository repository, OpenMirror(path_.string()));
  std::string padded = digits;
  padded.resize(GIT_OID_HEXSZ, '0');
  PW_ASSIGN(const git_oid prefix, ParseId(padded));
  git_commit* raw = nullptr;
  const int code = git_commit_lookup_prefix(&raw, repository.get(), &prefix, digits.size());
  if (code == GIT_EAMBIGUOUS) return InvalidArgument("several commits begin with " + digits + ": give more digits");
  if (code != 0) return NotFound("there is no commit " + digits + " in what was fetched");
  const Commit commit(raw);
  return IdText(*git_commit_id(commit.get()));
}

Result<Relation> Mirror::Compare(const std::string& from, const std::string& to) const {
  if (from == to) return Relation::kSame;
  PW_ASSIGN(const Repository repository, OpenMirror(path_.string()));
  PW_ASSIGN(const Commit target, Lookup(repository.get(), to));
  const Result<Commit> base = Lookup(repository.get(), from);
  if (!base.ok() && base.error().code() == ErrorCode::kNotFound) return Relation::kUnknown;
  if (!base.ok()) return base.error();
  const git_oid* first = git_commit_id(base->get());
  const git_oid* second = git_commit_id(target.get());
  int code = git_graph_descendant_of(repository.get(), second, first);
  if (code == 1) return Relation::kAhead;
  if (code == 0) code = git_graph_descendant_of(repository.get(), first, second);
  if (code == 1) return Relation::kBehind;
  if (code == 0) return Relation::kDiverged;
  return DataLoss(LastError(code, "the history of " + to).message());
}

Result<std::vector<std::string>> Mirror::Between(const std::string& from, const std::string& to,
                                                 std::size_t most) const {
  PW_ASSIGN(const git_oid last, ParseId(to));
  if (from.empty()) return std::vector<std::string>{to};
  PW_ASSIGN(const git_oid first, ParseId(from));
  PW_ASSIGN(const Repository repository, OpenMirror(path_.string()));
  git_revwalk* raw = nullptr;
  int code = git_revwalk_new(&raw, repository.get());
  const Walk walk(raw);
  if (code == 0) code = git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL);
  if (code == 0) code = git_revwalk_push(walk.get(), &last);
  if (code == 0) code = git_revwalk_hide(walk.get(), &first);
  std::vector<std::string> out;
  git_oid id;
  while (code == 0 && (code = git_revwalk_next(&id, walk.get())) == 0) {
    if (out.size() == most) {
      return ResourceExhausted("more than " + std::to_string(most) + " commits between " + from + " and " + to);
    }
    out.push_back(IdText(id));
  }
  if (code != GIT_ITEROVER) return DataLoss(LastError(code, "the history of " + to).message());
  return out;
}

Result<SignedCommit> Mirror::Signed(const std::string& commit) const {
  PW_ASSIGN(git_oid id, ParseId(commit));
  PW_ASSIGN(const Repository repository, OpenMirror(path_.string()));
  git_buf signature = GIT_BUF_INIT;
  git_buf payload = GIT_BUF_INIT;
  const int code = git_commit_extract_signature(&signature, &payload, repository.get(), &id, nullptr);
  SignedCommit out;
  if (code == 0) {
    out.signature.assign(signature.ptr, signature.size);
    out.payload.assign(payload.ptr, payload.size);
  }
  git_buf_dispose(&signature);
  git_buf_dispose(&payload);
  if (code == 0) return out;
  const git_error* last = git_error_last();
  // The same code says that there is no signature and that there is no commit.
  if (code == GIT_ENOTFOUND && last != nullptr && last->klass == GIT_ERROR_OBJECT) return out;
  return DataLoss(LastError(code, "commit " + commit).message());
}

Result<std::vector<FolderEntry>> Mirror::List(const std::string& id, const std::string& folder,
                                              const FolderLimits& limits) const {
  PW_ASSIGN(const Repository repository, OpenMirror(path_.string()));
  PW_ASSIGN(const Tree root, TreeOfAny(repository.get(), id));
  FolderReader reader(repository.get(), limits);
  PW_TRY(reader.ReadBelow(root.get(), folder));
  return reader.Take();
}

Result<std::vector<FolderFile>> Mirror::ReadFiles(const std::vector<FolderEntry>& files, std::size_t others,
                                                  const FolderLimits& limits) const {
  if (files.empty()) return std::vector<FolderFile>();
  PW_ASSIGN(const Repository repository, OpenMirror(path_.string()));
  return ReadBlobs(repository.get(), files, others, limits);
}

Result<std::vector<FolderFile>> Mirror::Read(const std::string& id, const std::string& folder,
                                             const FolderLimits& limits) const {
  PW_ASSIGN(const std::vector<FolderEntry> files, List(id, folder, limits));
  return ReadFiles(files, 0, limits);
}

}  // namespace podwright::git
