#include "reconciler/daemon/server_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/log.h"
#include "reconciler/ca/certificate_authority.h"

namespace podwright::daemon {
namespace {

Status WriteFile(const std::filesystem::path& path, std::string_view text) {
  const FileHandle file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.open()) return ErrnoError(errno, "create " + path.string());
  return WriteAll(file.get(), text, path.string());
}

Status MakeFolder(const std::filesystem::path& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "make the folder " + path.string());
  return Ok();
}

}  // namespace

ServerIdentity::ServerIdentity(ca::CertificateAuthority& authority, Clock& clock, crypto::SubjectNames names,
                               std::filesystem::path folder)
    : authority_(authority), clock_(clock), names_(std::move(names)), folder_(std::move(folder)) {}

Result<std::unique_ptr<ServerIdentity>> ServerIdentity::Open(ca::CertificateAuthority& authority, Clock& clock,
                                                             crypto::SubjectNames names, std::filesystem::path folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) return Internal("cannot clear " + folder.string() + ": " + error.message());
  PW_TRY(MakeFolder(folder));
  std::unique_ptr<ServerIdentity> identity(new ServerIdentity(authority, clock, std::move(names), std::move(folder)));
  PW_TRY(identity->RenewIfDue());
  return identity;
}

Status ServerIdentity::RenewIfDue() {
  const std::lock_guard lock(mutex_);
  PW_ASSIGN(const std::string root, authority_.Fingerprint());
  const bool due = current_ == nullptr || root != root_ || clock_.Now() + kLifetime / 3 >= not_after_;
  return due ? Issue(root) : Ok();
}

Status ServerIdentity::Issue(const std::string& root) {
  PW_ASSIGN(const ca::ServerCertificate issued, authority_.IssueServer(names_, kLifetime));
  auto material = std::make_shared<TlsMaterial>();
  material->key_pem = std::string(issued.key_pem.Reveal());
  material->chain_pem = issued.certificate.ChainText();
  PW_TRY(Write(*material));
  current_ = std::move(material);
  not_after_ = issued.certificate.not_after;
  root_ = root;
  log::Info("issued the listeners' certificate", {{"not_after", FormatRfc3339(not_after_)}});
  return Ok();
}

// A folder a pair, and one link that is turned over at once: a watcher never sees the key of one and the
// certificate of another.
Status ServerIdentity::Write(const TlsMaterial& material) {
  const std::string name = std::to_string(++written_);
  const std::filesystem::path pair = folder_ / name;
  PW_TRY(MakeFolder(pair));
  PW_TRY(WriteFile(pair / "key.pem", material.key_pem));
  PW_TRY(WriteFile(pair / "chain.pem", material.chain_pem));
  const std::filesystem::path link = folder_ / "next";
  unlink(link.c_str());
  if (symlink(name.c_str(), link.c_str()) != 0) return ErrnoError(errno, "link " + link.string());
  if (rename(link.c_str(), (folder_ / "current").c_str()) != 0) return ErrnoError(errno, "rename " + link.string());
  std::error_code ignored;
  if (written_ > 1) std::filesystem::remove_all(folder_ / std::to_string(written_ - 1), ignored);
  return Ok();
}

std::shared_ptr<const TlsMaterial> ServerIdentity::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace podwright::daemon
