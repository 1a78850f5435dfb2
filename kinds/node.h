// A document between its text and its message: a plain tree with places. For the files of kinds/ only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podwright::kinds {

struct Place {
  int line = 0;
  int column = 0;
};

struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  // JSON knows a quoted string from a plain literal, too.
  enum class Style { kPlain, kQuoted };

  Kind kind = Kind::kNull;
  Style style = Style::kPlain;
  std::string text;  // of a scalar, as it stands in the source
  Place place;
  std::string key;  // of an entry of a map
  Place key_place;
  std::vector<Node> children;  // elements of a sequence, entries of a map

  const Node* Find(std::string_view name) const {
    for (const Node& child : children) {
      if (child.key == name) return &child;
    }
    return nullptr;
  }
};

}  // namespace podwright::kinds
