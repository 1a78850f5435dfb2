#include "agent/drivers/database/postgresql/text.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "core/digest.h"
#include "kinds/database/database_form.h"

namespace podwright::drivers::database::postgresql {
namespace {

constexpr int kScramIterations = 4096;
constexpr char kNoteOfUser[] = "podwright user ";
constexpr char kNoteOfLogin[] = "podwright login of ";

std::string Doubled(std::string_view text, std::string_view doubled) {
  std::string out;
  for (const char c : text) {
    if (c == '\0') continue;
    if (doubled.find(c) != std::string_view::npos) out += c;
    out += c;
  }
  return out;
}

std::int64_t Number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::map<std::string, std::string> Sorted(const google::protobuf::Map<std::string, std::string>& map) {
  return {map.begin(), map.end()};
}

std::string Header(const std::string& object) {
  return "# Written by Podwright for database/" + object + ". What is changed here is put back.\n";
}

std::string HostNetwork(const std::string& address) {
  return address + (address.find(':') == std::string::npos ? "/32" : "/128");
}

// 'ANY 1 ("db-2", "db-3")'; members are in it wherever the primary is.
std::string SynchronousNames(const v1::kinds::DatabaseConfiguration& configuration) {
  if (configuration.sync_count() < 1) return "";
  std::string names;
  for (const auto& entry : Sorted(configuration.members())) {
    if (entry.first == configuration.member()) continue;
    names += (names.empty() ? "" : ", ") + Name(entry.first);
  }
  if (names.empty()) return "";
  return (configuration.sync_mode() == "quorum" ? "ANY " : "FIRST ") + std::to_string(configuration.sync_count()) +
         " (" + names + ")";
}

}  // namespace

std::string Literal(std::string_view text) {
  const bool escapes = text.find('\\') != std::string_view::npos;
  return (escapes ? " E'" : "'") + Doubled(text, "'\\") + "'";
}

std::string Name(std::string_view text) {
  return "\"" + Doubled(text, "\"") + "\"";
}

std::string ConfigValue(std::string_view text) {
  return "'" + Doubled(text, "'\\") + "'";
}

bool IsPosition(std::string_view text) {
  const auto slash = text.find('/');
  const auto hex = [](std::string_view part) {
    return !part.empty() && part.size() <= 8 && part.find_first_not_of("0123456789ABCDEFabcdef") == part.npos;
  };
  return slash != std::string_view::npos && hex(text.substr(0, slash)) && hex(text.substr(slash + 1));
}

Paths PathsOf(const std::string& version, const std::string& name) {
  Paths paths;
  const std::string both = version + "/" + name;
  paths.etc = "/etc/postgresql/" + both;
  paths.data = "/var/lib/postgresql/" + both;
  const std::string beside = "/var/lib/postgresql/podwright-" + version + "-" + name;
  paths.mark = beside + ".mark";
  paths.fence = beside + ".fenced";
  paths.conf = paths.etc + "/conf.d/podwright.conf";
  paths.hba = paths.etc + "/pg_hba.conf";
  paths.hba_before = paths.etc + "/pg_hba.before-podwright";
  paths.passfile = paths.etc + "/podwright.pgpass";
  paths.check = paths.etc + "/podwright-role-check";
  paths.start_conf = paths.etc + "/start.conf";
  paths.unit = "postgresql@" + version + "-" + name + ".service";
  paths.drop_in = "/etc/systemd/system/" + paths.unit + ".d/podwright.conf";
  paths.bin = "/usr/lib/postgresql/" + version + "/bin";
  return paths;
}

std::string PrimaryConninfo(const v1::kinds::DatabaseKept& kept, const Paths& paths) {
  const auto& configuration = kept.configuration();
  const auto upstream = configuration.members().find(kept.upstream());
  if (kept.upstream().empty() || upstream == configuration.members().end()) return "";
  return "host=" + upstream->second + " port=" + std::to_string(configuration.port()) +
         " user=" + kinds::kReplicationUser + " passfile=" + paths.passfile +
         " sslmode=require connect_timeout=5 application_name=" + configuration.member();
}

std::string ConfText(const std::string& object, const v1::kinds::DatabaseKept& kept, const Paths& paths) {
  const auto& configuration = kept.configuration();
  std::string text = Header(object);
  const auto set = [&](const std::string& name, const std::string& value) {
    text += name + " = " + ConfigValue(value) + "\n";
  };
  set("listen_addresses", "*");
  set("port", std::to_string(configuration.port()));
  set("wal_level", "replica");
  set("wal_log_hints", "on");
  set("hot_standby", "on");
  set("max_wal_senders", "20");
  set("max_replication_slots", "20");
  set("wal_keep_size", "256MB");
  set("password_encryption", "scram-sha-256");
  set("synchronous_standby_names", SynchronousNames(configuration));
  set("primary_conninfo", PrimaryConninfo(kept, paths));
  set("primary_slot_name", kept.upstream().empty() ? "" : kinds::SlotOfMember(configuration.member()));
  for (const auto& [name, value] : Sorted(configuration.parameters())) set(name, value);
  return text;
}

std::string HbaText(const std::string& object, const v1::kinds::DatabaseConfiguration& configuration,
                    std::string_view before) {
  std::string text = Header(object);
  text += "local all postgres peer\n";
  text += "local all all scram-sha-256\n";
  for (const auto& [name, address] : Sorted(configuration.members())) {
    for (const char* database : {"replication", "postgres"}) {
      text += std::string("hostssl ") + database + " " + kinds::kReplicationUser + " " + HostNetwork(address) +
              " scram-sha-256\n";
    }
  }
  text += std::string("host all ") + kinds::kReplicationUser + " all reject\n";
  text += std::string("host replication ") + kinds::kReplicationUser + " all reject\n";
  text += "host all postgres all reject\n";
  text += "host all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n";
  for (const std::string& network : configuration.clients()) text += "host all all " + network + " scram-sha-256\n";
  if (configuration.clients().empty()) text += "host all all samenet scram-sha-256\n";
  if (!before.empty()) text += "# What stood here before Podwright:\n" + std::string(before);
  return text;
}

Result<std::string> PassfileText(const v1::kinds::DatabaseConfiguration& configuration, std::string_view password) {
  if (password.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos) {
    return InvalidArgument("the members' password has characters that no password file can hold");
  }
  std::string escaped;
  for (const char c : password) {
    if (c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return "*:" + std::to_string(configuration.port()) + ":*:" + kinds::kReplicationUser + ":" + escaped + "\n";
}

std::string CheckText(const std::string& object, const v1::kinds::DatabaseConfiguration& configuration,
                      const Paths& paths) {
  std::string text = "#!/bin/sh\n" + Header(object) +
                     "# A replica may start. Who would start as the primary first asks the other members.\n"
                     "[ -e " +
                     paths.data + "/standby.signal ] && exit 0\n" + "if [ -e " + paths.fence +
                     " ]; then\n  echo 'podwright: this former primary was stopped for a switchover, and does not "
                     "start as a primary' >&2\n  exit 1\nfi\n"
                     "for member in";
  for (const auto& [name, address] : Sorted(configuration.members())) {
    if (name != configuration.member()) text += " " + name + "=" + address;
  }
  text += "; do\n  found=$(PGPASSFILE=" + paths.passfile + " timeout 5 runuser -u postgres -- " + paths.bin +
          "/psql -X -w -A -t -c 'select pg_is_in_recovery()' \"host=${member#*=} port=" +
          std::to_string(configuration.port()) + " user=" + kinds::kReplicationUser +
          " dbname=postgres sslmode=require connect_timeout=3\" </dev/null 2>/dev/null)\n"
          "  if [ \"$found\" = f ]; then\n"
          "    echo \"podwright: ${member%%=*} is the primary: this instance does not start as a second one\" >&2\n"
          "    exit 1\n  fi\ndone\nexit 0\n";
  return text;
}

std::string DropInText(const Paths& paths) {
  return "# Written by Podwright.\n[Service]\nExecStartPre=/bin/sh " + paths.check + "\n";
}

Result<std::string> ScramVerifier(std::string_view password, std::string_view salt) {
  if (password.empty()) return InvalidArgument("the password is empty");
  if (!std::all_of(password.begin(), password.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return InvalidArgument("the password has characters other than printable ASCII, which clients would normalise");
  }
  std::string block = HmacSha256(password, std::string(salt) + std::string("\0\0\0\1", 4));
  std::string salted = block;
  for (int i = 1; i < kScramIterations; ++i) {
    block = HmacSha256(password, block);
    for (std::size_t k = 0; k < salted.size(); ++k) salted[k] = static_cast<char>(salted[k] ^ block[k]);
  }
  const std::string stored = std::string(Sha256(HmacSha256(salted, "Client Key")).View());
  const std::string server = HmacSha256(salted, "Server Key");
  return "SCRAM-SHA-256$" + std::to_string(kScramIterations) + ":" + Base64Encode(salt) + "$" + Base64Encode(stored) +
         ":" + Base64Encode(server);
}

Result<ControlData> ParseControlData(const std::string& text) {
  std::map<std::string, std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto value = line.find_first_not_of(' ', colon + 1);
    lines[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  ControlData data;
  const std::string& state = lines["Database cluster state"];
  data.clean = state == "shut down" || state == "shut down in recovery";
  data.checkpoint = lines["Latest checkpoint location"];
  data.timeline =
      std::max(Number(lines["Latest checkpoint's TimeLineID"]), Number(lines["Min recovery ending loc's timeline"]));
  data.system = lines["Database system identifier"];
  data.checksums = Number(lines["Data page checksum version"]) > 0;
  for (const auto& [name, value] : lines) {
    if (name.starts_with("max_") && name.ends_with(" setting")) data.limits[name] = Number(value);
  }
  if (data.system.empty() || data.timeline == 0) return Internal("pg_controldata answered what is not understood");
  return data;
}

std::string MarkText(const Mark& mark) {
  return "database " + mark.object + "\nstate " + mark.state + "\n" + (mark.adopted ? "adopted\n" : "");
}

Mark ParseMark(const std::string& text) {
  Mark mark;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("database ")) mark.object = line.substr(9);
    if (line.starts_with("state ")) mark.state = line.substr(6);
    if (line == "adopted") mark.adopted = true;
  }
  return mark;
}

std::string RoleNoteText(const RoleNote& note) {
  if (note.version >= 0) return kNoteOfLogin + note.user + " version " + std::to_string(note.version);
  std::string text = kNoteOfUser + note.user;
  for (const auto& [database, right] : note.grants) text += " " + database + "=" + right;
  return text;
}

RoleNote ParseRoleNote(const std::string& text) {
  RoleNote note;
  const std::string login = kNoteOfLogin;
  const std::string user = kNoteOfUser;
  if (text.starts_with(login)) {
    std::istringstream in(text.substr(login.size()));
    std::string word;
    in >> note.user >> word >> word;
    note.version = Number(word);
  } else if (text.starts_with(user)) {
    std::istringstream in(text.substr(user.size()));
    in >> note.user;
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      if (equals != std::string::npos) note.grants.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
  }
  return note;
}

}  // namespace podwright::drivers::database::postgresql
