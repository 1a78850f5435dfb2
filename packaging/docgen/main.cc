// podwright-registry-docs [--check] SOURCE: writes the pages in SOURCE/packaging/terraform-registry, and takes away
// there what is not made any more. --check writes nothing, names what is stale, and ends with 1.
// podwright-registry-docs --repository FOLDER SOURCE: writes all that registries read: pages, guides, examples.
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "packaging/docgen/pages.h"
#include "packaging/docgen/provider_schema.h"

namespace {

namespace fs = std::filesystem;
using podwright::docgen::Files;

std::vector<std::string> Leftover(const fs::path& folder, const Files& files) {
  std::vector<std::string> leftover;
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(folder, none)) {
    if (!entry.is_regular_file()) continue;
    std::string path = entry.path().lexically_relative(folder).generic_string();
    if (!files.contains(path)) leftover.push_back(std::move(path));
  }
  return leftover;
}

bool WriteFile(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (FILE* file = std::fopen(path.c_str(), "wb")) {
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (std::fclose(file) == 0 && written) return true;
  }
  std::fprintf(stderr, "cannot write %s\n", path.c_str());
  return false;
}

int Check(const fs::path& folder, const Files& files) {
  int stale = 0;
  const auto tell = [&](const std::string& path, const char* what) {
    std::fprintf(stderr, "%s %s: run podwright-registry-docs\n", (folder / path).c_str(), what);
    ++stale;
  };
  for (const auto& [path, text] : files) {
    if (podwright::docgen::ReadFile(folder / path) != text) tell(path, "is stale");
  }
  for (const std::string& path : Leftover(folder, files)) tell(path, "is not made any more");
  return stale == 0 ? 0 : 1;
}

bool Write(const fs::path& folder, const Files& files) {
  bool good = true;
  for (const auto& [path, text] : files) good = WriteFile(folder / path, text) && good;
  return good;
}

bool RemoveLeftover(const fs::path& folder, const Files& files) {
  bool good = true;
  std::error_code error;
  for (const std::string& path : Leftover(folder, files)) good = fs::remove(folder / path, error) && good;
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string option = argc > 2 ? argv[1] : "";
  const bool check = option == "--check" && argc == 3;
  const bool repository = option == "--repository" && argc == 4;
  if (!check && !repository && (argc != 2 || argv[1][0] == '-')) {
    std::fprintf(stderr, "usage: podwright-registry-docs [--check | --repository FOLDER] SOURCE\n");
    return 2;
  }
  const auto served = podwright::docgen::ProviderSchema();
  if (!served.ok()) {
    std::fprintf(stderr, "the provider has no schema: %s\n", served.error().ToString().c_str());
    return 1;
  }
  const fs::path source = argv[argc - 1];
  const Files files = podwright::docgen::RegistryFiles(*served, source);
  if (repository) return Write(argv[2], files) ? 0 : 1;
  const Files committed = podwright::docgen::CommittedFiles(files);
  const fs::path folder = source / "packaging" / "terraform-registry";
  if (check) return Check(folder, committed);
  return Write(folder, committed) && RemoveLeftover(folder, committed) ? 0 : 1;
}
