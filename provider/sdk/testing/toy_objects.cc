#include "provider/sdk/testing/toy_objects.h"

#include <cerrno>
#include <fstream>
#include <sstream>

namespace podwright::sdk::testing {

Result<std::string> ReadObject(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return NotFound("no file " + path.string());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Status WriteObject(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return ErrnoError(errno, "write " + path.string());
  return Ok();
}

}  // namespace podwright::sdk::testing
