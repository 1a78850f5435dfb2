#include "client/trust.h"

#include <cctype>
#include <cstdint>
#include <vector>

#include "core/clock.h"
#include "core/crypto/certificate.h"
#include "core/crypto/peer_chain.h"

namespace podwright::client {
namespace {

std::string NormalHex(const std::string& fingerprint) {
  std::string hex;
  for (const char c : fingerprint) {
    if (c != ':') hex += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return hex;
}

}  // namespace

Result<std::string> FetchCa(const std::string& endpoint, const std::string& fingerprint,
                            std::chrono::milliseconds timeout) {
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string::npos) return InvalidArgument("\"" + endpoint + "\" is not HOST:PORT");
  std::string host = endpoint.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const auto port = static_cast<std::uint16_t>(std::stoul("0" + endpoint.substr(colon + 1)));
  PW_ASSIGN(const std::vector<crypto::Certificate> chain, crypto::FetchPeerChain(host, port, timeout));
  SystemClock clock;
  Result<crypto::Certificate> root = crypto::FindRoot(chain, NormalHex(fingerprint), clock.Now());
  if (!root.ok()) return root.error().Wrap("the CA of " + endpoint);
  return root->Pem();
}

}  // namespace podwright::client
