// The normal form of a server's firewall: what the planner compares and what the agent reads back from
// the kernel are the same text, so that "the table is as declared" is one comparison of digests.
//
// A rule with several sources is one line a source. Sources lose their host bits ("10.0.0.1/8" is
// "10.0.0.0/8"), lines are sorted: order and spelling of a declaration make no difference.
// Pure; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::v1::kinds {
class FirewallAction;
}

namespace podwright::kinds {

struct FirewallLine {
  std::string name;      // the rule's name in the declaration
  std::string protocol;  // tcp, udp; vrrp, which has no port
  int port = 0;
  int port_end = 0;    // equal to port for a single one
  std::string source;  // a prefix in normal form; empty: from anywhere
  auto operator<=>(const FirewallLine&) const = default;
};

// A mesh that the server is in: WireGuard's port is let in, and the mesh's interface, which has a table of its own.
struct FirewallMesh {
  std::string interface;
  int port = 0;  // UDP
  auto operator<=>(const FirewallMesh&) const = default;
};

struct FirewallTable {
  std::vector<FirewallLine> lines;  // sorted, unique
  bool keep_ssh = true;
  std::vector<FirewallMesh> meshes;  // sorted, unique
  // What the kernel's table holds and no declaration makes. Empty in what is wanted.
  std::vector<std::string> foreign;
  bool operator==(const FirewallTable&) const = default;
};

// What is declared, and what the meshes and services of the server need. Invalid-argument: a port or a source that is
// none.
Result<FirewallTable> WantedFirewall(const v1::kinds::FirewallAction& action);

// "10.0.0.1/8" → "10.0.0.0/8", "2001:DB8::1" → "2001:db8::1/128".
Result<std::string> NormalPrefix(const std::string& text);

// SHA-256 in hex over the normal form: ServerObserved.firewall.
std::string FirewallDigest(const FirewallTable& table);

}  // namespace podwright::kinds
