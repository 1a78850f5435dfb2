#include "agent/drivers/database/mysql/configuration.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <sstream>
#include <string_view>

#include "agent/drivers/database/mysql/sql.h"
#include "core/digest.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::mysql {
namespace {

constexpr char kFolder[] = "/etc/mysql/podwright";
constexpr char kDeclared[] = "# declared\n";
constexpr char kClients[] = "# clients:";
constexpr std::uint32_t kBinlogSeconds = 7 * 24 * 3600;
// As long as the server takes (49 days): a commit that nobody else has is not acknowledged.
constexpr char kSyncTimeoutMs[] = "4294967295";

std::string Underscored(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// In double quotes, with the escapes that option files know.
std::string Quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string_view Trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string Option(const std::string& name, const std::string& value) {
  return name + " = " + value + "\n";
}

const char* NameOf(Part part) {
  switch (part) {
    case Part::kPrimary: return "primary";
    case Part::kReplica: return "replica";
    case Part::kFenced: return "fenced";
    case Part::kClone: return "clone";
  }
  return "";
}

// 1 for "", 1024 for "k"; 0 for what is none.
std::int64_t Factor(std::string_view suffix) {
  if (suffix.empty()) return 1;
  if (suffix.size() != 1) return 0;
  constexpr std::string_view kLetters = "kmgtpe";
  const char letter = static_cast<char>(suffix[0] | 0x20);
  const auto at = kLetters.find(letter);
  return at == std::string_view::npos ? 0 : std::int64_t{1} << (10 * (at + 1));
}

Result<std::string> NumberValue(const std::string& value) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [after, error] = std::from_chars(value.data(), end, number);
  const std::int64_t factor = Factor(std::string_view(after, static_cast<std::size_t>(end - after)));
  if (error != std::errc() || factor == 0 || number > std::numeric_limits<std::int64_t>::max() / factor) {
    return InvalidArgument("\"" + value + "\" is no number that MariaDB knows: its suffixes are K, M, G, T, P and E");
  }
  return std::to_string(number * factor);
}

}  // namespace

std::string ConfigurationFolder() {
  return kFolder;
}
std::string ConfigurationPath(const std::string& instance) {
  return std::string(kFolder) + "/" + instance + ".cnf";
}
std::string RolePath(const std::string& instance) {
  return std::string(kFolder) + "/" + instance + ".role.cnf";
}
std::string KeyPath(const std::string& instance) {
  return std::string(kFolder) + "/" + instance + ".pem";
}
std::string DataFolder(const std::string& instance) {
  return "/var/lib/mariadb/" + instance;
}
std::string RunFolder(const std::string& instance) {
  return "/run/mariadb-" + instance;
}
std::string SocketPath(const std::string& instance) {
  return RunFolder(instance) + "/mariadbd.sock";
}
std::string StartedPath(const std::string& instance) {
  return RunFolder(instance) + "/started.cnf";
}
std::string BinlogStatePath(const std::string& instance) {
  return DataFolder(instance) + "/binlog.state";
}
std::string CredentialsPath(const std::string& instance) {
  return std::string(kFolder) + "/" + instance + ".upstream.cnf";
}
std::string MarkPath(const std::string& instance) {
  return "/var/lib/mariadb/" + instance + ".podwright";
}
std::string DumpPath(const std::string& instance) {
  return "/var/lib/mariadb/" + instance + ".dump";
}
std::string UnitOf(const std::string& instance) {
  return "podwright-mariadb@" + instance + ".service";
}
std::string UnitPath() {
  return "/etc/systemd/system/podwright-mariadb@.service";
}

