// This host's names and addresses, as others may call it.
#pragma once

#include <string>
#include <vector>

#include "core/crypto/certificate.h"

namespace podwright::daemon {

std::string HostName();
// Of interfaces that are up, without loopback and link-local ones; IPv4 first.
std::vector<std::string> HostAddresses();
bool IsAddress(const std::string& text);   // IPv4 or IPv6
bool IsWildcard(const std::string& host);  // "0.0.0.0", "::"
// Each where it belongs, once.
crypto::SubjectNames NamesOf(const std::vector<std::string>& hosts);

}  // namespace podwright::daemon
