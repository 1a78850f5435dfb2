// The text of an enrolment token, which carries all that a new agent needs to find its control plane and to
// know it: "pwe_" and base64url of JSON.
//
// Threading: pure; any thread. Errors: kInvalidArgument, which never repeats the token.
#pragma once

#include <string>
#include <string_view>

#include "core/crypto/secret.h"
#include "core/result.h"

namespace podwright {

struct EnrolmentToken {
  std::string address;         // host:port of the agents' listener, as servers reach it
  std::string ca_fingerprint;  // SHA-256 of the root's DER, 64 hexadecimal digits
  std::string server;          // the name that the agent must enrol under
  crypto::SecretString secret;

  crypto::SecretString ToText() const;
  static Result<EnrolmentToken> Parse(std::string_view text);
};

}  // namespace podwright
