#include "core/random.h"

#include <sys/random.h>

#include <cstdlib>
#include <cstring>

namespace podwright {

std::uint64_t Random::Below(std::uint64_t bound) {
  // Rejection keeps it uniform.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    const std::string raw = Bytes(8);
    std::uint64_t value = 0;
    std::memcpy(&value, raw.data(), 8);
    if (value < limit) return value % bound;
  }
}

std::string Random::Id(std::size_t size) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string raw = Bytes(size);
  for (char& c : raw) c = kAlphabet[static_cast<unsigned char>(c) & 31];
  return raw;
}

std::string SystemRandom::Bytes(std::size_t size) {
  std::string out(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = getrandom(out.data() + done, size - done, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    done += static_cast<std::size_t>(n);
  }
  return out;
}

std::string SeededRandom::Bytes(std::size_t size) {
  std::lock_guard lock(mutex_);
  std::string out;
  out.reserve(size + 8);
  while (out.size() < size) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    char raw[8];
    std::memcpy(raw, &z, 8);
    out.append(raw, 8);
  }
  out.resize(size);
  return out;
}

}  // namespace podwright
