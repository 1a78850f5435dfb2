// What planner, rules and agent have in common of the kind database: names, defaults, and the digest by which "it is
// configured as declared" is one comparison.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace podwright::v1::kinds {
class DatabaseConfiguration;
class DatabaseSpec;
}  // namespace podwright::v1::kinds

namespace podwright::kinds {

inline constexpr char kPostgresql[] = "postgresql";
inline constexpr char kMysql[] = "mysql";

// As who members log in at each other.
inline constexpr char kReplicationUser[] = "podwright_replication";

// The name of the instance on the servers: the declared one, else the object's with `_` for `-` (Debian's cluster tools
// divide version and name by `-`). Two objects never get the same.
std::string DatabaseInstance(std::string_view object_name, const v1::kinds::DatabaseSpec& spec);
std::int64_t DatabasePort(const v1::kinds::DatabaseSpec& spec);

// Two members never have the same slot: [a-z0-9_] only.
std::string SlotOfMember(std::string_view member);
// Empty: not a slot of a member.
std::string MemberOfSlot(std::string_view slot);

// SHA-256 over everything of it but the wish, which is counted and changes no file.
std::string DatabaseConfigurationDigest(const v1::kinds::DatabaseConfiguration& configuration);

// Whether Podwright sets the parameter itself, and nobody else may.
bool IsReservedParameter(std::string_view engine, std::string_view name);

}  // namespace podwright::kinds
