// What names an object within a workspace.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace podwright::planner {

struct ObjectKey {
  std::string kind;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  std::string Text() const { return kind + "/" + name; }
};

// Not noexcept, and so slow in the eyes of the library, which therefore keeps hashes in its tables.
struct ObjectKeyHash {
  std::size_t operator()(const ObjectKey& key) const {
    const std::hash<std::string_view> hash;
    return hash(key.kind) * 1099511628211ULL ^ hash(key.name);
  }
};

}  // namespace podwright::planner
