#include "kinds/rules/mesh_rules.h"

#include <string>

#include "kinds/diagnostic.h"
#include "podwright/v1/kinds/mesh.pb.h"

namespace podwright::kinds {
namespace {

void CheckServers(const v1::kinds::MeshSpec& spec, const google::protobuf::RepeatedPtrField<std::string>& servers,
                  const Path& at, Diagnostics* out) {
  for (int i = 0; i < servers.size(); ++i) {
    if (!spec.members().contains(servers.Get(i))) {
      out->AddError(servers.Get(i) + " is no member of the mesh", at, "add it to `members`");
    }
    for (int k = 0; k < i; ++k) {
      if (servers.Get(k) == servers.Get(i)) out->AddError(servers.Get(i) + " is listed twice", at);
    }
  }
}

void CheckRule(const v1::kinds::MeshRule& rule, const Path& at, Diagnostics* out) {
  const bool any = rule.protocol() == "any";
  if (any && (rule.has_port() || rule.has_port_end())) {
    out->AddError("`any` is every protocol, and has no port", at.Attribute("port"), "name the protocol: tcp or udp");
  }
  if (rule.has_port_end() && !rule.has_port()) {
    out->AddError("the last port of a range without the first", at.Attribute("port_end"), "add `port`");
  }
  if (rule.has_port() && rule.has_port_end() && rule.port_end() < rule.port()) {
    out->AddError("the last port is less than the first, " + std::to_string(rule.port()), at.Attribute("port_end"));
  }
}

void CheckEndpoint(const std::string& endpoint, const Path& at, Diagnostics* out) {
  const auto bracket = endpoint.rfind(']');
  const auto colon = endpoint.rfind(':');
  if (colon == std::string::npos || (bracket != std::string::npos && colon < bracket)) return;
  const std::string port = endpoint.substr(colon + 1);
  const int number = port.empty() ? 0 : std::stoi(port);  // at most five digits, by the field's pattern
  if (number < 1 || number > 65535) out->AddError("there is no port " + port, at);
}

}  // namespace

void CheckMeshRules(const google::protobuf::Message& message, Diagnostics* out) {
  const auto& spec = static_cast<const v1::kinds::MeshSpec&>(message);
  for (const auto& [name, rule] : spec.rules()) {
    const Path at = Path().Attribute("rules").Key(name);
    CheckServers(spec, rule.from(), at.Attribute("from"), out);
    CheckServers(spec, rule.to(), at.Attribute("to"), out);
    CheckRule(rule, at, out);
  }
  if (spec.default_access() == "allow" && !spec.rules().empty()) {
    out->AddError("with `default_access: allow` there is nothing that a rule could allow", Path().Attribute("rules"),
                  "leave out the rules, or deny by default");
  }
  const auto whole_seconds = [&](std::int64_t milliseconds, const Path& at) {
    if (milliseconds % 1000 != 0) out->AddError("WireGuard counts whole seconds", at);
  };
  whole_seconds(spec.keepalive(), Path().Attribute("keepalive"));
  for (const auto& [name, member] : spec.members()) {
    const Path at = Path().Attribute("members").Key(name);
    whole_seconds(member.keepalive(), at.Attribute("keepalive"));
    if (member.has_endpoint()) CheckEndpoint(member.endpoint(), at.Attribute("endpoint"), out);
  }
}

}  // namespace podwright::kinds
