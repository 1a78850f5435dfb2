// Who may sign commits, and whether one of them did: by `ssh-keygen -Y verify` and `gpgv`, which are made for that.
//
// Errors: kPermissionDenied: unsigned, signed by somebody else, or by a key that has expired or was revoked;
// kInvalidArgument: a key of the list that cannot be read; kUnavailable: the programs are missing.
// Threading: any thread; each check has files of its own in a folder that goes with it.
#pragma once

#include <map>
#include <string>

#include "core/result.h"
#include "reconciler/git/mirror.h"

namespace podwright::git {

struct Signer {
  std::string ssh_key;  // "ssh-ed25519 AAAA…", or …
  std::string pgp_key;  // … an armoured public key
};

class AllowedSigners {
 public:
  explicit AllowedSigners(std::map<std::string, Signer> signers) : signers_(std::move(signers)) {}

  // The name of the signer.
  Result<std::string> Verify(const SignedCommit& commit) const;

 private:
  Result<std::string> VerifySsh(const SignedCommit& commit) const;
  Result<std::string> VerifyPgp(const SignedCommit& commit) const;

  const std::map<std::string, Signer> signers_;
};

// The bytes of every block of an armoured PGP public key.
Result<std::string> Dearmor(const std::string& armoured);

}  // namespace podwright::git
