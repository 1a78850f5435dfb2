// Randomness, as a seam: real entropy in the programs, a seeded sequence in tests and simulations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

namespace podwright {

// Threading: all methods may be called from any thread.
class Random {
 public:
  virtual ~Random() = default;
  // `size` bytes. The system implementation aborts the process when the kernel gives none:
  // nothing safe can go on without.
  virtual std::string Bytes(std::size_t size) = 0;
  // Uniform in [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound);
  // `size` characters of [a-z2-7], five bits each.
  std::string Id(std::size_t size);
};

class SystemRandom final : public Random {
 public:
  std::string Bytes(std::size_t size) override;
};

// splitmix64: the same seed gives the same bytes everywhere. Never for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::string Bytes(std::size_t size) override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;  // protected by mutex_
};

}  // namespace podwright
