#include "agent/drivers/database/mysql/sql.h"

#include <arpa/inet.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "core/digest.h"

namespace podwright::drivers::database::mysql {
namespace {

constexpr int kBitsV4 = 32;
constexpr int kBitsV6 = 128;
constexpr int kBitsOfGroup = 16;

// A privilege on a database: its name in SQL, and its column in mysql.db.
struct Privilege {
  const char* name;
  const char* column;
};
constexpr std::array<Privilege, 20> kPrivileges = {{
    {"SELECT", "Select_priv"},
    {"SHOW VIEW", "Show_view_priv"},
    {"INSERT", "Insert_priv"},
    {"UPDATE", "Update_priv"},
    {"DELETE", "Delete_priv"},
    {"EXECUTE", "Execute_priv"},
    {"CREATE TEMPORARY TABLES", "Create_tmp_table_priv"},
    {"CREATE", "Create_priv"},
    {"DROP", "Drop_priv"},
    {"REFERENCES", "References_priv"},
    {"INDEX", "Index_priv"},
    {"ALTER", "Alter_priv"},
    {"LOCK TABLES", "Lock_tables_priv"},
    {"CREATE VIEW", "Create_view_priv"},
    {"CREATE ROUTINE", "Create_routine_priv"},
    {"ALTER ROUTINE", "Alter_routine_priv"},
    {"EVENT", "Event_priv"},
    {"TRIGGER", "Trigger_priv"},
    {"DELETE HISTORY", "Delete_history_priv"},
    {"GRANT OPTION", "Grant_priv"},
}};

// Each level has the privileges of the one before it: so many of them from the front.
constexpr std::size_t kRead = 2;
constexpr std::size_t kWrite = 7;
constexpr std::size_t kAll = kPrivileges.size() - 1;
constexpr std::size_t kOwner = kPrivileges.size();

std::size_t CountOf(const std::string& level) {
  if (level == "read") return kRead;
  if (level == "write") return kWrite;
  if (level == "all") return kAll;
  return level == "owner" ? kOwner : 0;
}

std::string Names(std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; ++i) out += std::string(i == from ? "" : ", ") + kPrivileges[i].name;
  return out;
}

std::string At(const std::string& name, const std::string& host) {
  return QuoteString(name) + "@" + QuoteString(host);
}

Result<std::string> Sha1(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), out.data(), &size, EVP_sha1(), nullptr) != 1) {
    return Internal("SHA-1 is not there");
  }
  return std::string(reinterpret_cast<const char*>(out.data()), size);
}

std::string DottedMask(int bits) {
  const std::uint32_t mask = bits == 0 ? 0 : ~std::uint32_t{0} << (kBitsV4 - bits);
  return std::to_string(mask >> 24) + "." + std::to_string((mask >> 16) & 255) + "." +
         std::to_string((mask >> 8) & 255) + "." + std::to_string(mask & 255);
}

Result<std::string> HostV4(const std::string& network, in_addr address, int bits) {
  const std::uint32_t mask = bits == 0 ? 0 : ~std::uint32_t{0} << (kBitsV4 - bits);
  // MariaDB compares the masked client with the text as it is: bits behind the mask would never match.
  const in_addr masked{htonl(ntohl(address.s_addr) & mask)};
  std::array<char, INET_ADDRSTRLEN> text{};
  if (inet_ntop(AF_INET, &masked, text.data(), text.size()) == nullptr) {
    return InvalidArgument("\"" + network + "\" is no network");
  }
  return bits == kBitsV4 ? std::string(text.data()) : std::string(text.data()) + "/" + DottedMask(bits);
}

Result<std::string> HostV6(const std::string& network, const in6_addr& address, int bits) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bits == kBitsV6) {
    if (inet_ntop(AF_INET6, &address, text.data(), text.size()) == nullptr) {
      return InvalidArgument("\"" + network + "\" is no network");
    }
    return std::string(text.data());
  }
  if (bits % kBitsOfGroup != 0) {
    return InvalidArgument(
        "MariaDB cannot tell the network " + network +
        " from others: an IPv6 network of its clients has a prefix of 16, 32, 48, 64, 80, 96 or 112");
  }
  std::string out;
  for (int group = 0; group < bits / kBitsOfGroup; ++group) {
    const auto at = static_cast<std::size_t>(group) * 2;
    const unsigned value = static_cast<unsigned>(address.s6_addr[at] << 8 | address.s6_addr[at + 1]);
    std::array<char, 8> hex{};
    const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), value, 16).ptr;
    out.append(hex.data(), end).append(":");
  }
  return out + "%";
}

}  // namespace

std::string QuoteName(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

std::string QuoteString(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    switch (c) {
      case '\'': out += "''"; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\0': out += "\\0"; break;
      case '\x1a': out += "\\Z"; break;
      default: out += c;
    }
  }
  return out + "'";
}

Result<std::string> PasswordVerifier(std::string_view password) {
  PW_ASSIGN(const std::string once, Sha1(password));
  PW_ASSIGN(const std::string twice, Sha1(once));
  std::string hex = HexEncode(twice);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return "*" + hex;
}

