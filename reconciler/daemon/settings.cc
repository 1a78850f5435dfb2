#include "reconciler/daemon/settings.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <sstream>
#include <type_traits>
#include <utility>

namespace podwright::daemon {
namespace {

constexpr char kConfigName[] = "config";
constexpr std::int64_t kMostKept = 100'000'000;

struct Setting {
  const char* name;
  const char* variable;
  const char* help;
};

constexpr Setting kSettings[] = {
    {kConfigName, "PODWRIGHT_DAEMON_CONFIG", "YAML file with these settings, names with _ for -"},
    {"data-dir", "PODWRIGHT_DATA_DIR",
     "Folder of the store; /var/lib/podwright for root, else $XDG_STATE_HOME/podwright"},
    {"envelope-key", "PODWRIGHT_ENVELOPE_KEY",
     "File of the key that encrypts secrets, outside the data folder; made when it is missing; "
     "/etc/podwright/envelope.key for root, else $XDG_CONFIG_HOME/podwright/envelope.key"},
    {"context-file", "PODWRIGHT_CONFIG",
     "Where the first start writes the administrator's token, for the CLI; $XDG_CONFIG_HOME/podwright/config.yaml"},
    {"api-listen", "PODWRIGHT_API_LISTEN", "HOST:PORT for people, CI and the provider; 127.0.0.1:7440"},
    {"https-listen", "PODWRIGHT_HTTPS_LISTEN",
     "HOST:PORT for /healthz, /readyz, /metrics, webhooks and previews; 127.0.0.1:7441"},
    {"public-url", "PODWRIGHT_PUBLIC_URL",
     "https://HOST[:PORT] by which people reach the HTTPS listener, for links in pull requests' previews; without it "
     "previews name the command that prints them"},
    {"agents-listen", "PODWRIGHT_AGENTS_LISTEN", "HOST:PORT for agents; 0.0.0.0:7442"},
    {"agents-advertise", "PODWRIGHT_AGENTS_ADVERTISE",
     "HOST or HOST:PORT by which servers reach this one; stands in enrolment tokens. Without it: the lab's address "
     "where there is a lab, else the host's first address that is not loopback"},
    {"tls-names", "PODWRIGHT_TLS_NAMES",
     "Further names and addresses for the servers' certificates, with commas between"},
    {"lab", "PODWRIGHT_LAB", "auto: servers in containers on this host, where it is able to; off"},
    {"lab-cache", "PODWRIGHT_LAB_CACHE", "Folder of the lab's image, which may be shared; the data folder's lab-cache"},
    {"agent-binary", "PODWRIGHT_AGENT_BINARY",
     "The program podwright-agent for new machines; the one beside podwrightd"},
    {"ready-file", "PODWRIGHT_READY_FILE", "A file that is made when everything listens"},
    {"runs-kept", "PODWRIGHT_RUNS_KEPT",
     "Ended runs that stay with their journals, the newest; fewer where they touched more than 200000 objects "
     "together; 10000"},
    {"events-kept", "PODWRIGHT_EVENTS_KEPT", "Events that stay, the newest; 100000"},
    {"history-kept", "PODWRIGHT_HISTORY_KEPT",
     "Revisions of the store that stay readable, which followers of runs and events need; 50000"},
    {"log-level", "PODWRIGHT_LOG_LEVEL", "trace, debug, info, warn, error or off; info"},
    {"log-format", "PODWRIGHT_LOG_FORMAT", "text or json; text"},
};

// A value, and where it came from, for errors.
struct Sourced {
  std::string value;
  std::string source;
};
using Values = std::map<std::string, Sourced>;

bool Known(const std::string& name) {
  return std::any_of(std::begin(kSettings), std::end(kSettings), [&](const Setting& s) { return name == s.name; });
}

Result<Values> ReadFile(const std::string& path) {
  std::ifstream in(path);
  if (!in) return NotFound("cannot read the configuration file " + path);
  std::ostringstream text;
  text << in.rdbuf();
  Values values;
  try {
    const YAML::Node root = YAML::Load(text.str());
    if (root.IsNull()) return values;
    if (!root.IsMap()) return InvalidArgument(path + ": a configuration is a map of settings");
    for (const auto& entry : root) {
      const auto key = entry.first.as<std::string>();
      const std::string place = path + ":" + std::to_string(entry.first.Mark().line + 1);
      std::string name = key;
      std::replace(name.begin(), name.end(), '_', '-');
      if (!Known(name) || name == kConfigName || key.find('-') != std::string::npos) {
        return InvalidArgument(place + ": unknown setting \"" + key + "\"");
      }
      if (!entry.second.IsScalar()) return InvalidArgument(place + ": \"" + key + "\" must be a text or a number");
      if (!values.emplace(name, Sourced{entry.second.as<std::string>(), place}).second) {
        return InvalidArgument(place + ": \"" + key + "\" stands there twice");
      }
    }
  } catch (const YAML::Exception& e) {
    return InvalidArgument(path + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg);
  }
  return values;
}

Result<Values> Collect(const FlagValues& flags, const Environment& environment) {
  Values from_flags;
  for (const auto& [name, value] : flags) {
    if (!Known(name)) return InvalidArgument("unknown flag --" + name);
    from_flags[name] = {value, "--" + name};
  }
  Values from_environment;
  for (const Setting& setting : kSettings) {
    if (auto value = environment(setting.variable)) from_environment[setting.name] = {*value, setting.variable};
  }
  Values merged = std::move(from_flags);
  merged.merge(from_environment);  // keeps what is there
  if (const auto config = merged.find(kConfigName); config != merged.end()) {
    PW_ASSIGN(Values from_file, ReadFile(config->second.value));
    merged.merge(from_file);
  }
  return merged;
}

std::string UserFolder(const Environment& environment, const char* variable, const char* below_home) {
  if (auto folder = environment(variable)) return *folder + "/podwright";
  if (auto home = environment("HOME")) return *home + below_home;
  return "";
}

class Reader {
 public:
  explicit Reader(Values values) : values_(std::move(values)) {}

