// What a server says of the role that a thing on it plays, and how it is said on the wire: a line for each
// claim, plain text, so that `nc SERVER 7443` shows it to people.
//
//   podwright-roles 1
//   database orders primary 3 -
//   cache sessions witness 7 10.0.0.5:6379
//
// Threading: values. Errors: what comes from another server is not trusted; one line that breaks the form
// makes the whole answer invalid (kInvalidArgument).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::roles {

// kWitness: plays no role itself but knows who is primary (a Sentinel).
enum class Role { kUnknown, kPrimary, kReplica, kWitness };

struct RoleClaim {
  std::string kind;
  std::string name;
  Role role = Role::kUnknown;
  // Rises with every change of the primary: PostgreSQL's timeline, Sentinel's config epoch. Of two that claim
  // to be primary the higher one is right.
  std::uint64_t epoch = 0;
  std::string primary;  // HOST:PORT that it takes for the primary; "" where it does not know

  bool operator==(const RoleClaim&) const = default;
};

inline constexpr int kRolePort = 7443;
inline constexpr std::size_t kMaxClaimLine = 512;
inline constexpr std::size_t kMaxClaims = 256;
inline constexpr std::size_t kMaxClaimBytes = kMaxClaimLine * (kMaxClaims + 1);

const char* RoleName(Role role);
// Leaves out what does not fit the bounds.
std::string FormatClaims(const std::vector<RoleClaim>& claims);
Result<std::vector<RoleClaim>> ParseClaims(std::string_view text);

}  // namespace podwright::roles
