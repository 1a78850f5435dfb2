// The planner's own unambiguous byte form of what is hashed: every field has its length before it.
// Pure; a value of one thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/digest.h"

namespace podwright::planner {

class Encoder {
 public:
  // `domain` keeps equal bytes of different things apart.
  explicit Encoder(std::string_view domain) { Text(domain); }

  Encoder& Text(std::string_view text) {
    Number(text.size());
    bytes_.append(text);
    return *this;
  }
  template <typename T>
  requires(std::integral<T> || std::is_enum_v<T>) Encoder& Number(T number) {
    auto rest = static_cast<std::uint64_t>(number);
    for (; rest >= 0x80; rest >>= 7) bytes_.push_back(static_cast<char>((rest & 0x7f) | 0x80));
    bytes_.push_back(static_cast<char>(rest));
    return *this;
  }

  const std::string& bytes() const { return bytes_; }
  Digest Hash() const { return Sha256(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace podwright::planner
