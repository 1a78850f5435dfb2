// Tells the service manager how far we are: systemd's notification protocol, a datagram to $NOTIFY_SOCKET.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::daemon {

// "READY=1", "STOPPING=1", "STATUS=…". `socket` as the variable says it; "" does nothing.
Status Notify(const std::string& socket, std::string_view state);

}  // namespace podwright::daemon
