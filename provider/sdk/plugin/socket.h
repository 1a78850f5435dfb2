// The unix socket on which the plugin listens.
#pragma once

#include <string>

#include "core/random.h"
#include "core/result.h"
#include "provider/sdk/plugin/environment.h"

namespace podwright::sdk::plugin {

// A path of at most 107 bytes (the kernel's limit) that does not exist. A folder that is too long is an
// error where the host chose it; otherwise /tmp is taken.
Result<std::string> ChooseSocketPath(const HostEnvironment& environment, Random& random);

// gRPC's address of the path, with what a URI cannot hold escaped.
std::string SocketAddress(const std::string& path);

// Gives the socket to the group (name or number) with mode 0660. Groups are looked up in `group_file`
// itself: a fully static program has no other name services.
Status ShareWithGroup(const std::string& path, const std::string& group, const std::string& group_file = "/etc/group");

}  // namespace podwright::sdk::plugin
