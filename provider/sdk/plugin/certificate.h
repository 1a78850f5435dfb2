// The server's certificate for AutoMTLS: made at every start, kept in memory only.
#pragma once

#include <string>

#include "core/result.h"

namespace podwright::sdk::plugin {

struct Certificate {
  std::string cert_pem{};
  std::string key_pem{};
  std::string cert_der{};
};

// Self-signed ECDSA P-256 with the DNS name localhost, valid for a year. Any thread.
Result<Certificate> MakeCertificate();

}  // namespace podwright::sdk::plugin
