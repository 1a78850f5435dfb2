#include "client/context.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/address.h"

namespace podwright::client {
namespace {

constexpr std::size_t kMaxCaBytes = 1 << 20;

Result<std::string> ReadCaFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return InvalidArgument("cannot read the CA file " + path);
  std::string text(kMaxCaBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxCaBytes || text.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return InvalidArgument("the CA file " + path + " holds no PEM certificate");
  }
  return text;
}

Status TakeCa(Context& context, std::optional<std::string> pem, const std::optional<std::string>& file,
              std::optional<std::string> fingerprint) {
  if (!pem && file) {
    PW_ASSIGN(std::string text, ReadCaFile(*file));
    pem = std::move(text);
  }
  if (!pem && !fingerprint) return Ok();
  context.ca_pem = std::move(pem).value_or("");
  context.ca_fingerprint = std::move(fingerprint).value_or("");
  return Ok();
}

std::string KnownNames(const ContextFile& file) {
  std::string names;
  for (const auto& [name, context] : file.contexts) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  };
}

std::string ContextFilePath(const Environment& environment) {
  if (auto path = environment("PODWRIGHT_CONFIG")) return *path;
  if (auto folder = environment("XDG_CONFIG_HOME")) return *folder + "/podwright/config.yaml";
  if (auto home = environment("HOME")) return *home + "/.config/podwright/config.yaml";
  return "";
}

Result<std::string> NormalizeEndpoint(const std::string& endpoint) {
  const Error bad = InvalidArgument("\"" + endpoint + "\" is not an endpoint: write HOST or HOST:PORT");
  static constexpr std::string_view kScheme = "https://";
  std::string_view place = endpoint;
  if (place.starts_with(kScheme)) place.remove_prefix(kScheme.size());
  const Result<Address> address = ParseAddress(place, kDefaultPort);
  if (!address.ok() || address->port == 0) return bad;
  return address->Text();
}

Result<Context> ResolveContext(const Settings& settings, const Environment& environment) {
  const auto pick = [&](const std::optional<std::string>& setting, const char* variable) {
    return setting ? setting : environment(variable);
  };
  const std::string path = ContextFilePath(environment);
  ContextFile file;
  if (!path.empty()) {
    PW_ASSIGN(file, LoadContextFile(path));
  }

  Context context;
  const std::optional<std::string> wanted = pick(settings.context, "PODWRIGHT_CONTEXT");
  const std::string name = wanted.value_or(file.current);
  if (const auto it = file.contexts.find(name); it != file.contexts.end()) {
    context = it->second;
  } else if (wanted) {
    return NotFound("there is no context \"" + name + "\" in " + path +
                    (file.contexts.empty() ? "" : "; there are: " + KnownNames(file)));
  }

  if (auto endpoint = pick(settings.endpoint, "PODWRIGHT_ENDPOINT")) context.endpoint = *endpoint;
  if (auto token = pick(settings.token, "PODWRIGHT_TOKEN")) context.token = *token;
  if (auto workspace = pick(settings.workspace, "PODWRIGHT_WORKSPACE")) context.workspace = *workspace;
  PW_TRY(TakeCa(context, environment("PODWRIGHT_CA"), environment("PODWRIGHT_CA_FILE"),
                environment("PODWRIGHT_CA_FINGERPRINT")));
  PW_TRY(TakeCa(context, settings.ca_pem, settings.ca_file, settings.ca_fingerprint));
  PW_ASSIGN(context.endpoint, NormalizeEndpoint(context.endpoint));

  const std::string where = path.empty() ? "no context file is known" : "no context is current in " + path;
  if (context.token.empty()) {
    return FailedPrecondition("no token for the control plane at " + context.endpoint + ": " + where +
                              ". podwrightd writes one there when it starts for the first time; "
                              "or set PODWRIGHT_TOKEN and PODWRIGHT_CA_FILE");
  }
  if (context.ca_pem.empty() && context.ca_fingerprint.empty()) {
    return FailedPrecondition("no CA to recognise the control plane at " + context.endpoint +
                              " by: set PODWRIGHT_CA_FILE or PODWRIGHT_CA_FINGERPRINT, or use a context that has one");
  }
  return context;
}

}  // namespace podwright::client
