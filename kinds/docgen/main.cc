// podwright-docgen [--check] FOLDER: writes the pages of the kinds and the JSON Schema below FOLDER (docs/).
// --check writes nothing, names what is stale, and ends with 1.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "kinds/json_schema.h"
#include "kinds/reference_docs.h"
#include "kinds/registry.h"

namespace {

namespace fs = std::filesystem;
using podwright::kinds::AllKinds;

std::map<fs::path, std::string> Pages(const fs::path& root) {
  std::map<fs::path, std::string> pages;
  for (const auto* kind : AllKinds().All()) {
    pages[root / "kinds" / (kind->name() + ".md")] = podwright::kinds::ReferencePage(*kind);
  }
  pages[root / "schema" / "podwright.schema.json"] = podwright::kinds::JsonSchema(AllKinds());
  return pages;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool WriteFile(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file) return true;
  std::fprintf(stderr, "cannot write %s\n", path.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string(argv[1]) == "--check";
  if (!check && (argc != 2 || argv[1][0] == '-')) {
    std::fprintf(stderr, "usage: podwright-docgen [--check] FOLDER\n");
    return 2;
  }
  int bad = 0;
  for (const auto& [path, text] : Pages(argv[argc - 1])) {
    if (!check) {
      bad += WriteFile(path, text) ? 0 : 1;
    } else if (ReadFile(path) != text) {
      std::fprintf(stderr, "%s is stale: run podwright-docgen %s\n", path.c_str(), argv[argc - 1]);
      ++bad;
    }
  }
  return bad == 0 ? 0 : 1;
}
