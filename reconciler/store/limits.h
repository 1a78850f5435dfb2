// What every implementation refuses, so that nothing that works on one store fails on another: etcd's
// own limits, rounded down.
#pragma once

#include <cstddef>

namespace podwright::store {

inline constexpr std::size_t kMaxOperations = 100;             // in each of compares, success, failure
inline constexpr std::size_t kMaxTransactionBytes = 1U << 20;  // keys and values together
inline constexpr std::size_t kMaxKeyBytes = 1U << 10;

}  // namespace podwright::store
