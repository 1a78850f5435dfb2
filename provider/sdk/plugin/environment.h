// What the host (go-plugin's client) says in the environment. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::sdk::plugin {

// Whether this is the value of TF_PLUGIN_MAGIC_COOKIE that hosts set. Null: there is none. For constructors, too.
bool IsHostsCookie(const char* value);

struct HostEnvironment {
  bool started_by_host = false;      // the magic cookie is right
  std::string versions{};            // protocol versions that the host speaks: "5,6"; empty: it does not say
  std::string client_cert{};         // PEM; empty: plaintext
  std::string socket_dir{};          // where sockets go
  bool socket_dir_required = false;  // the host chose it
  std::string socket_group{};        // name or number; empty: none
  bool multiplex = false;            // the host asks about multiplexing

  static HostEnvironment Read(const std::function<const char*(const char*)>& getenv);
};

// Fails where the host does not speak version 6.
Status CheckVersions(const HostEnvironment& environment);

// The one line of stdout, newline included. `cert_der` is empty for plaintext.
std::string HandshakeLine(const HostEnvironment& environment, const std::string& socket_path,
                          const std::string& cert_der);

// The value of TF_REATTACH_PROVIDERS.
std::string ReattachJson(const std::vector<std::string>& addresses, int pid, const std::string& socket_path);

}  // namespace podwright::sdk::plugin