// An empty data folder is never initialised by a start: it would come up as a blank primary.
std::string UnitText() {
  return R"(# Made by Podwright; changes are put back.
[Unit]
Description=MariaDB %i, kept by Podwright
Wants=network-online.target
After=network-online.target
AssertPathExists=/var/lib/mariadb/%i/mysql
AssertPathExists=/etc/mysql/podwright/%i.role.cnf

[Service]
Type=notify
User=mysql
Group=mysql
RuntimeDirectory=mariadb-%i
RuntimeDirectoryMode=0755
ExecStartPre=+/bin/cp -f /etc/mysql/podwright/%i.cnf /run/mariadb-%i/started.cnf
ExecStart=/usr/sbin/mariadbd --defaults-file=/etc/mysql/podwright/%i.cnf
KillSignal=SIGTERM
SendSIGKILL=no
Restart=on-abnormal
RestartSec=5s
UMask=007
ProtectSystem=full
ProtectHome=true
TimeoutStartSec=900
TimeoutStopSec=900
LimitNOFILE=32768
LimitMEMLOCK=524288

[Install]
WantedBy=multi-user.target
)";
}

std::vector<std::string> Packages() {
  return {"mariadb-client-core", "mariadb-client", "mariadb-server-core"};
}

std::string ConfigurationText(const Settings& settings) {
  const std::string& instance = settings.instance;
  std::string text =
      "# Made by Podwright for the database " + settings.database + "; changes are put back.\n[mysqld]\n";
  text += Option("user", "mysql");
  text += Option("port", std::to_string(settings.port));
  text += Option("bind_address", "*");
  text += Option("datadir", DataFolder(instance));
  text += Option("socket", SocketPath(instance));
  text += Option("pid_file", RunFolder(instance) + "/mariadbd.pid");
  text += Option("skip_name_resolve", "ON");
  text += Option("ssl_cert", KeyPath(instance));
  text += Option("ssl_key", KeyPath(instance));
  text += Option("character_set_server", "utf8mb4");
  text += Option("collation_server", "utf8mb4_general_ci");
  text += Option("server_id", std::to_string(ServerId(settings.member)));
  text += Option("report_host", settings.address);
  text += Option("report_port", std::to_string(settings.port));
  text += Option("log_bin", "binlog");
  text += Option("relay_log", "relay");
  text += Option("log_slave_updates", "ON");
  text += Option("gtid_strict_mode", "ON");
  text += Option("sync_binlog", "1");
  text += Option("innodb_flush_log_at_trx_commit", "1");
  text += Option("relay_log_recovery", "ON");
  text += Option("master_retry_count", "0");
  text += Option("rpl_semi_sync_slave_enabled", "ON");
  text += Option("rpl_semi_sync_master_timeout", kSyncTimeoutMs);
  text += Option("rpl_semi_sync_master_wait_point", "AFTER_SYNC");
  if (!settings.parameters.contains("binlog_expire_logs_seconds") &&
      !settings.parameters.contains("expire_logs_days")) {
    text += Option("binlog_expire_logs_seconds", std::to_string(kBinlogSeconds));
  }
  text += kClients;
  for (const std::string& network : settings.clients) text += " " + network;
  text += "\n";
  text += kDeclared;
  for (const auto& [name, value] : settings.parameters) text += Option(Underscored(name), Quoted(value));
  return text + "!include " + RolePath(instance) + "\n";
}

std::string RoleText(const RoleFile& role) {
  std::string text = "# Made by Podwright: what this member is. It changes with a switchover, not by hand.\n";
  text += std::string("# part: ") + NameOf(role.part) + "\n";
  text += "# epoch: " + std::to_string(role.epoch) + "\n";
  if (!role.stopped_at.empty()) text += "# stopped_at: " + role.stopped_at + "\n";
  text += "[mysqld]\n" + Option("read_only", role.part == Part::kPrimary ? "OFF" : "ON");
  text += Option("rpl_semi_sync_master_enabled", role.part == Part::kPrimary && role.sync ? "ON" : "OFF");
  if (role.part == Part::kFenced || role.part == Part::kClone) text += Option("skip_slave_start", "ON");
  if (role.part == Part::kClone) text += Option("skip_networking", "ON");
  return text;
}

