#include "reconciler/clouds/lab/tools.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "core/process.h"

namespace podwright::clouds::lab {
namespace {

// mountinfo writes blanks and backslashes as \ooo.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>(std::strtol(std::string(text.substr(i + 1, 3)).c_str(), nullptr, 8));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

Result<std::string> RunTool(std::vector<std::string> argv, const CallOptions& options, std::chrono::seconds limit,
                            ToolInput input) {
  ProcessRequest request;
  request.argv = std::move(argv);
  request.stdin_bytes = std::move(input.stdin_bytes);
  request.env = std::move(input.env);
  request.env["LC_ALL"] = "C";
  request.deadline = options.deadline.value_or(std::chrono::steady_clock::now() + limit);
  request.cancel = options.cancel;
  return RunForOutput(request);
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return ErrnoError(errno, "open " + path);
  std::ostringstream content;
  content << file.rdbuf();
  if (file.bad()) return ErrnoError(errno, "read " + path);
  return std::move(content).str();
}

Status MakeFolder(const std::string& path, std::uint32_t mode) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) return ErrnoError(errno, "mkdir " + part);
    if (slash == std::string::npos) return Ok();
  }
}

Status UnmountBelow(const std::string& path) {
  PW_ASSIGN(const std::string table, ReadFile("/proc/self/mountinfo"));
  std::vector<std::string> points;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string field;
    for (int i = 0; i < 5; ++i) fields >> field;
    std::string point = Unescape(field);
    if (point == path || point.starts_with(path + "/")) points.push_back(std::move(point));
  }
  // Later lines lie on top of, or below in the tree, what earlier ones mounted.
  std::reverse(points.begin(), points.end());
  for (const auto& point : points) {
    if (::umount2(point.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT) {
      return ErrnoError(errno, "unmount " + point);
    }
  }
  return Ok();
}

Status RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return ErrnoError(error.value(), "remove " + path);
  return Ok();
}

}  // namespace podwright::clouds::lab
