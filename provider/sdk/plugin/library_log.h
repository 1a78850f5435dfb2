// The lines of gRPC and protobuf, which they write to stderr in forms of their own, as log lines.
#pragma once

namespace podwright::sdk::plugin {

// Call before gRPC is first used.
void RouteLibraryLogs();

}  // namespace podwright::sdk::plugin
