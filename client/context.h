// Where the control plane is and who we are to it: the CLI's contexts, shared by the provider.
//
// The file ($PODWRIGHT_CONFIG, else $XDG_CONFIG_HOME/podwright/config.yaml, else
// ~/.config/podwright/config.yaml) holds tokens: it is written with mode 0600, at once or not at all.
// Precedence: explicit settings > environment > the file's context.
//
//   current: default
//   contexts:
//     default:
//       endpoint: 127.0.0.1:7440
//       token: …
//       ca: |
//         -----BEGIN CERTIFICATE-----
//       workspace: default
//       stack: shop                      # for the provider, as are:
//       default_labels: {team: shop}
//
// Threading: values; the functions may be called from any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/result.h"

namespace podwright::client {

inline constexpr char kDefaultEndpoint[] = "127.0.0.1:7440";
inline constexpr int kDefaultPort = 7440;
inline constexpr char kDefaultWorkspace[] = "default";

struct Context {
  std::string name;
  std::string endpoint = kDefaultEndpoint;  // host:port
  std::string token;
  std::string ca_pem;          // one or several certificates; wins over the fingerprint
  std::string ca_fingerprint;  // SHA-256 of the CA's certificate in hex; the CA is then asked for and compared
  std::string workspace = kDefaultWorkspace;
  std::string stack;                                  // of the provider; "" where the file says none
  std::map<std::string, std::string> default_labels;  // of the provider
};

struct ContextFile {
  std::string current;
  std::map<std::string, Context> contexts;
};

// What a flag or the provider's configuration gives; unset leaves the next source.
struct Settings {
  std::optional<std::string> context;
  std::optional<std::string> endpoint;
  std::optional<std::string> token;
  std::optional<std::string> ca_pem;
  std::optional<std::string> ca_file;
  std::optional<std::string> ca_fingerprint;
  std::optional<std::string> workspace;
};

// A variable's value; an empty one counts as unset.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment ProcessEnvironment();

// "" when neither the variables nor a home folder are known.
std::string ContextFilePath(const Environment& environment);

// An absent file is an empty ContextFile. Malformed: invalid-argument with file and line. Readable by
// others: failed-precondition that says how to repair it.
Result<ContextFile> LoadContextFile(const std::string& path);
Status SaveContextFile(const std::string& path, const ContextFile& file);

// PODWRIGHT_CONTEXT, PODWRIGHT_ENDPOINT, PODWRIGHT_TOKEN, PODWRIGHT_CA (PEM), PODWRIGHT_CA_FILE,
// PODWRIGHT_CA_FINGERPRINT and PODWRIGHT_WORKSPACE override the file. The error says what is missing and where it is
// looked for.
Result<Context> ResolveContext(const Settings& settings, const Environment& environment);

// "host", "host:7440", "[::1]:7440", each also after "https://" → host and port with the default port filled in.
Result<std::string> NormalizeEndpoint(const std::string& endpoint);

}  // namespace podwright::client
