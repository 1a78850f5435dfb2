#include "kinds/load_balancer/location_text.h"

#include <algorithm>
#include <map>
#include <set>

#include "kinds/load_balancer/nginx_words.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {
namespace {

using v1::kinds::LoadBalancerRoute;
using v1::kinds::LoadBalancerSpec;

// No answer of a backend or of ours has it: nginx turns it into the maintenance page.
constexpr int kMaintenanceMark = 599;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string Line(const std::string& text) {
  return "      " + text + ";\n";
}

// `return` with a body of any length: pieces that fit as words, put together by variables.
std::string Answer(std::int64_t status, const std::string& body, const std::string& content_type) {
  std::string text = Line("default_type " + nginx::Quoted(content_type));
  const auto pieces = nginx::LiteralPieces(body);
  if (pieces.size() == 1) return text + Line("return " + std::to_string(status) + " " + pieces[0]);
  std::string joined;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string variable = "pw_piece_" + std::to_string(i);
    text += Line("set $" + variable + " " + pieces[i]);
    joined += "${" + variable + "}";
  }
  return text + Line("return " + std::to_string(status) + " \"" + joined + "\"");
}

bool UnderMaintenance(const LoadBalancerSpec& spec, const std::string& route) {
  if (!spec.has_maintenance() || !spec.maintenance().enabled()) return false;
  const auto& only = spec.maintenance().routes();
  return only.empty() || std::find(only.begin(), only.end(), route) != only.end();
}

std::string Access(const NamedRoute& named) {
  const LoadBalancerRoute& route = *named.route;
  std::string text;
  for (const auto& source : route.deny()) text += Line("deny " + source);
  for (const auto& source : route.allow()) text += Line("allow " + source);
  if (!route.allow().empty()) text += Line("deny all");
  if (route.has_rate_limit()) {
    const auto& limit = route.rate_limit();
    std::string line = "limit_req zone=pw_" + nginx::Variable(named.name);
    if (limit.burst() > 0) line += " burst=" + std::to_string(limit.burst()) + " nodelay";
    text += Line(line) + Line("limit_req_status " + std::to_string(limit.status()));
  }
  return text;
}

std::string ResponseHeaders(const LoadBalancerRoute& route) {
  std::string text;
  const std::map<std::string, std::string> sorted(route.response_headers().begin(), route.response_headers().end());
  for (const auto& [name, value] : sorted) {
    if (!route.backend().empty()) text += Line("proxy_hide_header " + name);
    if (!value.empty()) text += Line("add_header " + name + " " + nginx::Literal(value) + " always");
  }
  return text;
}

std::string RequestHeaders(const LoadBalancerRoute& route) {
  std::map<std::string, std::string> lines = {
      {"connection", "Connection $pw_connection"},
      {"host", "Host $pw_host"},
      {"upgrade", "Upgrade $http_upgrade"},
      {"x-forwarded-for", "X-Forwarded-For $proxy_add_x_forwarded_for"},
      {"x-forwarded-host", "X-Forwarded-Host $pw_host"},
      {"x-forwarded-proto", "X-Forwarded-Proto $scheme"},
      {"x-real-ip", "X-Real-IP $remote_addr"},
  };
  for (const auto& [name, value] : route.request_headers()) lines[Lower(name)] = name + " " + nginx::Literal(value);
  std::string text;
  for (const auto& [name, line] : lines) text += Line("proxy_set_header " + line);
  return text;
}

// `within`: the path of a prefix that is taken away; empty: the backend sees what came.
std::string Proxy(const LoadBalancerRoute& route, const LoadBalancerSpec& spec, bool strip) {
  const auto& backend = spec.backends().at(route.backend());
  std::string text = RequestHeaders(route);
  text += Line("proxy_http_version 1.1");
  text += Line("proxy_connect_timeout " + nginx::Duration(backend.connect_timeout()));
  text += Line("proxy_read_timeout " + nginx::Duration(route.read_timeout()));
  text += Line("proxy_send_timeout " + nginx::Duration(route.send_timeout()));
  text += Line("client_max_body_size " + std::to_string(route.body_size()));
  if (!route.buffering()) text += Line("proxy_buffering off") + Line("proxy_request_buffering off");
  if (backend.protocol() == "https") text += Line("proxy_ssl_server_name on") + Line("proxy_ssl_name $host");
  return text +
         Line("proxy_pass " + backend.protocol() + "://pw_" + nginx::Variable(route.backend()) + (strip ? "/" : ""));
}

