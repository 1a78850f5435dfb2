// How podwrightd is configured: flags over environment over a YAML file over defaults.
//
// One table says each setting's flag (--data-dir), variable (PODWRIGHT_DATA_DIR), key in the file
// (data_dir) and meaning; help is made from it. Threading: values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/log.h"
#include "core/result.h"

namespace podwright::daemon {

using Environment = std::function<std::optional<std::string>(const char* name)>;

struct Settings {
  std::string data_dir;
  std::string envelope_key;
  std::string context_file;
  Address api_listen;
  Address https_listen;
  Address agents_listen;
  std::optional<Address> agents_advertise;  // unset: found out at the start
  std::vector<std::string> tls_names;       // further names and addresses in the servers' certificates
  bool lab = true;                          // where the host can have one
  std::string lab_cache;
  std::string agent_binary;  // "" means beside podwrightd
  std::string ready_file;
  std::string public_url;  // of the HTTPS listener as people reach it, without a slash at the end; "": they do not
  // How much of the past is kept; older is cut once a minute.
  std::size_t runs_kept = 10'000;
  std::size_t events_kept = 100'000;
  std::int64_t history_kept = 50'000;
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;
};

// What the process is, for the defaults.
struct Host {
  bool root = false;
  Environment environment;
};

// `flags` as given on the command line: name without dashes → value. Errors name the setting, and the source
// that it came from; every unknown key of the file is an error.
using FlagValues = std::vector<std::pair<std::string, std::string>>;
Result<Settings> ResolveSettings(const FlagValues& flags, const Host& host);

struct SettingHelp {
  std::string name;  // "data-dir"
  std::string variable;
  std::string help;
};
std::vector<SettingHelp> AllSettings();

}  // namespace podwright::daemon