Result<std::string> HostOfNetwork(const std::string& network) {
  const auto slash = network.find('/');
  const std::string alone = network.substr(0, slash);
  const bool six = alone.find(':') != std::string::npos;
  int bits = six ? kBitsV6 : kBitsV4;
  if (slash != std::string::npos) {
    const char* const begin = network.data() + slash + 1;
    const char* const end = network.data() + network.size();
    const auto [last, error] = std::from_chars(begin, end, bits);
    if (error != std::errc() || last != end) return InvalidArgument("\"" + network + "\" is no network");
  }
  in_addr four{};
  in6_addr address{};
  const bool good = six ? inet_pton(AF_INET6, alone.c_str(), &address) == 1 && bits <= kBitsV6
                        : inet_pton(AF_INET, alone.c_str(), &four) == 1 && bits <= kBitsV4;
  if (!good || bits < 0) return InvalidArgument("\"" + network + "\" is no network");
  if (bits == 0) return std::string("%");
  return six ? HostV6(network, address, bits) : HostV4(network, four, bits);
}

Result<std::vector<std::string>> HostsOf(const std::vector<std::string>& networks) {
  std::set<std::string> hosts = {"127.0.0.1", "::1", "localhost"};
  for (const std::string& network : networks) {
    PW_ASSIGN(const std::string host, HostOfNetwork(network));
    hosts.insert(host);
  }
  return std::vector<std::string>(hosts.begin(), hosts.end());
}

std::string EnsureAccount(const Account& account, const std::vector<std::string>& present) {
  std::string sql;
  std::set<std::string> drop(present.begin(), present.end());
  for (const std::string& host : account.hosts) {
    // An account that was deleted from MariaDB's tables by hand leaves its grants there, and is in the way of a new
    // one.
    if (drop.erase(host) == 0) drop.insert(host);
  }
  for (const std::string& host : drop) sql += "DROP USER IF EXISTS " + At(account.name, host) + ";\n";
  std::string identified;
  for (const std::string& verifier : account.verifiers) {
    identified += identified.empty() ? " IDENTIFIED VIA " : " OR ";
    identified += "mysql_native_password USING " + QuoteString(verifier);
  }
  const std::string limit = " WITH MAX_USER_CONNECTIONS " + std::to_string(account.connection_limit);
  for (const std::string& host : account.hosts) {
    // An account that is made without a password takes none: one that was locked out must not come open.
    const std::string created =
        identified.empty() ? " IDENTIFIED VIA mysql_native_password USING 'invalid'" : identified;
    sql += "CREATE USER IF NOT EXISTS " + At(account.name, host) + created + limit + ";\n";
    sql += "ALTER USER " + At(account.name, host) + identified + limit + ";\n";
  }
  return sql;
}

std::string DropAccount(const std::string& name, const std::vector<std::string>& present) {
  std::string sql;
  for (const std::string& host : present) sql += "DROP USER IF EXISTS " + At(name, host) + ";\n";
  return sql;
}

std::string SetGrant(const std::string& user, const std::vector<std::string>& hosts, const std::string& database,
                     const std::string& level) {
  const std::string on = " ON " + QuoteName(DatabasePattern(database)) + ".* ";
  const std::size_t count = CountOf(level);
  std::string sql;
  for (const std::string& host : hosts) {
    const std::string who = At(user, host);
    // Given first, taken after: nothing that stays is missing for a moment. And what has no row cannot be revoked.
    sql += "GRANT " + Names(0, std::max<std::size_t>(std::min(count, kAll), 1)) + on + "TO " + who +
           (count == kOwner ? " WITH GRANT OPTION" : "") + ";\n";
    if (count == 0) sql += "REVOKE ALL PRIVILEGES" + on + "FROM " + who + ";\n";
    if (count > 0 && count < kAll) sql += "REVOKE " + Names(count, kAll) + on + "FROM " + who + ";\n";
    if (count > 0 && count < kOwner) sql += "REVOKE GRANT OPTION" + on + "FROM " + who + ";\n";
  }
  return sql;
}

std::string GrantColumns() {
  std::string out = "CONCAT(";
  for (std::size_t i = 0; i < kPrivileges.size(); ++i) out += std::string(i == 0 ? "" : ",") + kPrivileges[i].column;
  return out + ")";
}

std::string LevelOf(std::string_view yes_no) {
  if (yes_no.size() != kPrivileges.size()) return "other";
  const auto first_no = yes_no.find('N');
  const std::size_t count = first_no == std::string_view::npos ? yes_no.size() : first_no;
  if (yes_no.substr(count).find('Y') != std::string_view::npos) return "other";
  for (const char* level : {"", "read", "write", "all", "owner"}) {
    if (CountOf(level) == count) return level;
  }
  return "other";
}

std::string AccountMark() {
  return "CAST(SHA2(CONCAT(IFNULL(JSON_VALUE(Priv,'$.authentication_string'),''),'|',"
         "IFNULL(JSON_VALUE(Priv,'$.auth_or[1].authentication_string'),'')),256) AS BINARY)";
}

Result<std::string> MarkOf(const std::vector<std::string>& verifiers) {
  if (verifiers.empty() || verifiers.size() > 2) return InvalidArgument("an account has one verifier or two");
  return Sha256(verifiers.front() + "|" + (verifiers.size() > 1 ? verifiers.back() : "")).Hex();
}

std::string DatabasePattern(std::string_view database) {
  std::string out;
  for (const char c : database) {
    // In a grant these two stand for others: `a_b` would let into `axb`.
    if (c == '_' || c == '%' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string DatabaseOfPattern(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    out += pattern[i];
  }
  return out;
}

}  // namespace podwright::drivers::database::mysql
