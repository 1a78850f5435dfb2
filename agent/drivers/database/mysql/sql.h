// SQL for MariaDB as text. Every name and value that comes from outside passes through a quoting function here; the
// texts hold for the session that `Client` opens, whose sql_mode is empty (so a backslash escapes in strings).
// Source: MariaDB's documentation of string literals, identifier names and CREATE USER.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::drivers::database::mysql {

std::string QuoteName(std::string_view name);    // `name`
std::string QuoteString(std::string_view text);  // 'text'

// What mysql_native_password stores for a password: "*" and SHA1(SHA1(password)) in hex. Nobody can log in with it.
Result<std::string> PasswordVerifier(std::string_view password);

// "10.0.0.0/255.255.255.0" of "10.0.0.0/24", "%" of a network of everything, "fd00:1:%" of "fd00:1::/32".
// Invalid-argument for what MariaDB cannot express: an IPv6 network whose prefix is no multiple of 16.
Result<std::string> HostOfNetwork(const std::string& network);
// Those of all networks, sorted, and the member's own loopback.
Result<std::vector<std::string>> HostsOf(const std::vector<std::string>& networks);

struct Account {
  std::string name;
  std::vector<std::string> hosts;      // from which it may log in
  std::vector<std::string> verifiers;  // each of them lets in; none: passwords stay as they are
  std::int64_t connection_limit = 0;   // 0: none
};

// Makes the accounts of the name that are missing, gives all of them what is said, and drops those of other hosts
// (`present`: the hosts that there are).
std::string EnsureAccount(const Account& account, const std::vector<std::string>& present);
std::string DropAccount(const std::string& name, const std::vector<std::string>& present);

// Exactly this level on the database, for all hosts: "read", "write", "all", "owner" (all of it, to give on); "" takes
// everything away, and the row with it.
std::string SetGrant(const std::string& user, const std::vector<std::string>& hosts, const std::string& database,
                     const std::string& level);
// The level that a row of mysql.db gives, by the letters that `GrantColumns` selects; "other" for what is none of ours.
std::string LevelOf(std::string_view yes_no);
// An SQL expression over mysql.db.
std::string GrantColumns();

// An SQL expression over a row of mysql.global_priv: a digest of how the account is let in. It tells a password that
// was changed by somebody else.
std::string AccountMark();
// The same of an account with these verifiers.
Result<std::string> MarkOf(const std::vector<std::string>& verifiers);

// How the observation names the former password of a user, beside the one in use.
inline constexpr char kFormerSuffix[] = ".former";

// The pattern with which mysql.db names a database, and back.
std::string DatabasePattern(std::string_view database);
std::string DatabaseOfPattern(std::string_view pattern);

}  // namespace podwright::drivers::database::mysql
