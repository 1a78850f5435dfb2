// The planner's own unambiguous byte form of what is hashed: every field has its length before it.
// Pure; a value of one thread. The buffer is the thread's, handed on from one encoder to the next: a plan
// makes hundreds of thousands of them, and large buffers are what an allocator is slow at.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/digest.h"

namespace podwright::planner {

class Encoder {
 public:
  // `domain` keeps equal bytes of different things apart.
  explicit Encoder(std::string_view domain) : bytes_(std::move(Spare())) {
    bytes_.clear();
    Text(domain);
  }
  ~Encoder() { Spare() = std::move(bytes_); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

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
  static std::string& Spare() {
    static thread_local std::string spare;
    return spare;
  }

  std::string bytes_;
};

}  // namespace podwright::planner
