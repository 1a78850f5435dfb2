#include "core/sealed_value.h"

#include "core/crypto/seal.h"
#include "core/digest.h"

namespace podwright {

namespace {

constexpr std::string_view kKeyMark = "podwright-seal-key-1";
constexpr std::string_view kValueMark = "pws1.";
constexpr std::size_t kKeyBytes = 32;

// No name has a zero byte, so that workspace and name cannot run into each other.
std::string Binding(const std::string& workspace, const std::string& secret) {
  return std::string("podwright sealed value") + '\0' + workspace + '\0' + secret;
}

}  // namespace

std::string FormatSealingKey(const SealedValueKey& key) {
  return std::string(kKeyMark) + " " + key.workspace + " " + Base64UrlEncode(key.public_key);
}

Result<SealedValueKey> ParseSealingKey(std::string_view text) {
  const Error none = InvalidArgument("this is no sealing key: `podwright secret seal-key` prints one");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (!text.starts_with(kKeyMark) || text.size() <= kKeyMark.size() || text[kKeyMark.size()] != ' ') return none;
  text.remove_prefix(kKeyMark.size() + 1);
  const std::size_t space = text.find(' ');
  if (space == 0 || space == std::string_view::npos) return none;
  const auto raw = Base64Decode(text.substr(space + 1));
  if (!raw.ok() || raw->size() != kKeyBytes) return none;
  return SealedValueKey{std::string(text.substr(0, space)), *raw};
}

Result<std::string> SealValue(const SealedValueKey& key, const std::string& secret, std::string_view value) {
  PW_ASSIGN(const std::string sealed, crypto::Seal(key.public_key, value, Binding(key.workspace, secret)));
  return std::string(kValueMark) + Base64UrlEncode(sealed);
}

Result<crypto::SecretString> OpenSealedValue(const crypto::PrivateKey& key, const std::string& workspace,
                                             const std::string& secret, std::string_view sealed) {
  const auto bytes =
      sealed.starts_with(kValueMark) ? Base64Decode(sealed.substr(kValueMark.size())) : Result<std::string>("");
  if (!bytes.ok() || bytes->empty()) {
    return InvalidArgument("this is no sealed value: `podwright secret seal " + secret + "` makes one");
  }
  auto value = crypto::Open(key, *bytes, Binding(workspace, secret));
  if (value.ok()) return value;
  return DataLoss(
      "the sealed value does not open: it was sealed for another name, another workspace or another control "
      "plane, or it was changed; seal it again with `podwright secret seal " +
      secret + "`");
}

}  // namespace podwright
