#include "reconciler/api/authenticator.h"

#include <optional>

#include "reconciler/api/refusals.h"
#include "reconciler/auth/api_tokens.h"

namespace podwright::api {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr std::size_t kMaxTokenBytes = 512;

}  // namespace

Result<control::Caller> CallerOf(const auth::ApiToken& token) {
  const std::optional<control::Role> role = control::ParseRole(token.role);
  if (!role) return Unauthenticated("the token has a role that this control plane does not know");
  return control::Caller{"token:" + token.name, *role, token.workspace};
}

Result<control::Caller> Authenticator::Authenticate(std::string_view authorization, const std::string& peer,
                                                    const std::string& method) {
  if (authorization.empty())
    return Unauthenticated("a token is needed: the metadata \"authorization: Bearer …\" is missing");
  if (!authorization.starts_with(kScheme) || authorization.size() > kMaxTokenBytes) {
    return Unauthenticated("the metadata \"authorization\" must be \"Bearer\" and a token");
  }
  const Result<auth::ApiToken> token = tokens_.Authenticate(authorization.substr(kScheme.size()));
  if (token.ok()) return CallerOf(*token);
  if (token.error().code() == ErrorCode::kUnauthenticated) {
    refusals_.Note("unknown:" + peer, "authenticate", "", method, token.error().ToString());
  }
  return token.error();
}

}  // namespace podwright::api
