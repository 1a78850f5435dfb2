#include "client/trust.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "core/digest.h"

namespace podwright::client {
namespace {

using CtxPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

std::string NormalHex(const std::string& fingerprint) {
  std::string hex;
  for (const char c : fingerprint) {
    if (c != ':') hex += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return hex;
}

std::string DerOf(X509* certificate) {
  unsigned char* raw = nullptr;
  const int size = i2d_X509(certificate, &raw);
  std::string der(reinterpret_cast<const char*>(raw), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(raw);
  return der;
}

Result<std::string> PemOf(X509* certificate) {
  const BioPtr memory(BIO_new(BIO_s_mem()), &BIO_free_all);
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1)
    return Internal("cannot write a certificate as PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// Handshakes on a socket that does not block, so that the deadline holds.
Status Handshake(BIO* connection, const std::string& endpoint, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (BIO_do_handshake(connection) != 1) {
    if (!BIO_should_retry(connection)) return Unavailable("no TLS server answers at " + endpoint);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Unavailable("no answer from " + endpoint + " in time");
    int fd = -1;
    BIO_get_fd(connection, &fd);
    pollfd wait{fd, static_cast<short>(BIO_should_read(connection) ? POLLIN : POLLOUT), 0};
    poll(&wait, fd < 0 ? 0 : 1, static_cast<int>(std::min<std::int64_t>(left.count(), 200)));
  }
  return Ok();
}

}  // namespace

Result<std::string> FetchCa(const std::string& endpoint, const std::string& fingerprint,
                            std::chrono::milliseconds timeout) {
  const CtxPtr context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context) return Internal("cannot make a TLS context");
  // The chain is judged below, by the fingerprint.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  const BioPtr connection(BIO_new_ssl_connect(context.get()), &BIO_free_all);
  if (!connection) return Internal("cannot make a TLS connection");
  BIO_set_conn_hostname(connection.get(), endpoint.c_str());
  BIO_set_nbio(connection.get(), 1);
  SSL* ssl = nullptr;
  BIO_get_ssl(connection.get(), &ssl);
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl, kHttp2, sizeof kHttp2);
  PW_TRY(Handshake(connection.get(), endpoint, timeout));

  const std::string wanted = NormalHex(fingerprint);
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    if (ConstantTimeEquals(Sha256(DerOf(certificate)).Hex(), wanted)) return PemOf(certificate);
  }
  return PermissionDenied("the server at " + endpoint + " does not belong to the CA with the fingerprint " +
                          fingerprint);
}

}  // namespace podwright::client
