// One-time tokens with which a new agent enrols (their text: core/enrolment_token.h).
//
// Stored at auth/enrolment/<SHA-256 of the secret>, bound to a workspace and a server's name. Records go by
// themselves a day after their end.
//
// Errors: kUnauthenticated: unknown; kPermissionDenied: of another server; kFailedPrecondition: used or
// expired. Every refusal should be audited by the caller.
// Threading: any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/enrolment_token.h"
#include "core/random.h"
#include "core/result.h"
#include "reconciler/store/store.h"

namespace podwright::auth {

inline constexpr std::chrono::seconds kEnrolmentTtl{600};
inline constexpr std::chrono::hours kLongestEnrolmentTtl{24};

struct Enrolment {
  std::string workspace;
  std::string server;
};

struct NewEnrolmentToken {
  EnrolmentToken token;  // ToText() is what a server gets; shown once
  WallTime expires;
};

class EnrolmentTokens {
 public:
  // All must outlive it.
  EnrolmentTokens(store::Store& store, Clock& clock, Random& random) : store_(store), clock_(clock), random_(random) {}

  // `address` is the agents' listener as servers reach it. `ttl` 0: kEnrolmentTtl.
  Result<NewEnrolmentToken> Create(const Enrolment& enrolment, const std::string& address,
                                   const std::string& ca_fingerprint, std::chrono::milliseconds ttl);
  // Uses the token up, in one transaction: of two that come at the same time one is refused. `server` is
  // what the agent says that it is.
  Result<Enrolment> Consume(std::string_view secret, std::string_view server);

 private:
  store::Store& store_;
  Clock& clock_;
  Random& random_;
};

}  // namespace podwright::auth
