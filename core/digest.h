// SHA-256 and the text forms of bytes. Pure; any thread.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright {

// A SHA-256 value. Ordered bytewise.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Digest&) const = default;
  std::string Hex() const;
  std::string_view View() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  static Result<Digest> FromHex(std::string_view hex);
};

Digest Sha256(std::string_view data);

// Incremental; Finish may be called once.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(const Sha256Hasher&) = delete;
  Sha256Hasher& operator=(const Sha256Hasher&) = delete;
  void Update(std::string_view data);
  // The length first, then the bytes: fields cannot run into each other.
  void UpdateField(std::string_view data);
  Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string HmacSha256(std::string_view key, std::string_view data);

std::string HexEncode(std::string_view bytes);
Result<std::string> HexDecode(std::string_view hex);
std::string Base64Encode(std::string_view bytes);         // standard alphabet, padded
std::string Base64UrlEncode(std::string_view bytes);      // URL alphabet, no padding
Result<std::string> Base64Decode(std::string_view text);  // either alphabet, padding optional

// Takes the same time wherever the two differ. Different lengths compare as unequal.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

}  // namespace podwright
