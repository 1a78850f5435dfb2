// The texts that PostgreSQL reads and writes: SQL literals, configuration files, SCRAM verifiers, pg_controldata.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/database.pb.h"

namespace podwright::drivers::database::postgresql {

// 'it''s'; with an E and doubled backslashes where there are any. What has a zero byte cannot be written: it is
// dropped.
std::string Literal(std::string_view text);
// "name" with doubled quotes.
std::string Name(std::string_view text);
// A value in postgresql.conf, quoted.
std::string ConfigValue(std::string_view text);

// "16/B374D848"
bool IsPosition(std::string_view text);

struct Paths {
  std::string etc;    // /etc/postgresql/15/orders
  std::string data;   // /var/lib/postgresql/15/orders
  std::string mark;   // to whom the data belongs
  std::string fence;  // stopped for a switchover
  std::string conf;   // of Podwright's, in conf.d
  std::string hba;
  std::string hba_before;  // of an adopted instance
  std::string passfile;
  std::string check;    // the role check
  std::string drop_in;  // of the unit, that runs it
  std::string start_conf;
  std::string bin;   // /usr/lib/postgresql/15/bin
  std::string unit;  // postgresql@15-orders.service
};
Paths PathsOf(const std::string& version, const std::string& name);

// The connection to `upstream`; "" for a primary.
std::string PrimaryConninfo(const v1::kinds::DatabaseKept& kept, const Paths& paths);
std::string ConfText(const std::string& object, const v1::kinds::DatabaseKept& kept, const Paths& paths);
// `before`: lines of an adopted instance that stay, after ours.
std::string HbaText(const std::string& object, const v1::kinds::DatabaseConfiguration& configuration,
                    std::string_view before);
// A line of a password file for each other member. Errors: a password that such a file cannot hold.
Result<std::string> PassfileText(const v1::kinds::DatabaseConfiguration& configuration, std::string_view password);
// What systemd runs before the instance starts: it refuses a second primary.
std::string CheckText(const std::string& object, const v1::kinds::DatabaseConfiguration& configuration,
                      const Paths& paths);
std::string DropInText(const Paths& paths);

// "SCRAM-SHA-256$4096:SALT$STORED:SERVER" (RFC 5803, as PostgreSQL keeps it). Invalid-argument for what is not
// printable ASCII: PostgreSQL would normalise it.
Result<std::string> ScramVerifier(std::string_view password, std::string_view salt);

struct ControlData {
  bool clean = false;  // shut down in order
  std::string checkpoint;
  std::int64_t timeline = 0;
  std::string system;
  bool checksums = false;
  std::map<std::string, std::int64_t> limits;  // "max_connections setting": of the primary that wrote the log
};
Result<ControlData> ParseControlData(const std::string& text);

// "database orders\nstate ready\n"
struct Mark {
  std::string object;
  std::string state;  // making, ready, kept
  bool adopted = false;
};
std::string MarkText(const Mark& mark);
Mark ParseMark(const std::string& text);

// What is noted as the comment of a role that Podwright made.
struct RoleNote {
  std::string user;           // "" : not ours
  std::int64_t version = -1;  // of a login's password; -1: the user itself
  std::vector<std::pair<std::string, std::string>> grants;
};
std::string RoleNoteText(const RoleNote& note);
RoleNote ParseRoleNote(const std::string& text);

}  // namespace podwright::drivers::database::postgresql
