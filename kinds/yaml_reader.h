// YAML text into nodes, strictly. For the files of kinds/ only; tests look at the loader.
#pragma once

#include <string_view>
#include <vector>

#include "kinds/diagnostic.h"
#include "kinds/node.h"

namespace podwright::kinds {

struct YamlDocument {
  Node root;
  bool broken = false;  // with errors; what could be read is in `root`
};

// Every document of the text; empty ones are left out. What is wrong goes to `out` with its place.
std::vector<YamlDocument> ReadYaml(std::string_view text, std::string_view file, Diagnostics* out);

}  // namespace podwright::kinds
