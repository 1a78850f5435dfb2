#include "reconciler/git/library.h"

#include <array>
#include <mutex>

namespace podwright::git {

void StartLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    git_libgit2_init();
    for (const git_config_level_t level :
         {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
      git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    }
    // Who may read a file:// repository is what the file system says; nothing of it is ever executed.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  });
}

Error LastError(int code, const std::string& what) {
  const git_error* last = git_error_last();
  const std::string text =
      what + ": " + (last == nullptr ? "error " + std::to_string(code) : std::string(last->message));
  const int kind = last == nullptr ? GIT_ERROR_NONE : last->klass;
  if (code == GIT_EAUTH) return Unauthenticated(text);
  if (code == GIT_ECERTIFICATE) return PermissionDenied(text);
  if (code == GIT_EUSER) return ResourceExhausted(text);
  switch (kind) {
    case GIT_ERROR_NET:
    case GIT_ERROR_SSL:
    case GIT_ERROR_SSH:
    case GIT_ERROR_HTTP: return Unavailable(text);
    case GIT_ERROR_ODB:
    case GIT_ERROR_ZLIB:
    case GIT_ERROR_OBJECT:
    case GIT_ERROR_TREE:
    case GIT_ERROR_INDEXER:
    case GIT_ERROR_REFERENCE:
    case GIT_ERROR_SHA:
    case GIT_ERROR_REPOSITORY: return DataLoss(text);
    default: return Unavailable(text);
  }
}

Result<git_oid> ParseId(std::string_view hex) {
  git_oid id;
  if (hex.size() != GIT_OID_HEXSZ || git_oid_fromstrn(&id, hex.data(), hex.size()) != 0) {
    return InvalidArgument("\"" + std::string(hex) + "\" is no id of a commit: 40 hexadecimal digits");
  }
  return id;
}

std::string IdText(const git_oid& id) {
  std::array<char, GIT_OID_HEXSZ + 1> text{};
  git_oid_tostr(text.data(), text.size(), &id);
  return text.data();
}

Result<Repository> OpenMirror(const std::string& path) {
  StartLibrary();
  git_repository* raw = nullptr;
  const int code =
      git_repository_open_ext(&raw, path.c_str(), GIT_REPOSITORY_OPEN_BARE | GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code != 0) return DataLoss(LastError(code, "the mirror " + path).message());
  return Repository(raw);
}

}  // namespace podwright::git
