// Makes forges, and holds what those of one account share: connections, the pace of writes, conditional answers.
//
// Threading: any thread. A Forge may outlive nothing of this: destroy forges before the Forges.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/crypto/secret.h"
#include "core/result.h"
#include "reconciler/forge/forge.h"
#include "reconciler/forge/pacer.h"
#include "reconciler/forge/transport.h"

namespace podwright::forge {

// Which repository of which forge.
struct Address {
  ForgeType type = ForgeType::kGitHub;
  // Where its API is, without a slash at the end: "https://api.github.com", "https://git.example.org/api/v1". http only
  // to this host itself (127.0.0.1, ::1, localhost).
  std::string api_url;
  std::string repository;  // "owner/name"; of GitLab "group/subgroup/name"
};

// From a repository's URL as Git takes it: https://github.com/owner/name.git, ssh://git@host:2222/owner/name,
// git@host:owner/name.git. The API's place is the forge's usual one on that host (GitHub Enterprise: /api/v3, GitLab:
// /api/v4, Forgejo and Gitea: /api/v1). kInvalidArgument: no host or no owner and name in it.
Result<Address> AddressFromGitUrl(ForgeType type, std::string_view url);
// "github", "gitlab", "gitea", "forgejo".
Result<ForgeType> ParseForgeType(std::string_view name);

struct ForgeSettings {
  Address address;
  crypto::SecretString token;
  std::string ca_pem;     // certificates that the server's must lead back to; "": those that the host trusts
  std::string bot_login;  // where the token cannot say whose it is (GitHub's installation tokens): "my-app[bot]"
  std::chrono::milliseconds timeout{30'000};  // of one request
};

class Forges {
 public:
  // All must outlive it.
  Forges(Clock& clock, Transport& transport, const PaceLimits& limits = {});
  ~Forges();
  Forges(const Forges&) = delete;
  Forges& operator=(const Forges&) = delete;

  // Sends nothing. kInvalidArgument: a setting that cannot be.
  Result<std::unique_ptr<Forge>> Open(ForgeSettings settings);
  // Waits and requests end with kCancelled, now and from now on.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podwright::forge
