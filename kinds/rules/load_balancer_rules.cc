#include "kinds/rules/load_balancer_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "kinds/diagnostic.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {
namespace {

using v1::kinds::LoadBalancerBackend;
using v1::kinds::LoadBalancerListener;
using v1::kinds::LoadBalancerRoute;
using v1::kinds::LoadBalancerSpec;

template <typename Map>
auto Sorted(const Map& map) {
  return std::map<std::string, typename Map::mapped_type>(map.begin(), map.end());
}

// Rules are asked with and without defaults.
std::string ProtocolOf(const LoadBalancerListener& listener) {
  return listener.has_protocol() ? listener.protocol() : "http";
}
bool IsStream(const LoadBalancerListener& listener) {
  return ProtocolOf(listener) == "tcp" || ProtocolOf(listener) == "udp";
}
std::string MatchOf(const LoadBalancerRoute& route) {
  return route.has_match() ? route.match() : "prefix";
}
std::string PathOf(const LoadBalancerRoute& route) {
  return route.has_path() ? route.path() : "/";
}

bool IsAddress(const std::string& text) {
  std::array<unsigned char, 16> raw{};
  const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  return inet_pton(family, text.c_str(), raw.data()) == 1;
}

bool HasControls(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// Whether one socket for both could not be made.
bool SameSocket(const LoadBalancerListener& a, const LoadBalancerListener& b) {
  if (a.port() != b.port() || (ProtocolOf(a) == "udp") != (ProtocolOf(b) == "udp")) return false;
  const auto everywhere = [](const LoadBalancerListener& one) {
    return one.address().empty() || one.address() == "::" || one.address() == "0.0.0.0";
  };
  if (a.address() == b.address() || a.address() == "::" || b.address() == "::") return true;
  const auto v6 = [](const LoadBalancerListener& one) { return one.address().find(':') != std::string::npos; };
  return (everywhere(a) && !v6(b)) || (everywhere(b) && !v6(a));
}

class Checker {
 public:
  Checker(const LoadBalancerSpec& spec, Diagnostics* out) : spec_(spec), out_(out) {}

  void Run() {
    CheckServers();
    for (const auto& [name, listener] : Sorted(spec_.listeners())) CheckListener(name, listener);
    CheckClashes();
    for (const auto& [name, backend] : Sorted(spec_.backends())) CheckBackend(name, backend);
    for (const auto& [name, route] : Sorted(spec_.routes())) CheckRoute(name, route);
    CheckOverlaps();
    CheckMaintenance();
    CheckSharedAddress();
    WholeSeconds(spec_.drain_timeout(), Path().Attribute("drain_timeout"));
    WholeSeconds(spec_.stream_drain_timeout(), Path().Attribute("stream_drain_timeout"));
  }

 private:
  void WholeSeconds(std::int64_t milliseconds, const Path& at) {
    if (milliseconds % 1000 != 0) out_->AddError("it is counted in whole seconds", at);
  }

  void CheckServers() {
    const Path at = Path().Attribute("servers");
    if (spec_.servers().empty()) out_->AddError("a load balancer needs at least one server", at);
    std::set<std::string> seen;
    for (const std::string& server : spec_.servers()) {
      if (!seen.insert(server).second) out_->AddError(server + " is listed twice", at);
    }
  }

  void CheckListener(const std::string& name, const LoadBalancerListener& listener) {
    const Path at = Path().Attribute("listeners").Key(name);
    if (listener.has_address() && !IsAddress(listener.address())) {
      out_->AddError("\"" + listener.address() + "\" is not an address", at.Attribute("address"));
    }
    if (IsStream(listener)) {
      CheckStreamListener(listener, at);
    } else {
      CheckHttpListener(name, listener, at);
    }
  }

  void CheckStreamListener(const LoadBalancerListener& listener, const Path& at) {
    const std::string protocol = ProtocolOf(listener);
    if (listener.backend().empty()) {
      out_->AddError("a " + protocol + " listener needs a backend", at.Attribute("backend"));
    } else if (!spec_.backends().contains(listener.backend())) {
      out_->AddError("there is no backend " + listener.backend(), at.Attribute("backend"), "add it to `backends`");
    }
    if (!listener.certificates().empty()) {
      out_->AddError("only https listeners have certificates", at.Attribute("certificates"));
    }
    if (!listener.proxies().empty())
      out_->AddError("only http and https listeners have proxies", at.Attribute("proxies"));
    if (listener.redirect_to_https()) out_->AddError("only http listeners redirect", at.Attribute("redirect_to_https"));
    if (protocol == "udp" && listener.proxy_protocol()) {
      out_->AddError("udp has no PROXY protocol", at.Attribute("proxy_protocol"));
    }
  }

  void CheckHttpListener(const std::string& name, const LoadBalancerListener& listener, const Path& at) {
    const bool https = ProtocolOf(listener) == "https";
    if (listener.has_backend()) {
      out_->AddError("what an " + ProtocolOf(listener) + " listener does stands in `routes`", at.Attribute("backend"),
                     "make a route with this backend");
    }
    if (listener.has_idle_timeout()) {
      out_->AddError("only tcp and udp listeners have it", at.Attribute("idle_timeout"), "routes have `read_timeout`");
    }
    if (https && listener.certificates().empty()) {
      out_->AddError("https needs a certificate", at.Attribute("certificates"));
    }
    if (!https && !listener.certificates().empty()) {
      out_->AddError("only https listeners have certificates", at.Attribute("certificates"), "set `protocol: https`");
    }
    if (listener.proxy_protocol() && listener.proxies().empty()) {
      out_->AddError("with the PROXY protocol it must be said who may speak it", at.Attribute("proxies"));
    }
    if (listener.redirect_to_https()) {
      const bool any_https = std::any_of(spec_.listeners().begin(), spec_.listeners().end(),
                                         [](const auto& one) { return ProtocolOf(one.second) == "https"; });
      if (https) out_->AddError("it is https already", at.Attribute("redirect_to_https"));
      if (!any_https) out_->AddError("there is no https listener", at.Attribute("redirect_to_https"));
    } else if (!HasRoute(name)) {
      out_->AddError("no route is for this listener: everything would be answered with 404", at,
                     "add a route, or take the listener away");
    }
    CheckCertificates(listener, at.Attribute("certificates"));
  }

  bool HasRoute(const std::string& listener) const {
    return std::any_of(spec_.routes().begin(), spec_.routes().end(), [&](const auto& entry) {
      const auto& names = entry.second.listeners();
      return names.empty() || std::find(names.begin(), names.end(), listener) != names.end();
    });
  }

  void CheckCertificates(const LoadBalancerListener& listener, const Path& at) {
    std::map<std::string, std::string> owners;
    for (const auto& [name, certificate] : Sorted(listener.certificates())) {
      std::vector<std::string> hosts(certificate.hosts().begin(), certificate.hosts().end());
      if (hosts.empty()) hosts.emplace_back();
      for (const std::string& host : hosts) {
        const auto [owner, fresh] = owners.emplace(Lower(host), name);
        if (fresh) continue;
        out_->AddError(host.empty() ? name + " and " + owner->second + " are both for all other hosts"
                                    : name + " and " + owner->second + " are both for " + host,
                       at.Key(name));
      }
    }
  }

  void CheckClashes() {
    const auto listeners = Sorted(spec_.listeners());
    for (auto a = listeners.begin(); a != listeners.end(); ++a) {
      for (auto b = std::next(a); b != listeners.end(); ++b) {
        if (!SameSocket(a->second, b->second)) continue;
        out_->AddError("the listeners " + a->first + " and " + b->first + " both want the port " +
                           std::to_string(a->second.port()),
                       Path().Attribute("listeners").Key(b->first).Attribute("port"));
      }
    }
  }

  template <typename Member>
  void CheckMember(const LoadBalancerBackend& backend, const std::string& name, const Member& member, const Path& at) {
    if (!member.has_port() && !backend.has_port()) {
      out_->AddError(name + " has no port", at.Attribute("port"), "set the port here, or that of the backend");
    }
    if (member.backup() && backend.method() == "source") {
      out_->AddError("with the method `source` there are no backups", at.Attribute("backup"));
    }
  }

  void CheckBackend(const std::string& name, const LoadBalancerBackend& backend) {
    const Path at = Path().Attribute("backends").Key(name);
    const bool followed = backend.has_database() || backend.has_cache();
    const bool listed = !backend.servers().empty() || !backend.addresses().empty();
    if (!listed && !followed) {
      out_->AddError("the backend has no members", at, "add `servers`, `addresses`, `database` or `cache`");
    }
    if ((listed && followed) || (backend.has_database() && backend.has_cache())) {
      out_->AddError("the members are those of one database, or of one cache, or those that are listed", at,
                     "make a backend of each");
    }
    if (followed && backend.has_port()) {
      out_->AddError("the port is that of the " + std::string(backend.has_database() ? "database" : "cache"),
                     at.Attribute("port"));
    }
    bool first_choice = false;
    for (const auto& [server, member] : Sorted(backend.servers())) {
      CheckMember(backend, server, member, at.Attribute("servers").Key(server));
      first_choice = first_choice || !member.backup();
    }
    for (const auto& [address, member] : Sorted(backend.addresses())) {
      const Path where = at.Attribute("addresses").Key(address);
      CheckMember(backend, address, member, where);
      first_choice = first_choice || !member.backup();
      if (!IsAddress(member.address())) {
        out_->AddError("\"" + member.address() + "\" is not an address", where.Attribute("address"));
      }
      if (backend.servers().contains(address)) {
        out_->AddError(address + " is one of `servers`, too: give the address another name", where);
      }
    }
    if (!first_choice && (!backend.servers().empty() || !backend.addresses().empty())) {
      out_->AddError("every member is a backup", at, "let at least one be none");
    }
    const auto& check = backend.check();
    for (const auto& [set, field] : {std::pair(check.has_host(), "host"), std::pair(check.has_status(), "status")}) {
      if (set && check.type() != "http") {
        out_->AddError("only a check of the type http has it", at.Attribute("check").Attribute(field));
      }
    }
  }

  void CheckRoute(const std::string& name, const LoadBalancerRoute& route) {
    const Path at = Path().Attribute("routes").Key(name);
    for (const std::string& listener : route.listeners()) {
      const auto found = spec_.listeners().find(listener);
      if (found == spec_.listeners().end()) {
        out_->AddError("there is no listener " + listener, at.Attribute("listeners"), "add it to `listeners`");
      } else if (IsStream(found->second)) {
        out_->AddError(listener + " is a " + ProtocolOf(found->second) + " listener, which has no routes",
                       at.Attribute("listeners"));
      } else if (found->second.redirect_to_https()) {
        out_->AddError(listener + " sends everything to https, and has no routes", at.Attribute("listeners"));
      }
    }
    if (!route.backend().empty() && !spec_.backends().contains(route.backend())) {
      out_->AddError("there is no backend " + route.backend(), at.Attribute("backend"), "add it to `backends`");
    }
    const auto backend = spec_.backends().find(route.backend());
    if (backend != spec_.backends().end() && (backend->second.has_database() || backend->second.has_cache())) {
      out_->AddError(route.backend() + " speaks no http", at.Attribute("backend"), "make a tcp listener with it");
    }
    const std::string path = PathOf(route);
    if (MatchOf(route) != "regex" && (path.empty() || path[0] != '/')) {
      out_->AddError("a path begins with /", at.Attribute("path"));
    }
    if (path.empty() || HasControls(path)) out_->AddError("that is no path", at.Attribute("path"));
    if (route.strip_prefix() && (MatchOf(route) != "prefix" || route.backend().empty())) {
      out_->AddError("only a prefix that leads to a backend can be taken away", at.Attribute("strip_prefix"));
    }
    if (!route.request_headers().empty() && route.backend().empty()) {
      out_->AddError("without a backend nobody gets them", at.Attribute("request_headers"));
    }
    CheckHeaders(route, at);
    const std::int64_t status = route.redirect().status();
    if (route.has_redirect() && route.redirect().has_status() && status > 303 && status < 307) {
      out_->AddError("a redirect has 301, 302, 303, 307 or 308", at.Attribute("redirect").Attribute("status"));
    }
    if (route.respond().body().find('\0') != std::string::npos) {
      out_->AddError("a body has no null bytes", at.Attribute("respond").Attribute("body"));
    }
  }

  void CheckHeaders(const LoadBalancerRoute& route, const Path& at) {
    for (const auto& [field, headers] : {std::pair("request_headers", &route.request_headers()),
                                         std::pair("response_headers", &route.response_headers())}) {
      std::set<std::string> seen;
      for (const auto& [name, value] : Sorted(*headers)) {
        const Path where = at.Attribute(field).Key(name);
        if (HasControls(value) || value.size() > 1500) {
          out_->AddError("a header is one line of at most 1500 bytes", where);
        }
        if (!seen.insert(Lower(name)).second) out_->AddError("the header is there twice", where);
      }
    }
  }

  // Two routes that would take the same requests: nginx would refuse them, or one would be dead.
  void CheckOverlaps() {
    std::map<std::tuple<std::string, std::string, std::string, std::string>, std::string> owners;
    for (const auto& [name, route] : Sorted(spec_.routes())) {
      std::set<std::string> listeners(route.listeners().begin(), route.listeners().end());
      if (listeners.empty()) {
        for (const auto& [listener, declared] : spec_.listeners()) {
          if (!IsStream(declared) && !declared.redirect_to_https()) listeners.insert(listener);
        }
      }
      std::set<std::string> hosts;
      for (const std::string& host : route.hosts()) hosts.insert(Lower(host));
      if (hosts.empty()) hosts.insert("");
      std::string path = PathOf(route);
      if (MatchOf(route) == "prefix" && path.size() > 1 && path.back() == '/') path.pop_back();
      for (const std::string& listener : listeners) {
        for (const std::string& host : hosts) {
          const auto [owner, fresh] = owners.emplace(std::tuple(listener, host, MatchOf(route), path), name);
          if (fresh || owner->second == name) continue;
          out_->AddError("the routes " + owner->second + " and " + name + " both are for " +
                             (host.empty() ? "all other hosts" : host) + " and " + MatchOf(route) + " " + path +
                             " on the listener " + listener,
                         Path().Attribute("routes").Key(name));
          return;
        }
      }
    }
  }

  void CheckMaintenance() {
    const Path at = Path().Attribute("maintenance");
    for (const std::string& route : spec_.maintenance().routes()) {
      if (!spec_.routes().contains(route)) out_->AddError("there is no route " + route, at.Attribute("routes"));
    }
    if (spec_.maintenance().body().find('\0') != std::string::npos) {
      out_->AddError("a body has no null bytes", at.Attribute("body"));
    }
    WholeSeconds(spec_.maintenance().retry_after(), at.Attribute("retry_after"));
  }

  void CheckSharedAddress() {
    if (!spec_.has_shared_address()) return;
    const auto& shared = spec_.shared_address();
    const Path at = Path().Attribute("shared_address");
    const auto slash = shared.address().find('/');
    const std::string address = shared.address().substr(0, slash);
    const int longest = address.find(':') == std::string::npos ? 32 : 128;
    const int length = slash == std::string::npos ? longest : std::atoi(shared.address().c_str() + slash + 1);
    if (!IsAddress(address) || length < 1 || length > longest) {
      out_->AddError("\"" + shared.address() + "\" is not an address", at.Attribute("address"));
    }
    const auto& servers = spec_.servers();
    if (shared.has_prefer() && std::find(servers.begin(), servers.end(), shared.prefer()) == servers.end()) {
      out_->AddError(shared.prefer() + " is none of the balancer's servers", at.Attribute("prefer"));
    }
  }

  const LoadBalancerSpec& spec_;
  Diagnostics* out_;
};

}  // namespace

void CheckLoadBalancerRules(const google::protobuf::Message& message, Diagnostics* out) {
  Checker(static_cast<const LoadBalancerSpec&>(message), out).Run();
}

}  // namespace podwright::kinds
