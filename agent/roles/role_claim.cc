#include "agent/roles/role_claim.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace podwright::roles {
namespace {

constexpr std::string_view kHeading = "podwright-roles 1";
constexpr std::string_view kNothing = "-";

bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

std::optional<Role> RoleOf(std::string_view name) {
  for (const Role role : {Role::kUnknown, Role::kPrimary, Role::kReplica, Role::kWitness}) {
    if (name == RoleName(role)) return role;
  }
  return std::nullopt;
}

// The next line without its end; moves `text` past it.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

Result<RoleClaim> ParseClaim(std::string_view line) {
  const Error broken = InvalidArgument("\"" + std::string(line.substr(0, 80)) + "\" is no claim of a role");
  if (line.size() > kMaxClaimLine) return broken;
  std::array<std::string_view, 5> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t end = line.find(' ');
    if ((end == std::string_view::npos) != (i + 1 == words.size())) return broken;
    words[i] = line.substr(0, end);
    if (!IsWord(words[i])) return broken;
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  RoleClaim claim;
  claim.kind = words[0];
  claim.name = words[1];
  const auto role = RoleOf(words[2]);
  if (!role) return broken;
  claim.role = *role;
  const auto [at, problem] = std::from_chars(words[3].data(), words[3].data() + words[3].size(), claim.epoch);
  if (problem != std::errc() || at != words[3].data() + words[3].size()) return broken;
  if (words[4] != kNothing) claim.primary = words[4];
  return claim;
}

}  // namespace

const char* RoleName(Role role) {
  switch (role) {
    case Role::kUnknown: return "unknown";
    case Role::kPrimary: return "primary";
    case Role::kReplica: return "replica";
    case Role::kWitness: return "witness";
  }
  return "unknown";
}

std::string FormatClaims(const std::vector<RoleClaim>& claims) {
  std::string text = std::string(kHeading) + "\n";
  std::size_t count = 0;
  for (const RoleClaim& claim : claims) {
    const std::string primary = claim.primary.empty() ? std::string(kNothing) : claim.primary;
    if (!IsWord(claim.kind) || !IsWord(claim.name) || !IsWord(primary)) continue;
    const std::string line = claim.kind + " " + claim.name + " " + RoleName(claim.role) + " " +
                             std::to_string(claim.epoch) + " " + primary + "\n";
    if (line.size() > kMaxClaimLine || ++count > kMaxClaims) continue;
    text += line;
  }
  return text;
}

Result<std::vector<RoleClaim>> ParseClaims(std::string_view text) {
  if (text.size() > kMaxClaimBytes) return InvalidArgument("the answer about roles is too long");
  if (TakeLine(text) != kHeading) return InvalidArgument("the answer is not one about roles");
  std::vector<RoleClaim> claims;
  while (!text.empty()) {
    if (claims.size() == kMaxClaims) return InvalidArgument("the answer about roles has too many lines");
    PW_ASSIGN(RoleClaim claim, ParseClaim(TakeLine(text)));
    claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace podwright::roles
