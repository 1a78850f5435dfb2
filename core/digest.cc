#include "core/digest.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

// The one-shot and context functions of <openssl/sha.h> are deprecated in favour of EVP, which fetches
// the algorithm on every call (about 1 µs); a plan hashes tens of thousands of short strings.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace podwright {

namespace {
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrl[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string Encode64(std::string_view in, const char* alphabet, bool padded) {
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  std::size_t i = 0;
  auto byte = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(in[k])); };
  for (; i + 2 < in.size(); i += 3) {
    const std::uint32_t v = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out += alphabet[v >> 18];
    out += alphabet[v >> 12 & 63];
    out += alphabet[v >> 6 & 63];
    out += alphabet[v & 63];
  }
  const std::size_t left = in.size() - i;
  if (left == 0) return out;
  const std::uint32_t v = byte(i) << 16 | (left == 2 ? byte(i + 1) << 8 : 0);
  out += alphabet[v >> 18];
  out += alphabet[v >> 12 & 63];
  if (left == 2) out += alphabet[v >> 6 & 63];
  if (padded) out.append(3 - left, '=');
  return out;
}

int Value64(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}
}  // namespace

std::string Digest::Hex() const {
  return HexEncode(View());
}

Result<Digest> Digest::FromHex(std::string_view hex) {
  PW_ASSIGN(const std::string raw, HexDecode(hex));
  if (raw.size() != 32) return InvalidArgument("a SHA-256 digest has 64 hexadecimal digits");
  Digest digest;
  for (std::size_t i = 0; i < 32; ++i) digest.bytes[i] = static_cast<std::uint8_t>(raw[i]);
  return digest;
}

Digest Sha256(std::string_view data) {
  Digest digest;
  // Not SHA256(): that one fetches the algorithm, too.
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(digest.bytes.data(), &context);
  return digest;
}

struct Sha256Hasher::State {
  SHA256_CTX context;
};
Sha256Hasher::Sha256Hasher() : state_(std::make_unique<State>()) {
  SHA256_Init(&state_->context);
}
Sha256Hasher::~Sha256Hasher() = default;
void Sha256Hasher::Update(std::string_view data) {
  SHA256_Update(&state_->context, data.data(), data.size());
}
void Sha256Hasher::UpdateField(std::string_view data) {
  char length[8];
  std::uint64_t n = data.size();
  for (char& c : length) {
    c = static_cast<char>(n & 0xff);
    n >>= 8;
  }
  Update({length, sizeof length});
  Update(data);
}
Digest Sha256Hasher::Finish() {
  Digest digest;
  SHA256_Final(digest.bytes.data(), &state_->context);
  return digest;
}

std::string HmacSha256(std::string_view key, std::string_view data) {
  unsigned char out[32];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
       data.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

std::string HexEncode(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

Result<std::string> HexDecode(std::string_view hex) {
  if (hex.size() % 2 != 0) return InvalidArgument("hexadecimal text has an odd number of digits");
  std::string out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexValue(hex[i]);
    const int low = HexValue(hex[i + 1]);
    if (high < 0 || low < 0) return InvalidArgument("not a hexadecimal digit");
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

std::string Base64Encode(std::string_view bytes) {
  return Encode64(bytes, kStandard, true);
}
std::string Base64UrlEncode(std::string_view bytes) {
  return Encode64(bytes, kUrl, false);
}

Result<std::string> Base64Decode(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return InvalidArgument("base64 text has an impossible length");
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const int v = Value64(c);
    if (v < 0) return InvalidArgument("not a base64 character");
    buffer = buffer << 6 | static_cast<std::uint32_t>(v);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(buffer >> bits & 0xff);
    }
  }
  return out;
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace podwright