std::optional<RoleFile> ParseRole(const std::string& text) {
  RoleFile role;
  bool known = false;
  for (const Part part : {Part::kPrimary, Part::kReplica, Part::kFenced, Part::kClone}) {
    if (text.find(std::string("# part: ") + NameOf(part) + "\n") == std::string::npos) continue;
    role.part = part;
    known = true;
  }
  if (!known) return std::nullopt;
  const auto comment = [&](const std::string& name) -> std::string {
    const std::string begin = "\n# " + name + ": ";
    const auto at = text.find(begin);
    if (at == std::string::npos) return "";
    const auto from = at + begin.size();
    return text.substr(from, text.find('\n', from) - from);
  };
  const std::string epoch = comment("epoch");
  static_cast<void>(std::from_chars(epoch.data(), epoch.data() + epoch.size(), role.epoch));
  role.stopped_at = comment("stopped_at");
  const auto options = ParseOptions(text);
  const auto sync = options.find("rpl_semi_sync_master_enabled");
  role.sync = sync != options.end() && sync->second == "ON";
  return role;
}

std::uint32_t ServerId(const std::string& member) {
  const Digest digest = Sha256("server_id\n" + member);
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < sizeof id; ++i) id = id << 8 | digest.bytes[i];
  return id == 0 ? 1 : id;
}

Status CheckParameter(const std::string& name, const std::string& value) {
  const auto of_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (name.empty() || !std::all_of(name.begin(), name.end(), of_name)) {
    return InvalidArgument("\"" + name + "\" is no name of a parameter of MariaDB");
  }
  std::string plain = Underscored(name);
  // An option file takes these in front of any name.
  for (const std::string prefix : {"loose_", "skip_", "disable_", "enable_", "maximum_"}) {
    if (plain.starts_with(prefix) && kinds::IsReservedParameter(kinds::kMysql, plain.substr(prefix.size()))) {
      plain = plain.substr(prefix.size());
    }
  }
  if (kinds::IsReservedParameter(kinds::kMysql, plain)) {
    return InvalidArgument("parameters: \"" + name + "\" is set by Podwright itself: take it out");
  }
  if (!std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return InvalidArgument("parameters." + name + ": a value is one line of plain characters");
  }
  return Ok();
}

std::map<std::string, std::string> ParseOptions(const std::string& text) {
  std::map<std::string, std::string> out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = Trim(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto equal = line.find('=');
    if (line.empty() || line[0] == '#' || line[0] == '[' || line[0] == '!' || equal == std::string_view::npos) continue;
    out[Underscored(std::string(Trim(line.substr(0, equal))))] = std::string(Trim(line.substr(equal + 1)));
  }
  return out;
}

std::map<std::string, std::string> DeclaredOptions(const std::string& configuration) {
  const auto at = configuration.find(kDeclared);
  return at == std::string::npos ? std::map<std::string, std::string>() : ParseOptions(configuration.substr(at));
}

std::vector<std::string> ClientNetworks(const std::string& configuration) {
  std::vector<std::string> out;
  const auto at = configuration.find(kClients);
  if (at == std::string::npos) return out;
  std::istringstream line(configuration.substr(at, configuration.find('\n', at) - at).substr(sizeof kClients - 1));
  for (std::string network; line >> network;) out.push_back(network);
  return out;
}

Result<std::string> GlobalValue(const std::string& type, const std::string& value) {
  const bool whole = type.starts_with("BIGINT") || type.starts_with("INT");
  const bool digits =
      !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (whole) return NumberValue(value);
  if (type == "DOUBLE") {
    const bool plain = value.find_first_not_of("0123456789.eE+-") == std::string::npos && !value.empty();
    return plain ? Result<std::string>(value) : InvalidArgument("\"" + value + "\" is no number");
  }
  if ((type == "BOOLEAN" || type == "ENUM") && digits) return value;
  return QuoteString(value);
}

}  // namespace podwright::drivers::database::mysql
