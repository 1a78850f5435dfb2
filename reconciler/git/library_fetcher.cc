#include "reconciler/git/library_fetcher.h"

#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>

#include "core/digest.h"
#include "reconciler/git/library.h"

namespace podwright::git {
namespace {

// What libgit2's callbacks need.
struct Call {
  const FetchRequest& request;
  int asked = 0;  // for credentials
  bool too_large = false;
  bool wrong_key = false;
  bool untrusted = false;
};

int GiveCredentials(git_credential** out, const char*, const char* user_in_url, unsigned allowed, void* payload) {
  Call& call = *static_cast<Call*>(payload);
  const std::string user = user_in_url != nullptr ? user_in_url : call.request.username;
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) return git_credential_username_new(out, user.c_str());
  // The same again would be refused again.
  if (call.request.secret.empty() || ++call.asked > 1) return GIT_EAUTH;
  const std::string secret(call.request.secret.Reveal());
  if ((allowed & GIT_CREDENTIAL_SSH_MEMORY) != 0) {
    return git_credential_ssh_key_memory_new(out, user.c_str(), nullptr, secret.c_str(), "");
  }
  if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0) {
    return git_credential_userpass_plaintext_new(out, user.c_str(), secret.c_str());
  }
  return GIT_EAUTH;
}

bool IsPinned(const git_cert_hostkey& shown, const std::vector<std::string>& pinned) {
  if ((shown.type & GIT_CERT_SSH_RAW) == 0) return false;
  const std::string_view key(shown.hostkey, shown.hostkey_len);
  for (const std::string& one : pinned) {
    const Result<std::string> wanted = Base64Decode(std::string_view(one).substr(one.find(' ') + 1));
    if (wanted.ok() && *wanted == key) return true;
  }
  return false;
}

int CheckCertificate(git_cert* shown, int valid, const char*, void* payload) {
  Call& call = *static_cast<Call*>(payload);
  if (shown->cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
    if (IsPinned(*reinterpret_cast<const git_cert_hostkey*>(shown), call.request.host_keys)) return 0;
    call.wrong_key = true;
    return GIT_ECERTIFICATE;
  }
  if (valid != 0) return 0;
  call.untrusted = true;
  return GIT_ECERTIFICATE;
}

int LookAtProgress(const git_indexer_progress* progress, void* payload) {
  Call& call = *static_cast<Call*>(payload);
  if (progress->received_bytes <= call.request.max_bytes) return 0;
  call.too_large = true;
  return GIT_EUSER;
}

Result<Repository> OpenOrMake(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path / "HEAD", error)) return OpenMirror(path.string());
  std::filesystem::create_directories(path.parent_path(), error);
  StartLibrary();
  git_repository* raw = nullptr;
  const int code = git_repository_init(&raw, path.c_str(), 1);
  if (code != 0) return LastError(code, "make the mirror " + path.string());
  return Repository(raw);
}

Error Explain(const Call& call, int code, const std::string& what) {
  if (call.too_large) {
    return ResourceExhausted(what + ": it is larger than " + std::to_string(call.request.max_bytes >> 20) + " MiB");
  }
  if (call.wrong_key) {
    return PermissionDenied(what +
                            ": the server's key is none of `host_keys`; compare what ssh-keyscan prints with what "
                            "the server's owner publishes");
  }
  if (call.untrusted) {
    return PermissionDenied(what +
                            ": the server's certificate is not trusted, or is for another name; `ca` of the "
                            "source may name who issued it");
  }
  if (call.request.secret.empty() && code == GIT_EAUTH) {
    return Unauthenticated(what + ": the server asks for credentials, and the source has none");
  }
  if (code == GIT_EAUTH) return Unauthenticated(what + ": the server refuses the credentials");
  if (code == GIT_ENOTFOUND) return NotFound(LastError(code, what).message());
  return LastError(code, what);
}

// A reference there, what it points to, and its name here.
struct Wanted {
  std::string there;
  std::string here;
  git_oid id;
};

Result<std::vector<Wanted>> WantedOf(git_remote* remote, const FetchRequest& request, const std::string& what) {
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  const int code = git_remote_ls(&heads, &count, remote);
  if (code != 0) return LastError(code, what);
  const std::string branch = "refs/heads/" + request.branch;
  const std::set<std::string> further(request.references.begin(), request.references.end());
  std::vector<Wanted> out;
  bool found = false;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = heads[i]->name;
    if (name == branch) {
      out.insert(out.begin(), {name, kHeadReference, heads[i]->oid});
      found = true;
    } else if (further.contains(name) && name.starts_with("refs/")) {
      out.push_back({name, kFurtherReferences + name.substr(5), heads[i]->oid});
    }
  }
  if (!found) return NotFound(what + ": there is no branch " + request.branch);
  return out;
}

Status Download(git_repository* repository, git_remote* remote, const std::vector<Wanted>& wanted,
                git_fetch_options& options, const Call& call, const std::string& what) {
  git_odb* raw = nullptr;
  int code = git_repository_odb(&raw, repository);
  if (code != 0) return LastError(code, what);
  const Odb odb(raw);
  std::vector<std::string> missing;
  for (const Wanted& one : wanted) {
    if (git_odb_exists(odb.get(), &one.id) == 0) missing.push_back("+" + one.there + ":" + one.here);
  }
  if (!missing.empty()) {
    std::vector<char*> names;
    for (std::string& name : missing) names.push_back(name.data());
    const git_strarray refspecs{names.data(), names.size()};
    code = git_remote_download(remote, &refspecs, &options);
    if (code != 0) return Explain(call, code, what);
    git_odb_refresh(odb.get());
  }
  for (const Wanted& one : wanted) {
    // A mirror that lost files takes packs that it cannot find again.
    if (git_odb_exists(odb.get(), &one.id) == 0) return DataLoss(what + ": the mirror lacks what was fetched");
    git_reference* reference = nullptr;
    code = git_reference_create(&reference, repository, one.here.c_str(), &one.id, 1, "fetch");
    git_reference_free(reference);
    if (code != 0) return LastError(code, what);
  }
  return Ok();
}

}  // namespace

Result<std::string> LibraryFetcher::Fetch(const FetchRequest& request) {
  PW_ASSIGN(const Repository repository, OpenOrMake(request.mirror));
  const std::string what = "fetch " + request.url;
  Call call{request};
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.update_fetchhead = 0;
  // Credentials belong to the host that was named.
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  options.proxy_opts.type = GIT_PROXY_AUTO;
  options.callbacks.payload = &call;
  options.callbacks.credentials = &GiveCredentials;
  options.callbacks.certificate_check = &CheckCertificate;
  options.callbacks.transfer_progress = &LookAtProgress;

  git_remote* raw = nullptr;
  int code = git_remote_create_anonymous(&raw, repository.get(), request.url.c_str());
  if (code != 0) return LastError(code, what);
  const Remote remote(raw);
  git_remote_connect_options connect = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  connect.callbacks = options.callbacks;
  connect.proxy_opts = options.proxy_opts;
  connect.follow_redirects = options.follow_redirects;
  code = git_remote_connect_ext(remote.get(), GIT_DIRECTION_FETCH, &connect);
  if (code != 0) return Explain(call, code, what);
  PW_ASSIGN(const std::vector<Wanted> wanted, WantedOf(remote.get(), request, what));
  PW_TRY(Download(repository.get(), remote.get(), wanted, options, call, what));
  return IdText(wanted.front().id);
}

}  // namespace podwright::git
