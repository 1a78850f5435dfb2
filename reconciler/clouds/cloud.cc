#include "reconciler/clouds/cloud.h"

#include <algorithm>
#include <array>

namespace podwright::clouds {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxPath = 250;

bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsLabel(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

bool IsSysctlName(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), [](char c) {
    return IsLower(c) || IsDigit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
  });
}

bool IsOneLine(std::string_view value) {
  return value.size() <= 1000 &&
         std::none_of(value.begin(), value.end(), [](char c) { return c == '\n' || c == '\r' || c == '\0'; });
}

std::string Join(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

Status ValidateChoice(std::string_view cloud, std::string_view field, const std::vector<std::string>& offered,
                      const std::string& wanted) {
  if (wanted.empty() || std::find(offered.begin(), offered.end(), wanted) != offered.end()) return Ok();
  return InvalidArgument("cloud \"" + std::string(cloud) + "\" has no " + std::string(field) + " \"" + wanted +
                         "\"; it has: " + Join(offered));
}

Status ValidatePath(const std::string& path) {
  const Error bad = InvalidArgument("\"" + path + "\" is not a plain absolute path");
  if (path.size() < 2 || path[0] != '/' || path.back() == '/' || path.size() > kMaxPath || !IsOneLine(path)) return bad;
  const std::string padded = path + "/";
  for (const std::string_view part : {"//", "/./", "/../"}) {
    if (padded.find(part) != std::string::npos) return bad;
  }
  constexpr std::array<std::string_view, 6> kReplacedAtBoot = {"/run/",  "/tmp/", "/dev/",
                                                               "/proc/", "/sys/", "/var/run/"};
  for (const std::string_view folder : kReplacedAtBoot) {
    if (path.starts_with(folder)) return InvalidArgument("\"" + path + "\" is in a folder that a boot replaces");
  }
  return Ok();
}

}  // namespace

std::string_view MachineStateName(MachineState state) {
  switch (state) {
    case MachineState::kIncomplete: return "incomplete";
    case MachineState::kRunning: return "running";
    case MachineState::kStopped: return "stopped";
    case MachineState::kUnknown: break;
  }
  return "unknown";
}

bool CloudCapabilities::AllowsSysctl(std::string_view name) const {
  if (own_kernel) return true;
  return std::find(sysctl_names.begin(), sysctl_names.end(), name) != sysctl_names.end() ||
         std::any_of(sysctl_prefixes.begin(), sysctl_prefixes.end(),
                     [&](const std::string& prefix) { return name.starts_with(prefix); });
}

Status ValidateTag(const std::string& tag) {
  if (IsLabel(tag) && tag[0] != '-') return Ok();
  return InvalidArgument("\"" + tag + "\" is not a machine's tag: it must match ^[a-z0-9][a-z0-9-]{0,62}$");
}

Status ValidateRequest(std::string_view cloud, const CloudCapabilities& capabilities, const MachineRequest& request) {
  PW_TRY(ValidateTag(request.tag));
  if (!IsLabel(request.name) || !IsLower(request.name[0])) {
    return InvalidArgument("\"" + request.name + "\" is not a server's name: it must match ^[a-z][a-z0-9-]{0,62}$");
  }
  PW_TRY(ValidateChoice(cloud, "image", capabilities.images, request.image));
  PW_TRY(ValidateChoice(cloud, "size", capabilities.sizes, request.size));
  PW_TRY(ValidateChoice(cloud, "region", capabilities.regions, request.region));
  for (const auto& [name, value] : request.sysctls) {
    if (!IsSysctlName(name) || !IsOneLine(value)) return InvalidArgument("\"" + name + "\" is not a sysctl");
    if (!capabilities.AllowsSysctl(name)) {
      return InvalidArgument("cloud \"" + std::string(cloud) + "\" cannot set sysctl \"" + name +
                             "\": its servers share the host's kernel, and this one is not a server's own");
    }
  }
  for (const auto& [key, value] : request.labels) {
    if (key.empty() || key.find('=') != std::string::npos || !IsOneLine(key) || !IsOneLine(value)) {
      return InvalidArgument("\"" + key + "\" is not a label that a machine can carry");
    }
  }
  for (const auto& file : request.files) PW_TRY(ValidatePath(file.path));
  for (const auto& binary : request.binaries) PW_TRY(ValidatePath(binary.path));
  return Ok();
}

}  // namespace podwright::clouds
