#include "kinds/load_balancer/upstream_text.h"

#include <map>
#include <vector>

#include "core/digest.h"
#include "kinds/load_balancer/nginx_words.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {
namespace {

using v1::kinds::LoadBalancerCandidate;
using v1::kinds::LoadBalancerKeptBackend;
using v1::kinds::LoadBalancerUpstream;

constexpr char kDown[] = "down";
constexpr char kWaiting[] = "waiting";
// The workers' common memory for a member is about half a KiB.
constexpr int kMembersOfASmallZone = 64;

std::string StateOf(const LoadBalancerKeptBackend& states, const std::string& name) {
  const auto found = states.states().find(name);
  return found == states.states().end() ? "up" : found->second;
}

std::string Line(const LoadBalancerCandidate& candidate, bool single_role, bool down) {
  std::string line = "server " + nginx::HostPort(candidate.address(), candidate.port());
  if (candidate.weight() > 1) line += " weight=" + std::to_string(candidate.weight());
  if (candidate.max_connections() > 0) line += " max_conns=" + std::to_string(candidate.max_connections());
  // Of a followed primary there is no other to go to: counting its failures would only add errors of nginx's own.
  line += single_role ? " max_fails=0" : " max_fails=1 fail_timeout=2s";
  if (candidate.backup()) line += " backup";
  if (down) line += " down";
  return line + ";\n";
}

// Which are given to nginx as members that serve, by name.
std::map<std::string, bool> Serving(const LoadBalancerUpstream& upstream, const LoadBalancerKeptBackend& states) {
  std::map<std::string, bool> serving;
  bool any = false;
  for (const auto& [name, candidate] : upstream.candidates()) {
    const std::string state = StateOf(states, name);
    if (state == kWaiting) continue;
    // Before anything was heard: what the plan took for the primary serves no reads while there are others.
    const bool unheard = states.states().empty() && upstream.role().role() == "replica";
    if (unheard && name == upstream.role().initial() && upstream.candidates_size() > 1) continue;
    const bool up = state != kDown && !candidate.drain();
    serving[name] = up;
    any = any || (up && !candidate.backup());
  }
  if (any) return serving;
  for (auto& [name, up] : serving) {
    up = up || !upstream.candidates().at(name).drain();
  }
  return serving;
}

std::string Primary(const LoadBalancerUpstream& upstream, const LoadBalancerKeptBackend& states) {
  const std::string& known = states.primary().empty() ? upstream.role().initial() : states.primary();
  return upstream.candidates().contains(known) ? known : "";
}

}  // namespace

std::string UpstreamText(const std::string& backend, const LoadBalancerUpstream& upstream,
                         const LoadBalancerKeptBackend& states) {
  const bool large = static_cast<int>(upstream.candidates_size()) > kMembersOfASmallZone;
  std::string text = "zone pw_" + nginx::Variable(backend) + (large ? " 1m;\n" : " 128k;\n");
  if (upstream.method() == "least_connections") text += "least_conn;\n";
  if (upstream.method() == "source") text += "hash $remote_addr consistent;\n";
  const bool follows_primary = upstream.role().role() == "primary";
  std::string members;
  bool any = false;
  for (const auto& [name, up] : Serving(upstream, states)) {
    if (follows_primary && !states.primary().empty() && name != states.primary()) continue;
    if (follows_primary && states.primary().empty() && !upstream.role().initial().empty() &&
        name != upstream.role().initial()) {
      continue;
    }
    members += Line(upstream.candidates().at(name), follows_primary, !up);
    any = any || up;
  }
  if (!any && follows_primary) {
    const std::string primary = Primary(upstream, states);
    if (!primary.empty()) members = Line(upstream.candidates().at(primary), true, false);
  }
  if (members.empty()) {
    // nginx takes no empty list; one that is down is answered with an error at once.
    members = "server 127.0.0.1:9 down;\n";
  }
  text += members;
  if (upstream.idle_connections() > 0) text += "keepalive " + std::to_string(upstream.idle_connections()) + ";\n";
  return text;
}

std::string UpstreamDigest(const LoadBalancerUpstream& upstream) {
  Sha256Hasher hasher;
  const auto number = [&](std::int64_t value) { hasher.UpdateField(std::to_string(value)); };
  hasher.UpdateField("podwright upstream 1");
  hasher.UpdateField(upstream.method());
  number(upstream.idle_connections());
  number(upstream.udp() ? 1 : 0);
  number(upstream.check_tls() ? 1 : 0);
  const auto& check = upstream.check();
  hasher.UpdateField(check.type());
  hasher.UpdateField(check.path());
  hasher.UpdateField(check.host());
  for (const std::int64_t value : {check.status(), check.interval(), check.timeout(), check.fall(), check.rise()}) {
    number(value);
  }
  const std::map<std::string, LoadBalancerCandidate> sorted(upstream.candidates().begin(), upstream.candidates().end());
  for (const auto& [name, candidate] : sorted) {
    hasher.UpdateField("candidate");
    hasher.UpdateField(name);
    hasher.UpdateField(candidate.address());
    for (const std::int64_t value : {candidate.port(), candidate.weight(), candidate.max_connections()}) number(value);
    number((candidate.backup() ? 1 : 0) + (candidate.drain() ? 2 : 0));
  }
  if (upstream.has_role()) {
    hasher.UpdateField("role");
    hasher.UpdateField(upstream.role().kind());
    hasher.UpdateField(upstream.role().name());
    hasher.UpdateField(upstream.role().role());
    const std::map<std::string, std::string> witnesses(upstream.role().witnesses().begin(),
                                                       upstream.role().witnesses().end());
    for (const auto& [name, address] : witnesses) {
      hasher.UpdateField(name);
      hasher.UpdateField(address);
    }
  }
  return hasher.Finish().Hex();
}

}  // namespace podwright::kinds
