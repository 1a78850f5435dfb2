#include "reconciler/clouds/lab/recipe.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "core/digest.h"
#include "reconciler/clouds/lab/tools.h"

namespace podwright::clouds::lab {
namespace {

// Raised when the way an image is built changes without a change of packages or finish.sh.
constexpr char kBuildVersion[] = "1";

std::string OsReleaseValue(std::string_view os_release, std::string_view key) {
  std::istringstream lines{std::string(os_release)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(std::string(key) + "=")) continue;
    std::string value = line.substr(key.size() + 1);
    std::erase(value, '"');
    return value;
  }
  return {};
}

// The value of a line `Key "value";` of apt-config dump.
std::string AptSetting(const std::string& dump, std::string_view key) {
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(std::string(key) + " \"") || !line.ends_with("\";")) continue;
    return line.substr(key.size() + 2, line.size() - key.size() - 4);
  }
  return {};
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> kept;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && !line.starts_with('#')) kept.push_back(line);
  }
  return kept;
}

std::vector<RecipeFile> ReadFolder(const std::string& folder, std::set<std::string> extensions) {
  std::vector<RecipeFile> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error) || !extensions.contains(it->path().extension().string())) continue;
    const std::string path = it->path().string();
    if (auto content = ReadFile(path); content.ok()) files.push_back({path, *std::move(content), 0644});
  }
  std::sort(files.begin(), files.end(), [](const RecipeFile& a, const RecipeFile& b) { return a.path < b.path; });
  return files;
}

// Signed-By names files of the host, or holds a key itself; the files go to the same place.
Status AddKeyrings(const std::vector<AptSource>& sources, const HostSetup& host, Recipe& recipe) {
  bool relies_on_trusted_keys = false;
  std::set<std::string> paths = {recipe.keyring};
  for (const auto& source : sources) {
    const auto signed_by = source.options.find("Signed-By");
    if (signed_by == source.options.end())
      relies_on_trusted_keys = true;
    else if (signed_by->second.starts_with('/'))
      paths.insert(signed_by->second);
  }
  for (const auto& path : paths) {
    PW_ASSIGN(std::string content, ReadFile(path));
    recipe.files.push_back({path, std::move(content), 0644});
  }
  if (relies_on_trusted_keys) {
    recipe.files.insert(recipe.files.end(), host.apt_keys.begin(), host.apt_keys.end());
  }
  return Ok();
}

const AptSource* FindBase(const std::vector<AptSource>& sources, const std::string& suite) {
  const auto found = std::find_if(sources.begin(), sources.end(), [&](const AptSource& source) {
    return std::find(source.suites.begin(), source.suites.end(), suite) != source.suites.end() &&
           std::find(source.components.begin(), source.components.end(), "main") != source.components.end();
  });
  return found == sources.end() ? nullptr : &*found;
}

// debootstrap's gpgv reads binary keyrings only.
std::string BootstrapKeyring(const AptSource& base, const std::string& id) {
  const auto signed_by = base.options.find("Signed-By");
  if (signed_by != base.options.end() && signed_by->second.starts_with('/') && signed_by->second.ends_with(".gpg")) {
    return signed_by->second;
  }
  return "/usr/share/keyrings/" + id + "-archive-keyring.gpg";
}

}  // namespace

std::string Recipe::Version() const {
  Sha256Hasher hasher;
  for (const std::string_view text : {std::string_view(kBuildVersion), std::string_view(name), std::string_view(suite),
                                      std::string_view(arch), std::string_view(mirror), std::string_view(keyring)}) {
    hasher.UpdateField(text);
  }
  for (const auto& package : packages) hasher.UpdateField(package);
  hasher.UpdateField(kFinishScript);
  for (const auto& file : files) {
    hasher.UpdateField(file.path);
    hasher.UpdateField(file.content);
  }
  return hasher.Finish().Hex().substr(0, 16);
}

std::string ImageName(std::string_view os_release) {
  const std::string id = OsReleaseValue(os_release, "ID");
  const std::string version = OsReleaseValue(os_release, "VERSION_ID");
  return id.empty() || version.empty() ? std::string() : id + "-" + version;
}

