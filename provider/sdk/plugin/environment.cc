#include "provider/sdk/plugin/environment.h"

#include <algorithm>
#include <string_view>

#include "core/digest.h"
#include "provider/sdk/value/json_text.h"

namespace podwright::sdk::plugin {
namespace {

// Not a secret: it tells an accident from a start by the host.
constexpr std::string_view kMagicCookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
constexpr std::string_view kProtocolVersion = "6";

}  // namespace

bool IsHostsCookie(const char* value) {
  return value != nullptr && value == kMagicCookie;
}

HostEnvironment HostEnvironment::Read(const std::function<const char*(const char*)>& getenv) {
  const auto text = [&](const char* name) -> std::string {
    const char* value = getenv(name);
    return value == nullptr ? "" : value;
  };
  HostEnvironment environment;
  environment.started_by_host = IsHostsCookie(getenv("TF_PLUGIN_MAGIC_COOKIE"));
  environment.client_cert = text("PLUGIN_CLIENT_CERT");
  environment.socket_group = text("PLUGIN_UNIX_SOCKET_GROUP");
  environment.multiplex = !text("PLUGIN_MULTIPLEX_GRPC").empty();
  environment.socket_dir = text("PLUGIN_UNIX_SOCKET_DIR");
  environment.socket_dir_required = !environment.socket_dir.empty();
  if (environment.socket_dir.empty()) environment.socket_dir = text("TMPDIR");
  if (environment.socket_dir.empty()) environment.socket_dir = "/tmp";
  environment.versions = text("PLUGIN_PROTOCOL_VERSIONS");
  return environment;
}

Status CheckVersions(const HostEnvironment& environment) {
  std::string_view versions = environment.versions;
  if (versions.empty()) return Ok();
  while (!versions.empty()) {
    const std::size_t end = std::min(versions.find(','), versions.size());
    if (versions.substr(0, end) == kProtocolVersion) return Ok();
    versions.remove_prefix(std::min(end + 1, versions.size()));
  }
  return FailedPrecondition("the host does not speak plugin protocol 6, only \"" + environment.versions.substr(0, 80) +
                            "\"; this provider needs Terraform 1.0, OpenTofu 1.6, or a newer one that still speaks it");
}

std::string HandshakeLine(const HostEnvironment& environment, const std::string& socket_path,
                          const std::string& cert_der) {
  std::string cert = cert_der.empty() ? "" : Base64Encode(cert_der);
  while (!cert.empty() && cert.back() == '=') cert.pop_back();  // the host refuses padding
  return "1|6|unix|" + socket_path + "|grpc|" + cert + (environment.multiplex ? "|false" : "") + "\n";
}

std::string ReattachJson(const std::vector<std::string>& addresses, int pid, const std::string& socket_path) {
  std::string json = "{";
  for (const std::string& address : addresses) {
    if (json.size() > 1) json += ',';
    AppendJsonString(json, address);
    json += R"(:{"Protocol":"grpc","ProtocolVersion":6,"Pid":)" + std::to_string(pid) +
            R"(,"Test":true,"Addr":{"Network":"unix","String":)";
    AppendJsonString(json, socket_path);
    json += "}}";
  }
  return json + "}";
}

}  // namespace podwright::sdk::plugin
