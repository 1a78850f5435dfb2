// Tells whoever asks on TCP port 7443 which roles the things on this server play, so that balancers on other
// servers follow a failover without the control plane. See docs/adr/0009.
//
// It listens only while there is something to tell. Whoever connects gets the claims and the connection is
// closed; nothing is ever read. Bounds: kMaxCallers connections at a time, kCallTime each.
//
// Threading: Run on a thread of its own, `sources` are called on it; Stop from any. Nothing is served before
// Run and after it returned.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "agent/roles/role_claim.h"

namespace podwright::roles {

struct RoleSources {
  std::function<bool()> wanted;  // quick: is there something to tell?
  std::function<std::vector<RoleClaim>()> claims;
};

struct RoleEndpointOptions {
  std::string host = "::";                    // "::" is every address of the server, IPv4 too
  int port = kRolePort;                       // 0: any that is free
  std::chrono::milliseconds look{1000};       // how often `wanted` is asked
  std::chrono::milliseconds fresh_for{100};   // an answer is given again so long
  std::chrono::milliseconds call_time{3000};  // a caller that takes no more of its answer is cut off
};

class RoleEndpoint {
 public:
  static constexpr std::size_t kMaxCallers = 64;

  RoleEndpoint(RoleEndpointOptions options, RoleSources sources);
  ~RoleEndpoint();
  RoleEndpoint(const RoleEndpoint&) = delete;
  RoleEndpoint& operator=(const RoleEndpoint&) = delete;

  void Run();
  void Stop();
  // Where it listens now; 0 while it does not.
  int port() const { return bound_port_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Caller {
    int fd = -1;
    std::string rest;  // of the answer
    Time until;
  };

  void LookWhetherWanted(Time now);
  void Open();
  void Close();
  void Accept(Time now);
  const std::string& Answer(Time now);
  // True when the caller is done with.
  static bool Serve(Caller& caller, Time now);
  void WaitForCallers();

  const RoleEndpointOptions options_;
  const RoleSources sources_;
  int wake_ = -1;
  std::atomic<bool> stop_{false};
  std::atomic<int> bound_port_{0};

  int listener_ = -1;  // of the thread of Run, as all below
  Time next_look_{};
  bool told_ = false;  // that it cannot listen
  std::list<Caller> callers_;
  std::string answer_;
  Time answer_until_{};
};

}  // namespace podwright::roles
