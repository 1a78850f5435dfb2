#include "reconciler/secrets/generator.h"

#include <algorithm>
#include <string_view>

namespace podwright::secrets {

namespace {

constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Result<std::string> Characters(const GeneratorSpec& spec) {
  if (spec.characters.empty()) {
    if (spec.alphabet == "alphanumeric") return std::string(kAlphanumeric);
    if (spec.alphabet == "hex") return std::string(kHex);
    if (spec.alphabet == "base64url") return std::string(kBase64Url);
    return InvalidArgument("unknown alphabet " + spec.alphabet + "; there are alphanumeric, hex and base64url");
  }
  std::string sorted = spec.characters;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return InvalidArgument("a generator's characters name one twice, which would favour it");
  }
  if (sorted.size() < 2) return InvalidArgument("a generator needs at least two characters to choose from");
  if (std::any_of(sorted.begin(), sorted.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; })) {
    return InvalidArgument("a generator's characters are printable ASCII");
  }
  return spec.characters;
}

}  // namespace

Result<crypto::SecretString> Generate(const GeneratorSpec& spec, Random& random) {
  PW_ASSIGN(const std::string characters, Characters(spec));
  if (spec.length == 0 || spec.length > kMaxGeneratedLength) {
    return InvalidArgument("a generated secret has 1 to " + std::to_string(kMaxGeneratedLength) + " characters");
  }
  crypto::SecretString secret(spec.length);
  for (std::size_t i = 0; i < spec.length; ++i) secret.data()[i] = characters[random.Below(characters.size())];
  return secret;
}

}  // namespace podwright::secrets
