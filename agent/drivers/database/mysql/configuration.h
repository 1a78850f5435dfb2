// The files of one instance of MariaDB: where they are and what stands in them. An instance of Podwright's own has a
// unit, an option file, a data folder and a socket of its own, and reads none of the distribution's option files.
//
// NAME.cnf says what was declared, NAME.role.cnf what the member is (may it be written to), and is all that makes a
// primary of it at a start. The unit keeps a copy of the first as it was at the start: what differs from it and cannot
// be changed in a running server waits for a restart.
// Sources: MariaDB's documentation of option files, GTID and semi-synchronous replication; Debian's mariadb@.service.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::drivers::database::mysql {

struct Settings {
  std::string database;  // the object's name
  std::string instance;
  std::string member;
  std::string address;
  std::int64_t port = 0;
  std::map<std::string, std::string> parameters;  // declared ones
  std::vector<std::string> clients;               // networks; none: those that the server is in
};

enum class Part {
  kPrimary,  // takes writes
  kReplica,  // reads only, and replicates from where it was told
  kFenced,   // a former primary: reads only, and replicates from nowhere
  kClone,    // reads only and cannot be reached from outside: its data is not there yet
};

// What stands in NAME.role.cnf: all that decides what an instance is when it starts.
struct RoleFile {
  Part part = Part::kReplica;
  bool sync = false;       // of a primary: a commit waits for a replica
  std::int64_t epoch = 0;  // of a primary, and of a former one
  std::string stopped_at;  // of a fenced one that is stopped: the end of its log
  bool operator==(const RoleFile&) const = default;
};

std::string ConfigurationFolder();                           // "/etc/mysql/podwright"
std::string ConfigurationPath(const std::string& instance);  // "/etc/mysql/podwright/orders.cnf"
std::string RolePath(const std::string& instance);           // "/etc/mysql/podwright/orders.role.cnf"
std::string KeyPath(const std::string& instance);            // key and certificate of its TLS, one file
std::string DataFolder(const std::string& instance);         // "/var/lib/mariadb/orders"
std::string RunFolder(const std::string& instance);          // "/run/mariadb-orders"
std::string SocketPath(const std::string& instance);
std::string StartedPath(const std::string& instance);  // the configuration as it was at the start
std::string BinlogStatePath(const std::string& instance);
std::string CredentialsPath(const std::string& instance);  // as who it logs in at its upstream
std::string MarkPath(const std::string& instance);         // whose the data is, beside its folder
std::string DumpPath(const std::string& instance);
std::string UnitOf(const std::string& instance);  // "podwright-mariadb@orders.service"
std::string UnitPath();                           // of the template
std::string UnitText();

// The packages: the programs alone, without the distribution's own instance on port 3306.
std::vector<std::string> Packages();

std::string ConfigurationText(const Settings& settings);
std::string RoleText(const RoleFile& role);
// Nothing where the text is none of RoleText's.
std::optional<RoleFile> ParseRole(const std::string& text);

// A number that no two members share in practice: replication needs one of each server.
std::uint32_t ServerId(const std::string& member);

// Invalid-argument for a parameter that is Podwright's own, or cannot stand in an option file.
Status CheckParameter(const std::string& name, const std::string& value);

// The options of a text of ours, with `_` for `-`; of a configuration also the declared ones alone, and the networks of
// the clients.
std::map<std::string, std::string> ParseOptions(const std::string& text);
std::map<std::string, std::string> DeclaredOptions(const std::string& configuration);
std::vector<std::string> ClientNetworks(const std::string& configuration);

// The value for SET GLOBAL, as a variable of this type (information_schema.SYSTEM_VARIABLES) takes it: `256M` is
// 268435456 there. Invalid-argument for a number that is none.
Result<std::string> GlobalValue(const std::string& type, const std::string& value);

}  // namespace podwright::drivers::database::mysql
