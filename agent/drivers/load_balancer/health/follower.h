// Decides for each backend which of its members nginx gets, from what probes and the servers' roles tell.
//
// Rules: a member is up until its probe says otherwise; where all are down all stay in, for to try is better than
// to refuse (the rendering does that: here they are told as down). Of a backend that follows a primary only the
// primary serves; one that follows replicas has the primary only while no replica works.
//
// Threading: one thread at a time. Ownership: `probing` outlives it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/drivers/load_balancer/health/prober.h"
#include "agent/drivers/load_balancer/health/role_choice.h"

namespace podwright::drivers {

inline constexpr char kMemberDown[] = "down";
inline constexpr char kMemberWaiting[] = "waiting";  // its role is another one

// What nginx gets: members that are not named in `states` are up.
struct BackendView {
  std::map<std::string, std::string> states;
  std::string primary;
  std::uint64_t epoch = 0;
  bool operator==(const BackendView&) const = default;
};

struct WatchedMember {
  std::string address;
  int port = 0;
};

enum class FollowedRole { kPrimary, kReplica };

struct WatchedRole {
  std::string kind;
  std::string name;
  FollowedRole serves = FollowedRole::kPrimary;
  std::string initial;                           // the primary while nobody told another
  std::map<std::string, std::string> witnesses;  // addresses of servers with a Sentinel, by server
};

struct WatchedBackend {
  std::string object;  // the load balancer's name
  std::string backend;
  std::map<std::string, WatchedMember> members;  // by name; of a role, by server
  std::optional<ProbeTarget> check;              // address and port are each member's own; none: not probed
  std::optional<WatchedRole> role;
  BackendView now;  // what nginx has
};

struct BackendChange {
  std::string id;
  BackendView view;
  struct Line {
    std::string type;  // of an event: "load_balancer.member-down"
    std::string member;
    std::string message;
  };
  std::vector<Line> lines;
};

class Follower {
 public:
  explicit Follower(Probing& probing, int role_port = roles::kRolePort) : probing_(probing), role_port_(role_port) {}

  // Watches exactly these from now on, by an id of the caller's, and answers those that nginx is to see otherwise.
  std::vector<BackendChange> Follow(const std::map<std::string, WatchedBackend>& backends);

 private:
  void SetTargets(const std::map<std::string, WatchedBackend>& backends);
  void TakeTurns();
  bool Up(const std::string& id, const WatchedBackend& backend, const std::string& member) const;
  BackendView Judge(const std::string& id, const WatchedBackend& backend) const;
  void JudgeRoles(const WatchedBackend& backend, BackendView& view) const;
  BackendChange Tell(const std::string& id, const WatchedBackend& backend, BackendView view) const;

  Probing& probing_;
  const int role_port_;
  std::map<std::string, WantedProbe> targets_;
  std::map<std::string, bool> up_;  // by target, of those that turned
  std::map<std::string, std::string> why_;
  std::map<std::string, std::vector<roles::RoleClaim>> told_;  // by address
};

// What nginx gets of a backend that nobody looked at yet.
BackendView InitialView(const WatchedBackend& backend);

}  // namespace podwright::drivers