  std::string Text(const char* name, std::string otherwise) const {
    const auto it = values_.find(name);
    return it == values_.end() ? std::move(otherwise) : it->second.value;
  }
  // The error of a value with its source before it.
  Error Bad(const char* name, const std::string& what) const {
    const auto it = values_.find(name);
    return InvalidArgument((it == values_.end() ? std::string("default of --") + name : it->second.source) + ": " +
                           what);
  }
  Result<Address> ListenAddress(const char* name, const char* otherwise) const {
    Result<Address> address = ParseAddress(Text(name, otherwise), -1);
    if (!address.ok()) return Bad(name, address.error().message());
    return address;
  }

 private:
  Values values_;
};

Status TakeListeners(const Reader& reader, Settings* settings) {
  PW_ASSIGN(settings->api_listen, reader.ListenAddress("api-listen", "127.0.0.1:7440"));
  PW_ASSIGN(settings->https_listen, reader.ListenAddress("https-listen", "127.0.0.1:7441"));
  PW_ASSIGN(settings->agents_listen, reader.ListenAddress("agents-listen", "0.0.0.0:7442"));
  const std::string advertise = reader.Text("agents-advertise", "");
  if (advertise.empty()) return Ok();
  // Port 0 stands for the one that is listened on.
  Result<Address> address = ParseAddress(advertise, 0);
  if (!address.ok()) return reader.Bad("agents-advertise", address.error().message());
  settings->agents_advertise = *std::move(address);
  return Ok();
}

Status TakePublicUrl(const Reader& reader, Settings* settings) {
  std::string url = reader.Text("public-url", "");
  while (url.ends_with('/')) url.pop_back();
  constexpr std::string_view kScheme = "https://";
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]/";
  const bool good = url.empty() || (url.starts_with(kScheme) && url.size() > kScheme.size() &&
                                    url.find_first_not_of(kAllowed) == std::string::npos);
  if (!good) return reader.Bad("public-url", "\"" + url + "\" is not https://HOST or https://HOST:PORT");
  settings->public_url = std::move(url);
  return Ok();
}

Status TakeLog(const Reader& reader, Settings* settings) {
  const std::string level = reader.Text("log-level", "info");
  settings->log_level = log::ParseLevel(level);
  if (settings->log_level == log::Level::kInfo && level != "info") {
    return reader.Bad("log-level", "\"" + level + "\" is not trace, debug, info, warn, error or off");
  }
  const std::string format = reader.Text("log-format", "text");
  if (format != "text" && format != "json") return reader.Bad("log-format", "\"" + format + "\" is not text or json");
  settings->log_format = format == "json" ? log::Format::kJson : log::Format::kText;
  return Ok();
}

Status TakeLimits(const Reader& reader, Settings* settings) {
  const auto take = [&](const char* name, std::int64_t least, auto* out) -> Status {
    const std::string text = reader.Text(name, std::to_string(*out));
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > kMostKept) {
      return reader.Bad(
          name, "\"" + text + "\" is not a number from " + std::to_string(least) + " to " + std::to_string(kMostKept));
    }
    *out = static_cast<std::remove_pointer_t<decltype(out)>>(value);
    return Ok();
  };
  PW_TRY(take("runs-kept", 1, &settings->runs_kept));
  PW_TRY(take("events-kept", 100, &settings->events_kept));
  return take("history-kept", 1000, &settings->history_kept);
}

