// The http side of nginx.conf. What decides about a request: see LoadBalancerSpec.routes.
#include <algorithm>
#include <set>

#include "kinds/load_balancer/configuration_text.h"
#include "kinds/load_balancer/location_text.h"
#include "kinds/load_balancer/nginx_words.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {
namespace {

using v1::kinds::LoadBalancerListener;
using v1::kinds::LoadBalancerRoute;
using v1::kinds::LoadBalancerSpec;

template <typename Map>
auto Sorted(const Map& map) {
  return std::map<std::string, typename Map::mapped_type>(map.begin(), map.end());
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

bool Contains(const google::protobuf::RepeatedPtrField<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// "*.example.org" is for "a.example.org", and for "*.example.org" itself.
bool Covers(const std::string& pattern, const std::string& host) {
  if (pattern == host) return true;
  if (pattern.size() < 2 || pattern[0] != '*') return false;
  const std::string suffix = pattern.substr(1);
  return host.size() > suffix.size() && host.compare(host.size() - suffix.size(), suffix.size(), suffix) == 0;
}

class Http {
 public:
  Http(const LoadBalancerSpec& spec, const BalancerLayout& layout, const SecretVersions& versions)
      : spec_(spec), layout_(layout), versions_(versions), routes_(Sorted(spec.routes())) {}

  std::string Text() {
    std::string text = "http {\n" + Settings() + Maps();
    for (const std::string& backend : BackendsOf(spec_, BalancerSide::kHttp)) text += UpstreamBlock(backend, layout_);
    for (const auto& [name, listener] : Sorted(spec_.listeners())) {
      if (SideOf(listener) == BalancerSide::kHttp) text += Listener(name, listener);
    }
    text += "  server {\n    listen unix:" + layout_.socket +
            ";\n    access_log off;\n    default_type text/plain;\n    location / {\n      include " +
            layout_.generation + ";\n    }\n  }\n";
    return text + "}\n";
  }

 private:
  std::string Settings() const {
    return "  include /etc/nginx/mime.types;\n"
           "  default_type application/octet-stream;\n"
           "  server_tokens off;\n"
           "  sendfile on;\n"
           "  tcp_nopush on;\n"
           "  server_names_hash_bucket_size 256;\n"
           "  server_names_hash_max_size 16384;\n"
           "  variables_hash_max_size 8192;\n"
           "  proxy_headers_hash_max_size 2048;\n"
           "  ssl_session_cache shared:podwright:5m;\n"
           "  access_log " +
           (spec_.access_log() ? "syslog:server=unix:/dev/log,tag=podwright_lb,nohostname combined"
                               : std::string("off")) +
           ";\n";
  }

  std::string Maps() const {
    std::string text =
        "  geo $pw_dollar {\n    default \"$\";\n  }\n"
        "  map $http_upgrade $pw_connection {\n    default upgrade;\n    \"\" \"\";\n  }\n"
        "  map $http_host $pw_host {\n    default $http_host;\n    \"\" $host;\n  }\n";
    for (const auto& [name, listener] : Sorted(spec_.listeners())) {
      if (SideOf(listener) != BalancerSide::kHttp) continue;
      if (!listener.deny().empty()) text += Geo("pw_deny_" + nginx::Variable(name), listener.deny(), false);
      if (!listener.allow().empty()) text += Geo("pw_stranger_" + nginx::Variable(name), listener.allow(), true);
    }
    if (spec_.has_maintenance() && spec_.maintenance().enabled()) {
      text += Geo("pw_maintenance", spec_.maintenance().except(), true);
    }
    for (const auto& [name, route] : routes_) {
      if (!route.has_rate_limit()) continue;
      const auto& limit = route.rate_limit();
      text += "  limit_req_zone $binary_remote_addr zone=pw_" + nginx::Variable(name) +
              ":2m rate=" + std::to_string(limit.requests()) + (limit.per() == "minute" ? "r/m" : "r/s") + ";\n";
    }
    return text;
  }

  // 1 for those listed, or with `inverse` for all others.
  static std::string Geo(const std::string& variable, const google::protobuf::RepeatedPtrField<std::string>& networks,
                         bool inverse) {
    std::string text = "  geo $" + variable + " {\n    default " + (inverse ? "1" : "0") + ";\n";
    const std::set<std::string> sorted(networks.begin(), networks.end());
    for (const std::string& network : sorted) text += "    " + network + (inverse ? " 0;\n" : " 1;\n");
    return text + "  }\n";
  }

  // By host, "" for the routes without any, the names of routes of the listener.
  std::map<std::string, std::vector<std::string>> ByHost(const std::string& listener) const {
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& [name, route] : routes_) {
      if (!route.listeners().empty() && !Contains(route.listeners(), listener)) continue;
      std::set<std::string> hosts;
      for (const std::string& host : route.hosts()) hosts.insert(Lower(host));
      if (hosts.empty()) hosts.insert("");
      for (const std::string& host : hosts) out[host].push_back(name);
    }
    out.try_emplace("");
    return out;
  }

  std::string Listener(const std::string& name, const LoadBalancerListener& listener) const {
    std::string text = "  # listener " + name + "\n";
    if (listener.redirect_to_https()) {
      return text + Server(name, listener, "", "    return 308 https://$host" + HttpsPort() + "$request_uri;\n");
    }
    for (const auto& [host, names] : ByHost(name)) {
      std::vector<NamedRoute> routes;
      for (const std::string& route : names) routes.push_back({route, &routes_.at(route)});
      text += Server(name, listener, host, Locations(routes, spec_));
    }
    return text;
  }

  std::string HttpsPort() const {
    for (const auto& [name, listener] : Sorted(spec_.listeners())) {
      if (listener.protocol() == "https" && listener.port() == 443) return "";
    }
    for (const auto& [name, listener] : Sorted(spec_.listeners())) {
      if (listener.protocol() == "https") return ":" + std::to_string(listener.port());
    }
    return "";
  }

  std::string Server(const std::string& name, const LoadBalancerListener& listener, const std::string& host,
                     const std::string& inside) const {
    std::string text = "  server {\n    listen ";
    text += listener.address().empty() ? std::to_string(listener.port())
                                       : nginx::HostPort(listener.address(), listener.port());
    // What is of the socket and not of the server stands once.
    if (host.empty()) text += " default_server";
    if (host.empty() && listener.address() == "::") text += " ipv6only=off";
    if (listener.protocol() == "https") text += listener.http2() ? " ssl http2" : " ssl";
    if (listener.proxy_protocol()) text += " proxy_protocol";
    text += ";\n";
    text += "    server_name " + (host.empty() ? std::string("_") : host) + ";\n";
    if (listener.protocol() == "https") text += Tls(listener, host);
    for (const std::string& proxy : listener.proxies()) text += "    set_real_ip_from " + proxy + ";\n";
    if (!listener.proxies().empty()) {
      text += listener.proxy_protocol() ? "    real_ip_header proxy_protocol;\n"
                                        : "    real_ip_header X-Forwarded-For;\n    real_ip_recursive on;\n";
    }
    const std::string variable = nginx::Variable(name);
    if (!listener.deny().empty()) text += "    if ($pw_deny_" + variable + ") {\n      return 403;\n    }\n";
    if (!listener.allow().empty()) text += "    if ($pw_stranger_" + variable + ") {\n      return 403;\n    }\n";
    return text + inside + "  }\n";
  }

  // The certificate that names the host exactly, else by the longest domain, else the one for all others.
  std::string Tls(const LoadBalancerListener& listener, const std::string& host) const {
    const auto certificates = Sorted(listener.certificates());
    std::string chosen;
    std::size_t best = 0;
    for (const auto& [certificate, declared] : certificates) {
      if (declared.hosts().empty() && best == 0 && chosen.empty()) chosen = certificate;
      for (const std::string& raw : declared.hosts()) {
        const std::string pattern = Lower(raw);
        if (host.empty() || !Covers(pattern, host)) continue;
        const std::size_t weight = pattern == host ? 100'000 : pattern.size();
        if (weight > best) {
          best = weight;
          chosen = certificate;
        }
      }
    }
    if (chosen.empty()) chosen = certificates.begin()->first;
    const CertificateFiles files = FilesOf(certificates.at(chosen), versions_);
    return "    ssl_certificate " + layout_.keys + "/" + KeyFileName(files.certificate) + ";\n" +
           "    ssl_certificate_key " + layout_.keys + "/" + KeyFileName(files.key) + ";\n" + "    ssl_protocols " +
           (listener.tls_minimum() == "1.3" ? "TLSv1.3" : "TLSv1.2 TLSv1.3") +
           ";\n"
           "    ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;\n";
  }

  const LoadBalancerSpec& spec_;
  const BalancerLayout& layout_;
  const SecretVersions& versions_;
  const std::map<std::string, LoadBalancerRoute> routes_;
};

}  // namespace

std::string HttpBlock(const LoadBalancerSpec& spec, const BalancerLayout& layout, const SecretVersions& versions) {
  return Http(spec, layout, versions).Text();
}

}  // namespace podwright::kinds
