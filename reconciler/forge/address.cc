#include <algorithm>

#include "reconciler/forge/address_parts.h"
#include "reconciler/forge/forges.h"
#include "reconciler/forge/markdown.h"

namespace podwright::forge {
namespace {

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == ':' || c == '[' || c == ']';
}

std::string_view WithoutPort(std::string_view host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

std::string ApiUrl(ForgeType type, const std::string& host) {
  switch (type) {
    case ForgeType::kGitHub: return host == "github.com" ? "https://api.github.com" : "https://" + host + "/api/v3";
    case ForgeType::kGitLab: return "https://" + host + "/api/v4";
    case ForgeType::kForgejo: return "https://" + host + "/api/v1";
  }
  return "";
}

Error NoAddress(std::string_view url) {
  return InvalidArgument("\"" + PlainLine(url, 200) +
                         "\" names no repository of a forge: https://HOST/OWNER/NAME.git or ssh://git@HOST/OWNER/NAME");
}

}  // namespace

bool IsRepositoryName(ForgeType type, std::string_view name) {
  std::size_t parts = 0;
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    const bool plain = std::all_of(part.begin(), part.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
             c == '_' || c == '+' || c == '~';
    });
    if (part.empty() || part == "." || part == ".." || part.size() > 255 || !plain) return false;
    ++parts;
    if (slash == std::string_view::npos) break;
    name.remove_prefix(slash + 1);
  }
  return parts == 2 || (type == ForgeType::kGitLab && parts > 2 && parts <= 21);
}

Status CheckApiUrl(std::string_view url) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return InvalidArgument("the API's address must begin with https://");
  const std::string_view rest = url.substr(secure ? 8 : 7);
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (host.empty() || !std::all_of(host.begin(), host.end(), IsHostCharacter)) {
    return InvalidArgument("the API's address \"" + PlainLine(url, 200) + "\" has no host, or more than a host");
  }
  if (rest.find_first_of("?# \t\r\n\\@%") != std::string_view::npos || rest.ends_with('/')) {
    return InvalidArgument("the API's address \"" + PlainLine(url, 200) + "\" must end with its path, without a slash");
  }
  const std::string_view name = WithoutPort(host);
  if (!secure && name != "127.0.0.1" && name != "localhost" && name != "[::1]") {
    return InvalidArgument("the API's address \"" + PlainLine(url, 200) +
                           "\" would send the token unencrypted: it must begin with https://");
  }
  return Ok();
}

Result<Address> AddressFromGitUrl(ForgeType type, std::string_view url) {
  std::string_view rest = url;
  bool web = false;
  bool scheme = true;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
    web = true;
  } else if (rest.starts_with("ssh://")) {
    rest.remove_prefix(6);
  } else if (rest.find("://") == std::string_view::npos) {
    scheme = false;
  } else {
    return NoAddress(url);
  }
  const std::size_t end = rest.find(scheme ? '/' : ':');
  if (end == std::string_view::npos) return NoAddress(url);
  std::string_view host = rest.substr(0, end);
  std::string_view path = rest.substr(end + 1);
  host.remove_prefix(std::min(host.size(), host.rfind('@') + 1));
  // The port of ssh is not that of the API.
  if (!web) host = WithoutPort(host);
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name == "ssh.github.com") name = "github.com";
  if (name.empty() || !std::all_of(name.begin(), name.end(), IsHostCharacter) || !IsRepositoryName(type, path)) {
    return NoAddress(url);
  }
  return Address{type, ApiUrl(type, name), std::string(path)};
}

Result<ForgeType> ParseForgeType(std::string_view name) {
  if (name == "github") return ForgeType::kGitHub;
  if (name == "gitlab") return ForgeType::kGitLab;
  if (name == "gitea" || name == "forgejo") return ForgeType::kForgejo;
  return InvalidArgument("\"" + PlainLine(name, 80) + "\" is no forge: github, gitlab, gitea or forgejo");
}

}  // namespace podwright::forge