Status TakeFolders(const Reader& reader, const Host& host, Settings* settings) {
  const std::string state =
      host.root ? "/var/lib/podwright" : UserFolder(host.environment, "XDG_STATE_HOME", "/.local/state/podwright");
  const std::string config = UserFolder(host.environment, "XDG_CONFIG_HOME", "/.config/podwright");
  const auto need = [&](const char* name, const std::string& folder, const std::string& below,
                        std::string* out) -> Status {
    *out = reader.Text(name, folder.empty() ? "" : folder + below);
    if (out->empty()) return reader.Bad(name, "HOME is not set: say where");
    return Ok();
  };
  PW_TRY(need("data-dir", state, "", &settings->data_dir));
  PW_TRY(need("envelope-key", host.root ? "/etc/podwright" : config, "/envelope.key", &settings->envelope_key));
  PW_TRY(need("context-file", config, "/config.yaml", &settings->context_file));
  settings->lab_cache = reader.Text("lab-cache", settings->data_dir + "/lab-cache");
  return Ok();
}

}  // namespace

Result<Settings> ResolveSettings(const FlagValues& flags, const Host& host) {
  PW_ASSIGN(Values values, Collect(flags, host.environment));
  const Reader reader(std::move(values));
  Settings settings;
  PW_TRY(TakeFolders(reader, host, &settings));
  PW_TRY(TakeListeners(reader, &settings));
  PW_TRY(TakePublicUrl(reader, &settings));
  PW_TRY(TakeLog(reader, &settings));
  PW_TRY(TakeLimits(reader, &settings));
  std::istringstream names(reader.Text("tls-names", ""));
  for (std::string name; std::getline(names, name, ',');) {
    if (!name.empty()) settings.tls_names.push_back(name);
  }
  const std::string lab = reader.Text("lab", "auto");
  if (lab != "auto" && lab != "off") return reader.Bad("lab", "\"" + lab + "\" is not auto or off");
  settings.lab = lab == "auto";
  settings.agent_binary = reader.Text("agent-binary", "");
  settings.ready_file = reader.Text("ready-file", "");
  return settings;
}

std::vector<SettingHelp> AllSettings() {
  std::vector<SettingHelp> all;
  for (const Setting& setting : kSettings) all.push_back({setting.name, setting.variable, setting.help});
  return all;
}

}  // namespace podwright::daemon
