// Brings a branch of a repository into a mirror: the seam between the control plane and the network.
//
// Errors: kNotFound: no such repository or branch; kUnauthenticated: the credentials were refused; kPermissionDenied:
// the server's key or certificate is not the expected one; kDeadlineExceeded; kResourceExhausted: more than
// max_bytes; kDataLoss: the mirror is broken, remove it and fetch again; kUnavailable: all else of the network.
// No error holds the secret.
// Threading: any thread; one fetch into a mirror at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/crypto/secret.h"
#include "core/result.h"

namespace podwright::git {

struct FetchRequest {
  std::filesystem::path mirror;  // made where it is missing
  std::string url;
  std::string branch;
  // Further references, by their full names there ("refs/pull/7/head"): what they point to comes into the mirror, too.
  // One that is not there is no error: Mirror::Describe says what came.
  std::vector<std::string> references;
  std::string username;
  crypto::SecretString secret;         // a password or token; of ssh:// a private key
  std::vector<std::string> host_keys;  // of ssh://: "ssh-ed25519 AAAA…"; one of them must be shown
  std::string ca_pem;                  // of https://: "" means the host's own
  std::chrono::milliseconds timeout{60'000};
  std::size_t max_bytes = std::size_t{1} << 30;
};

class Fetcher {
 public:
  virtual ~Fetcher() = default;
  // The commit at the branch's head, which is in the mirror now with all that it needs.
  virtual Result<std::string> Fetch(const FetchRequest& request) = 0;
};

// The mirror's reference to the last head, so that a fetch brings only what is new.
inline constexpr char kHeadReference[] = "refs/podwright/head";
// Before the names of further references, without their "refs/".
inline constexpr char kFurtherReferences[] = "refs/podwright/more/";

}  // namespace podwright::git
