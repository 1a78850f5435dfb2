#include "provider/sdk/plugin/environment.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/digest.h"
#include "provider/sdk/value/json_text.h"

namespace podwright::sdk::plugin {
namespace {

// Not a secret: it tells an accident from a start by the host.
constexpr std::string_view kMagicCookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
constexpr int kProtocolVersion = 6;

}  // namespace

HostEnvironment HostEnvironment::Read(const std::function<const char*(const char*)>& getenv) {
  const auto text = [&](const char* name) -> std::string {
    const char* value = getenv(name);
    return value == nullptr ? "" : value;
  };
  HostEnvironment environment;
  environment.started_by_host = text("TF_PLUGIN_MAGIC_COOKIE") == kMagicCookie;
  environment.client_cert = text("PLUGIN_CLIENT_CERT");
  environment.socket_group = text("PLUGIN_UNIX_SOCKET_GROUP");
  environment.multiplex = !text("PLUGIN_MULTIPLEX_GRPC").empty();
  environment.socket_dir = text("PLUGIN_UNIX_SOCKET_DIR");
  environment.socket_dir_required = !environment.socket_dir.empty();
  if (environment.socket_dir.empty()) environment.socket_dir = text("TMPDIR");
  if (environment.socket_dir.empty()) environment.socket_dir = "/tmp";
  const std::string versions = text("PLUGIN_PROTOCOL_VERSIONS");
  for (std::size_t at = 0; at < versions.size();) {
    const std::size_t end = std::min(versions.find(',', at), versions.size());
    int version = 0;
    std::from_chars(versions.data() + at, versions.data() + end, version);
    if (version > 0) environment.versions.push_back(version);
    at = end + 1;
  }
  return environment;
}

Status CheckVersions(const HostEnvironment& environment) {
  const std::vector<int>& versions = environment.versions;
  if (versions.empty() || std::find(versions.begin(), versions.end(), kProtocolVersion) != versions.end()) return Ok();
  return FailedPrecondition(
      "the host does not speak plugin protocol 6; this provider needs Terraform 1.0, OpenTofu 1.6 or newer");
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
