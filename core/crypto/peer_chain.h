// What a TLS server shows before anything is trusted: for an agent that enrols, which compares the
// chain with the fingerprint of its token.
//
// Nothing is sent but the handshake. Nothing in the answer is verified.
// Errors: kUnavailable when nobody answers or the server speaks no TLS; kDeadlineExceeded.
// Threading: any thread; blocks until `timeout` at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/certificate.h"
#include "core/result.h"

namespace podwright::crypto {

// Leaf first. `host` is a name or an address. ALPN is h2, as gRPC's servers want it.
Result<std::vector<Certificate>> FetchPeerChain(const std::string& host, std::uint16_t port,
                                                std::chrono::milliseconds timeout);

// The CA certificate of the chain with this fingerprint, once the rest of the chain was verified against
// it at `now`. kPermissionDenied: the server belongs to another CA.
Result<Certificate> FindRoot(const std::vector<Certificate>& chain, std::string_view fingerprint_hex, WallTime now);

}  // namespace podwright::crypto