std::string FetchSettings(const HostSetup& host) {
  constexpr std::array<std::string_view, 7> kPrefixes = {
      "Acquire::http::",      "Acquire::https::",     "Acquire::Check-Valid-Until ",
      "Acquire::Check-Date ", "Acquire::Languages::", "Acquire::Retries ",
      "Acquire::Force"};
  // Programs of the host, and keys that prove who the host is, stay there.
  constexpr std::array<std::string_view, 5> kHostOnly = {"Auto-Detect", "AutoDetect", "SslKey", "SslCert", "::CaPath"};
  std::string settings;
  for (const auto& line : Lines(host.apt_config)) {
    const bool wanted =
        std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](std::string_view p) { return line.starts_with(p); });
    const bool host_only = std::any_of(kHostOnly.begin(), kHostOnly.end(),
                                       [&](std::string_view part) { return line.find(part) != std::string::npos; });
    if (wanted && !host_only) settings += line + "\n";
  }
  const auto add_proxy = [&](const std::string& key, const std::string& proxy) {
    if (!proxy.empty() && proxy.find('"') == std::string::npos && AptSetting(host.apt_config, key).empty()) {
      settings += key + " \"" + proxy + "\";\n";
    }
  };
  add_proxy("Acquire::http::Proxy", host.http_proxy);
  add_proxy("Acquire::https::Proxy", host.https_proxy);
  return settings;
}

Result<Recipe> MakeRecipe(const HostSetup& host) {
  Recipe recipe;
  const std::string id = OsReleaseValue(host.os_release, "ID");
  recipe.name = ImageName(host.os_release);
  recipe.suite = OsReleaseValue(host.os_release, "VERSION_CODENAME");
  recipe.arch = host.arch;
  if ((id != "debian" && id != "ubuntu") || recipe.name.empty() || recipe.suite.empty()) {
    return FailedPrecondition("the lab makes its servers from the host's own release, which must be Debian or Ubuntu");
  }
  const std::vector<AptSource> sources = DistributionSources(host.sources, recipe.suite);
  const AptSource* base = FindBase(sources, recipe.suite);
  if (base == nullptr) {
    return FailedPrecondition("apt on this host has no source over http or https for " + recipe.suite + " main");
  }
  recipe.mirror = base->uris[0];
  recipe.keyring = BootstrapKeyring(*base, id);
  recipe.packages = Lines(kPackageList);
  PW_TRY(AddKeyrings(sources, host, recipe));
  recipe.files.insert(recipe.files.end(), host.authorities.begin(), host.authorities.end());
  recipe.files.push_back({"/etc/apt/sources.list", "", 0644});
  recipe.files.push_back({"/etc/apt/sources.list.d/host.sources", FormatSourcesFile(sources), 0644});

  const std::string settings = FetchSettings(host);
  // A proxy's address may hold a password.
  const std::uint32_t mode = settings.find('@') == std::string::npos ? 0644 : 0600;
  recipe.files.push_back({"/etc/apt/apt.conf.d/80host-fetch", settings, mode});
  const std::string ca_info = AptSetting(host.apt_config, "Acquire::https::CaInfo");
  if (!ca_info.empty()) {
    PW_ASSIGN(std::string content, ReadFile(ca_info));
    recipe.files.push_back({ca_info, std::move(content), 0644});
  }
  const bool secure = recipe.mirror.starts_with("https://");
  const std::string apt_proxy = AptSetting(host.apt_config, secure ? "Acquire::https::Proxy" : "Acquire::http::Proxy");
  recipe.proxy = !apt_proxy.empty() ? apt_proxy : secure ? host.https_proxy : host.http_proxy;
  return recipe;
}

Result<HostSetup> ReadHostSetup() {
  HostSetup host;
  PW_ASSIGN(host.os_release, ReadFile("/etc/os-release"));
  const auto add = [&](const std::vector<AptSource>& more) {
    host.sources.insert(host.sources.end(), more.begin(), more.end());
  };
  if (const auto list = ReadFile("/etc/apt/sources.list"); list.ok()) add(ParseListFile(*list));
  for (const auto& file : ReadFolder("/etc/apt/sources.list.d", {".list"})) add(ParseListFile(file.content));
  for (const auto& file : ReadFolder("/etc/apt/sources.list.d", {".sources"})) add(ParseSourcesFile(file.content));
  host.authorities = ReadFolder("/usr/local/share/ca-certificates", {".crt"});
  host.apt_keys = ReadFolder("/etc/apt/trusted.gpg.d", {".gpg", ".asc"});

  PW_ASSIGN(host.apt_config, RunTool({"apt-config", "dump"}, {}, std::chrono::seconds(20)));
  PW_ASSIGN(host.arch, RunTool({"dpkg", "--print-architecture"}, {}, std::chrono::seconds(20)));
  std::erase(host.arch, '\n');
  const auto from_environment = [](const char* lower, const char* upper) {
    const char* value = std::getenv(lower);
    if (value == nullptr) value = std::getenv(upper);
    return std::string(value == nullptr ? "" : value);
  };
  host.http_proxy = from_environment("http_proxy", "HTTP_PROXY");
  host.https_proxy = from_environment("https_proxy", "HTTPS_PROXY");
  return host;
}

}  // namespace podwright::clouds::lab
