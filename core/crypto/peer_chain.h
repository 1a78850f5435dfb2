// What a TLS server shows before anything is trusted: for an agent that enrols and a client with a CA's
// fingerprint, which compare the chain with what they know.
//
// Nothing is sent but the handshake. FetchPeerChain verifies nothing of the answer.
// Errors: kUnavailable when nobody answers or the server speaks no TLS; kDeadlineExceeded.
// Threading: any thread; blocks until `timeout` at most.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/crypto/certificate.h"
#include "core/result.h"

namespace podwright::crypto {

// Leaf first. ALPN is h2, as gRPC's servers want it.
Result<std::vector<Certificate>> FetchPeerChain(const Address& server, std::chrono::milliseconds timeout);

// The CA certificate of the chain with this fingerprint (SHA-256 in hex, colons allowed), once the rest of the chain
// was verified against it at `now`. kPermissionDenied: the server belongs to another CA.
Result<Certificate> FindRoot(const std::vector<Certificate>& chain, std::string_view fingerprint_hex, WallTime now);

// Both, one after the other.
Result<Certificate> FetchRoot(const Address& server, std::string_view fingerprint_hex, WallTime now,
                              std::chrono::milliseconds timeout);

}  // namespace podwright::crypto
