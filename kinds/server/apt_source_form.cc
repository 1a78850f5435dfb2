#include "kinds/server/apt_source_form.h"

#include <algorithm>

#include "core/digest.h"
#include "podwright/v1/kinds/server.pb.h"

namespace podwright::kinds {
namespace {

constexpr std::string_view kMarker = "# Written by Podwright: ";
constexpr std::string_view kBegin = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr std::string_view kEnd = "-----END PGP PUBLIC KEY BLOCK-----";

// One word on a line of its own: no space, no line break.
bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

template <typename Words>
Result<std::string> Joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!IsWord(word)) return InvalidArgument("\"" + word + "\" cannot stand in an apt source");
    out += " " + word;
  }
  return out;
}

// Line ends as apt takes them, and no white space around it.
std::string PlainKey(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c != '\r') out += c;
  }
  const auto first = out.find_first_not_of(" \t\n");
  const auto last = out.find_last_not_of(" \t\n");
  return first == std::string::npos ? std::string() : out.substr(first, last - first + 1) + "\n";
}

}  // namespace

AptSourcePaths AptSourcePathsOf(const std::string& name) {
  return {"/etc/apt/keyrings/podwright-" + name + ".asc", "/etc/apt/sources.list.d/podwright-" + name + ".sources",
          "/etc/apt/preferences.d/podwright-source-" + name + ".pref"};
}

Result<std::vector<AptSourceFile>> AptSourceFiles(const std::string& name, const v1::kinds::ServerAptSource& source) {
  if (!IsWord(name) || name.find('/') != std::string::npos) {
    return InvalidArgument("\"" + name + "\" is no name of an apt source");
  }
  if (const std::string wrong = WrongAptKey(source.key()); !wrong.empty()) return InvalidArgument(wrong);
  const AptSourcePaths paths = AptSourcePathsOf(name);
  PW_ASSIGN(const std::string uri, Joined(std::vector<std::string>{source.uri()}));
  PW_ASSIGN(const std::string suite, Joined(std::vector<std::string>{source.suite()}));
  PW_ASSIGN(const std::string components, Joined(source.components()));
  PW_ASSIGN(const std::string architectures, Joined(source.architectures()));
  std::string text = std::string(kMarker) + "the apt source " + name + "; changes are put back.\n";
  text += "Types: deb\nURIs:" + uri + "\nSuites:" + suite + "\n";
  if (!components.empty()) text += "Components:" + components + "\n";
  if (!architectures.empty()) text += "Architectures:" + architectures + "\n";
  text += "Signed-By: " + paths.key + "\n";
  std::vector<AptSourceFile> files = {{paths.key, PlainKey(source.key())}, {paths.sources, std::move(text)}};
  if (source.has_priority()) {
    const std::string host = AptHost(source.uri());
    if (!IsWord(host)) return InvalidArgument("\"" + source.uri() + "\" has no host");
    files.push_back({paths.preferences, std::string(kMarker) + "the apt source " + name +
                                            "; changes are put back.\nPackage: *\nPin: origin \"" + host +
                                            "\"\nPin-Priority: " + std::to_string(source.priority()) + "\n"});
  }
  return files;
}

bool IsOurAptSource(std::string_view text) {
  return text.starts_with(kMarker);
}

std::string AptSourceDigest(const std::vector<AptSourceFile>& files) {
  std::string text;
  for (const AptSourceFile& file : files) {
    text += file.path + " " + std::to_string(file.mode) + " " + Sha256(file.content).Hex() + "\n";
  }
  return Sha256(text).Hex();
}

std::string WrongAptKey(std::string_view key) {
  const bool plain = std::all_of(key.begin(), key.end(),
                                 [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; });
  if (!plain) return "the key is not armored: `gpg --armor --export` writes it as text";
  if (key.find("PRIVATE KEY") != std::string_view::npos) {
    return "this is a private key, which belongs to whoever signs: `gpg --armor --export` writes the public one";
  }
  const std::string trimmed = PlainKey(key);
  if (!trimmed.starts_with(kBegin) || trimmed.find(kEnd) == std::string::npos) {
    return "this is no armored PGP public key: it begins with " + std::string(kBegin);
  }
  return "";
}

std::string AptHost(std::string_view uri) {
  const auto scheme = uri.find("://");
  if (scheme == std::string_view::npos) return "";
  const std::string_view rest = uri.substr(scheme + 3);
  return std::string(rest.substr(0, rest.find_first_of(":/")));
}

}  // namespace podwright::kinds
