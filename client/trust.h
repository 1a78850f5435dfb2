// The CA's certificate, learnt from the server and compared with a fingerprint that is known.
//
// Errors: unavailable when nobody answers; permission-denied when the server's chain holds no certificate
// with that fingerprint. Nothing is sent to the server before the comparison but the TLS handshake.
#pragma once

#include <chrono>
#include <string>

#include "core/result.h"

namespace podwright::client {

// `endpoint` is a normalised HOST:PORT; `fingerprint` is SHA-256 over the certificate's DER in hex, colons allowed.
// Answers the certificate as PEM.
Result<std::string> FetchCa(const std::string& endpoint, const std::string& fingerprint,
                            std::chrono::milliseconds timeout);

}  // namespace podwright::client