std::string Fixed(const LoadBalancerRoute& route) {
  if (route.has_respond()) {
    const auto& respond = route.respond();
    return Answer(respond.status(), respond.body(), respond.content_type());
  }
  const auto& redirect = route.redirect();
  std::string to = nginx::Literal(redirect.to());
  if (redirect.keep_path()) {
    // The path begins with the slash that `to` may end with.
    std::string base = redirect.to();
    while (!base.empty() && base.back() == '/') base.pop_back();
    to = nginx::Literal(base);
    to.insert(to.size() - 1, "$request_uri");
  }
  return Line("return " + std::to_string(redirect.status()) + " " + to);
}

class Server {
 public:
  Server(const std::vector<NamedRoute>& routes, const LoadBalancerSpec& spec) : routes_(routes), spec_(spec) {
    for (const NamedRoute& named : routes) {
      if (named.route->match() == "exact") exact_.insert(named.route->path());
    }
  }

  std::string Text() {
    bool everything = false;
    for (const NamedRoute& named : routes_) {
      const LoadBalancerRoute& route = *named.route;
      text_ += "    # route " + named.name + "\n";
      if (route.match() == "exact") {
        Location("= " + nginx::Quoted(route.path()), named);
      } else if (route.match() == "regex") {
        Location("~ " + nginx::Quoted(route.path()), named);
      } else {
        Prefix(named);
        everything = everything || route.path() == "/";
      }
    }
    if (!everything) text_ += "    location / {\n      return 404;\n    }\n";
    return text_ + Behind();
  }

 private:
  void Prefix(const NamedRoute& named) {
    const std::string& path = named.route->path();
    if (path.back() == '/') return Location(nginx::Quoted(path), named);
    if (!exact_.contains(path)) Location("= " + nginx::Quoted(path), named);
    Location(nginx::Quoted(path + "/"), named);
  }

  void Location(const std::string& what, const NamedRoute& named) {
    const LoadBalancerRoute& route = *named.route;
    text_ += "    location " + what + " {\n";
    if (UnderMaintenance(spec_, named.name)) {
      text_ += Line("error_page " + std::to_string(kMaintenanceMark) + " =503 @pw_maintenance") +
               "      if ($pw_maintenance) {\n        return " + std::to_string(kMaintenanceMark) + ";\n      }\n";
    }
    const std::string access = Access(named);
    text_ += access;
    if (!route.backend().empty()) {
      text_ += ResponseHeaders(route) + Proxy(route, spec_, route.strip_prefix());
    } else if (access.empty()) {
      text_ += ResponseHeaders(route) + Fixed(route);
    } else {
      // `return` comes before access is decided; what a named location does comes after.
      text_ += Line("try_files /dev/null/none @pw_" + nginx::Variable(named.name));
      behind_.insert(named.name);
    }
    text_ += "    }\n";
  }

  std::string Behind() const {
    std::string text;
    bool maintenance = false;
    for (const NamedRoute& named : routes_) {
      maintenance = maintenance || UnderMaintenance(spec_, named.name);
      if (!behind_.contains(named.name)) continue;
      text += "    location @pw_" + nginx::Variable(named.name) + " {\n" + ResponseHeaders(*named.route) +
              Fixed(*named.route) + "    }\n";
    }
    if (!maintenance) return text;
    const auto& page = spec_.maintenance();
    text += "    location @pw_maintenance {\n";
    if (page.has_retry_after()) {
      text += Line("add_header Retry-After " + std::to_string(page.retry_after() / 1000) + " always");
    }
    return text + Answer(503, page.body(), page.content_type()) + "    }\n";
  }

  const std::vector<NamedRoute>& routes_;
  const LoadBalancerSpec& spec_;
  std::set<std::string> exact_;
  std::set<std::string> behind_;
  std::string text_;
};

}  // namespace

std::string Locations(const std::vector<NamedRoute>& routes, const LoadBalancerSpec& spec) {
  return Server(routes, spec).Text();
}

}  // namespace podwright::kinds
