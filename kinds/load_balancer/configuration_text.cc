#include "kinds/load_balancer/configuration_text.h"

#include "kinds/load_balancer/nginx_words.h"
#include "podwright/v1/kinds/load_balancer.pb.h"

namespace podwright::kinds {
namespace {

using v1::kinds::LoadBalancerKeyFile;
using v1::kinds::LoadBalancerListener;
using v1::kinds::LoadBalancerSpec;

// Of a secret that is a certificate.
constexpr char kCertificatePart[] = "certificate";
constexpr char kKeyPart[] = "private_key";
constexpr std::int64_t kTcpIdleMs = 3'600'000;
constexpr std::int64_t kUdpIdleMs = 60'000;

std::string StreamServer(const LoadBalancerListener& listener, const LoadBalancerSpec& spec) {
  const bool udp = listener.protocol() == "udp";
  const auto& backend = spec.backends().at(listener.backend());
  const std::int64_t idle = listener.has_idle_timeout() ? listener.idle_timeout() : (udp ? kUdpIdleMs : kTcpIdleMs);
  std::string text = "  server {\n    listen ";
  text += listener.address().empty() ? std::to_string(listener.port())
                                     : nginx::HostPort(listener.address(), listener.port());
  if (udp) text += " udp";
  if (listener.address() == "::") text += " ipv6only=off";
  if (listener.proxy_protocol()) text += " proxy_protocol";
  text += ";\n";
  for (const auto& source : listener.deny()) text += "    deny " + source + ";\n";
  for (const auto& source : listener.allow()) text += "    allow " + source + ";\n";
  if (!listener.allow().empty()) text += "    deny all;\n";
  text += "    proxy_connect_timeout " + nginx::Duration(backend.connect_timeout()) + ";\n";
  text += "    proxy_timeout " + nginx::Duration(idle) + ";\n";
  if (!udp) text += "    proxy_socket_keepalive on;\n";
  if (backend.send_proxy_protocol() && !udp) text += "    proxy_protocol on;\n";
  return text + "    proxy_pass pw_" + nginx::Variable(listener.backend()) + ";\n  }\n";
}

std::string StreamBlock(const LoadBalancerSpec& spec, const BalancerLayout& layout) {
  std::string text = "stream {\n  access_log off;\n";
  for (const std::string& backend : BackendsOf(spec, BalancerSide::kStreams)) text += UpstreamBlock(backend, layout);
  const std::map<std::string, LoadBalancerListener> sorted(spec.listeners().begin(), spec.listeners().end());
  for (const auto& [name, listener] : sorted) {
    if (SideOf(listener) != BalancerSide::kStreams) continue;
    text += "  # listener " + name + "\n" + StreamServer(listener, spec);
  }
  text += "  server {\n    listen unix:" + layout.socket + ";\n    include " + layout.generation + ";\n  }\n";
  return text + "}\n";
}

}  // namespace

BalancerSide SideOf(const LoadBalancerListener& listener) {
  return listener.protocol() == "tcp" || listener.protocol() == "udp" ? BalancerSide::kStreams : BalancerSide::kHttp;
}

bool HasSide(const LoadBalancerSpec& spec, BalancerSide side) {
  for (const auto& [name, listener] : spec.listeners()) {
    if (SideOf(listener) == side) return true;
  }
  return false;
}

std::set<std::string> BackendsOf(const LoadBalancerSpec& spec, BalancerSide side) {
  std::set<std::string> out;
  if (side == BalancerSide::kStreams) {
    for (const auto& [name, listener] : spec.listeners()) {
      if (SideOf(listener) == side) out.insert(listener.backend());
    }
    return out;
  }
  if (!HasSide(spec, side)) return out;
  for (const auto& [name, route] : spec.routes()) {
    if (!route.backend().empty()) out.insert(route.backend());
  }
  return out;
}

std::string ConfigurationHead(const std::string& balancer, const BalancerLayout& layout, std::int64_t drain_ms) {
  std::string text = "# Podwright: load_balancer " + balancer + ". Changes here are put back.\n";
  if (layout.side == "streams") text += "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n";
  return text +
         "daemon off;\n"
         "user www-data;\n"
         "worker_processes auto;\n"
         "pid " +
         layout.run_folder +
         "/nginx.pid;\n"
         "error_log stderr warn;\n"
         "worker_shutdown_timeout " +
         nginx::Duration(drain_ms) +
         ";\n"
         "events {\n"
         "  worker_connections 8192;\n"
         "}\n";
}

std::string UpstreamBlock(const std::string& backend, const BalancerLayout& layout) {
  return "  upstream pw_" + nginx::Variable(backend) + " {\n    include " + layout.upstreams + "/" + backend +
         ".conf;\n  }\n";
}

std::string ConfigurationText(const std::string& balancer, const LoadBalancerSpec& spec, BalancerSide side,
                              const SecretVersions& versions) {
  const BalancerLayout layout = LayoutOf(balancer, side);
  if (side == BalancerSide::kStreams) {
    return ConfigurationHead(balancer, layout, spec.stream_drain_timeout()) + StreamBlock(spec, layout);
  }
  return ConfigurationHead(balancer, layout, spec.drain_timeout()) + HttpBlock(spec, layout, versions);
}

std::string KeyFileName(const LoadBalancerKeyFile& file) {
  return file.secret() + (file.key().empty() ? "" : "." + file.key()) + ".v" + std::to_string(file.version()) + ".pem";
}

CertificateFiles FilesOf(const v1::kinds::LoadBalancerCertificate& certificate, const SecretVersions& versions) {
  const auto file = [&](const v1::SecretReference& reference) {
    LoadBalancerKeyFile out;
    out.set_secret(reference.secret());
    out.set_key(reference.key());
    const auto version = versions.find(reference.secret());
    out.set_version(reference.has_version() ? reference.version() : (version == versions.end() ? 0 : version->second));
    return out;
  };
  CertificateFiles out{file(certificate.certificate()), file(certificate.certificate())};
  if (certificate.has_private_key()) {
    out.key = file(certificate.private_key());
  } else if (out.key.key() == kCertificatePart) {
    out.key.set_key(kKeyPart);
  }
  return out;
}

std::map<std::string, LoadBalancerKeyFile> KeyFilesOf(const LoadBalancerSpec& spec, const SecretVersions& versions) {
  std::map<std::string, LoadBalancerKeyFile> out;
  for (const auto& [listener_name, listener] : spec.listeners()) {
    if (listener.protocol() != "https") continue;
    for (const auto& [name, certificate] : listener.certificates()) {
      const CertificateFiles files = FilesOf(certificate, versions);
      out[KeyFileName(files.certificate)] = files.certificate;
      out[KeyFileName(files.key)] = files.key;
    }
  }
  return out;
}

}  // namespace podwright::kinds
