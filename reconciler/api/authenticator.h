// Who calls: the bearer token of a call's metadata as a Caller.
//
// Errors: kUnauthenticated, without saying what is wrong with the token. Threading: any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "reconciler/control/caller.h"

namespace podwright::auth {
class ApiTokens;
struct ApiToken;
}  // namespace podwright::auth

namespace podwright::api {

class Refusals;

class Authenticator {
 public:
  // Both must outlive it.
  Authenticator(auth::ApiTokens& tokens, Refusals& refusals) : tokens_(tokens), refusals_(refusals) {}

  // `authorization` is the value of that metadata; `peer` and `method` are for the audit log.
  Result<control::Caller> Authenticate(std::string_view authorization, const std::string& peer,
                                       const std::string& method);

 private:
  auth::ApiTokens& tokens_;
  Refusals& refusals_;
};

// kUnauthenticated for a role that this program does not know.
Result<control::Caller> CallerOf(const auth::ApiToken& token);

}  // namespace podwright::api
