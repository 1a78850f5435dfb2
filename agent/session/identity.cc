#include "agent/session/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/clock.h"
#include "core/crypto/aead.h"
#include "core/crypto/certificate.h"
#include "core/crypto/keys.h"
#include "core/file.h"

namespace podwright::agent {
namespace {

constexpr char kName[] = "/identity";
constexpr std::size_t kMaxFile = 1024 * 1024;

Result<std::string> ReadOwn(const std::string& path, std::size_t max) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.open()) return ErrnoError(errno, "open " + path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return ErrnoError(errno, "stat " + path);
  if (!S_ISREG(info.st_mode) || (info.st_mode & 0077U) != 0) {
    return PermissionDenied(path + " must be a file that only its owner can read (mode 0600)");
  }
  return ReadAll(file.get(), path, max);
}

}  // namespace

Status WritePrivateFile(const std::string& path, std::string_view content) {
  return ReplaceFile(path, content, 0600);
}

Result<std::string> ReadPrivateFile(const std::string& path) {
  return ReadOwn(path, 64 * 1024);
}

Status ShredFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT ? Ok() : ErrnoError(errno, "open " + path);
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    const std::string zeros(static_cast<std::size_t>(info.st_size), '\0');
    [[maybe_unused]] const ssize_t ignored = ::write(fd, zeros.data(), zeros.size());
    ::fsync(fd);
  }
  ::close(fd);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoError(errno, "remove " + path);
  return Ok();
}

Result<std::optional<v1::AgentIdentity>> LoadIdentity(const std::string& folder) {
  auto content = ReadOwn(folder + kName, kMaxFile);
  if (!content.ok()) {
    if (content.error().code() == ErrorCode::kNotFound) return std::optional<v1::AgentIdentity>();
    return content.error();
  }
  v1::AgentIdentity identity;
  if (!identity.ParseFromString(*content) || identity.agent_id().empty()) {
    return DataLoss(folder + kName + " cannot be read: enrol the server anew");
  }
  return std::optional<v1::AgentIdentity>(std::move(identity));
}

Status SaveIdentity(const std::string& folder, const v1::AgentIdentity& identity) {
  return WritePrivateFile(folder + kName, identity.SerializeAsString());
}

Result<v1::AgentIdentity> NewIdentity(const std::string& server, const std::string& address) {
  v1::AgentIdentity identity;
  identity.set_server(server);
  identity.set_address(address);
  PW_ASSIGN(const auto key, crypto::PrivateKey::Generate(crypto::KeyType::kEcdsaP256));
  PW_ASSIGN(const auto key_pem, key.Pem());
  identity.set_key_pem(std::string(key_pem.Reveal()));
  PW_ASSIGN(const auto sealing, crypto::PrivateKey::Generate(crypto::KeyType::kX25519));
  PW_ASSIGN(const auto sealing_pem, sealing.Pem());
  identity.set_sealing_private_key(std::string(sealing_pem.Reveal()));
  PW_ASSIGN(const auto local, crypto::RandomSecret(32));
  identity.set_local_key(std::string(local.Reveal()));
  return identity;
}

Result<std::string> RequestFor(const v1::AgentIdentity& identity) {
  PW_ASSIGN(const auto key, crypto::PrivateKey::FromPem(identity.key_pem()));
  return crypto::CreateRequest(key, identity.server());
}

Result<std::string> SignRenewal(const v1::AgentIdentity& identity, const std::string& nonce,
                                const std::string& request) {
  PW_ASSIGN(const auto key, crypto::PrivateKey::FromPem(identity.key_pem()));
  std::string text = "podwright-renew";
  text.push_back('\0');
  return key.Sign(text + nonce + request);
}

Status TakeCertificate(const v1::EnrolResponse& response, std::int64_t now_unix_ms, v1::AgentIdentity& identity) {
  std::vector<crypto::Certificate> chain;
  for (const auto& pem : response.chain_pem()) {
    PW_ASSIGN(auto certificate, crypto::Certificate::FromPem(pem));
    chain.push_back(std::move(certificate));
  }
  std::vector<crypto::Certificate> roots;
  for (const auto& pem : response.roots_pem()) {
    PW_ASSIGN(auto certificate, crypto::Certificate::FromPem(pem));
    roots.push_back(std::move(certificate));
  }
  if (chain.empty() || roots.empty()) return InvalidArgument("the control plane sent no certificate");
  PW_ASSIGN(const auto key, crypto::PrivateKey::FromPem(identity.key_pem()));
  PW_ASSIGN(const auto public_key, key.Public());
  PW_ASSIGN(const auto certified, chain.front().Key());
  if (!certified.Equals(public_key)) return InvalidArgument("the control plane sent a certificate for another key");
  const WallTime end = chain.front().NotAfter();
  // Judged at its own beginning: the server's clock may be behind.
  const WallTime when = std::max(FromUnixMillis(now_unix_ms), chain.front().NotBefore());
  PW_TRY(crypto::VerifyChain(chain, roots, crypto::Purpose::kClient, when));
  identity.set_agent_id(response.agent_id());
  identity.set_workspace(response.workspace());
  identity.set_server(response.server());
  *identity.mutable_chain_pem() = response.chain_pem();
  *identity.mutable_roots_pem() = response.roots_pem();
  identity.set_issued_unix_ms(now_unix_ms);
  identity.set_not_after_unix_ms(ToUnixMillis(end));
  return Ok();
}

}  // namespace podwright::agent
