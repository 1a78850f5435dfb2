#include "core/crypto/envelope.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/crypto/aead.h"

namespace podwright::crypto {

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kMaxId = 64;

bool GoodId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxId && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

// The header is authenticated too: a ciphertext cannot be passed off as another key's.
std::string WithHeader(std::string_view header, std::string_view associated_data) {
  return std::string(header) + std::string(associated_data);
}

}  // namespace

Status EnvelopeKeyring::Add(std::string_view id, SecretBytes key) {
  if (!GoodId(id)) return InvalidArgument("the id of an envelope key has 1 to 64 letters, digits, - or _");
  if (key.size() != kAeadKeyBytes) return InvalidArgument("an envelope key has 32 bytes");
  if (!keys_.try_emplace(std::string(id), std::move(key)).second) {
    return InvalidArgument("two envelope keys have the id " + std::string(id));
  }
  current_ = id;
  return Ok();
}

Result<std::string> EnvelopeKeyring::Encrypt(std::string_view plaintext, std::string_view associated_data) const {
  const auto key = keys_.find(current_);
  if (key == keys_.end()) return FailedPrecondition("there is no envelope key");
  std::string header(1, kVersion);
  header += static_cast<char>(current_.size());
  header += current_;
  PW_ASSIGN(const std::string sealed,
            AeadEncrypt(key->second.Reveal(), plaintext, WithHeader(header, associated_data)));
  return header + sealed;
}

Result<SecretBytes> EnvelopeKeyring::Decrypt(std::string_view sealed, std::string_view associated_data) const {
  if (sealed.size() < 2 || sealed[0] != kVersion) return DataLoss("not an encrypted value of this version");
  const std::size_t id_size = static_cast<unsigned char>(sealed[1]);
  if (sealed.size() < 2 + id_size) return DataLoss("an encrypted value is cut short");
  const std::string_view id = sealed.substr(2, id_size);
  if (!GoodId(id)) return DataLoss("an encrypted value names no key");
  const auto key = keys_.find(id);
  if (key == keys_.end()) {
    return FailedPrecondition("a value is encrypted under the envelope key " + std::string(id) +
                              ", which is not in the key file");
  }
  const std::string_view header = sealed.substr(0, 2 + id_size);
  return AeadDecrypt(key->second.Reveal(), sealed.substr(header.size()), WithHeader(header, associated_data));
}

}  // namespace podwright::crypto
