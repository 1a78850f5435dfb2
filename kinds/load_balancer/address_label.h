// How a shared address is told from a server's own ones: behind the interface in its label ("eth0:pw"). IPv6 knows
// none.
#pragma once

namespace podwright::kinds {

inline constexpr char kSharedAddressLabel[] = ":pw";

}  // namespace podwright::kinds
