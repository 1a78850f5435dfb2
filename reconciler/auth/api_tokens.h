// The tokens of people, CI and the provider: "pw_<id>_<secret>".
//
// Only a SHA-256 of the secret is stored (it has 256 random bits, so it needs no slow hash), at
// auth/token/<id>. Every Authenticate reads the store, so a revocation counts at once everywhere.
//
// Errors: kUnauthenticated: the token is unknown, wrong, revoked or expired; kNotFound: no such id.
// Threading: any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/crypto/secret.h"
#include "core/random.h"
#include "core/result.h"
#include "reconciler/store/store.h"

namespace podwright::auth {

struct ApiToken {
  std::string id;
  std::string name;
  std::string role;       // viewer, planner, operator, admin
  std::string workspace;  // "*": all
  WallTime created;
  std::optional<WallTime> expires;
  bool revoked = false;
};

struct NewApiToken {
  ApiToken token;
  crypto::SecretString text;  // shown once; nobody can find it out later
};

class ApiTokens {
 public:
  // All must outlive it.
  ApiTokens(store::Store& store, Clock& clock, Random& random) : store_(store), clock_(clock), random_(random) {}

  // `ttl` 0: never expires.
  Result<NewApiToken> Create(const std::string& name, const std::string& role, const std::string& workspace,
                             std::chrono::milliseconds ttl);
  Result<ApiToken> Authenticate(std::string_view text);
  Result<std::vector<ApiToken>> List();
  // Keeps the record, marked. Revoking twice is no error.
  Result<ApiToken> Revoke(const std::string& id);

 private:
  store::Store& store_;
  Clock& clock_;
  Random& random_;
};

}  // namespace podwright::auth
