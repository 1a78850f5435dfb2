#include "provider/sdk/plugin/certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace podwright::sdk::plugin {
namespace {

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
};
using Bio = std::unique_ptr<BIO, Free>;

constexpr long kSkewSeconds = 60;
constexpr long kLifeSeconds = 365L * 24 * 3600;

Error Failed(const char* what) {
  return Internal(std::string("cannot make a certificate: ") + what);
}

bool AddExtension(X509* cert, int nid, const char* value) {
  const std::unique_ptr<X509_EXTENSION, Free> extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  return extension != nullptr && X509_add_ext(cert, extension.get(), -1) == 1;
}

bool Fill(X509* cert, EVP_PKEY* key) {
  const std::unique_ptr<BIGNUM, Free> serial(BN_new());
  if (serial == nullptr || BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1) return false;
  X509_NAME* name = X509_get_subject_name(cert);
  const auto* localhost = reinterpret_cast<const unsigned char*>("localhost");
  return X509_set_version(cert, X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(cert)) != nullptr &&
         X509_gmtime_adj(X509_getm_notBefore(cert), -kSkewSeconds) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(cert), kLifeSeconds) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, localhost, -1, -1, 0) == 1 &&
         X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
         AddExtension(cert, NID_basic_constraints, "critical,CA:TRUE") &&
         AddExtension(cert, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
         AddExtension(cert, NID_ext_key_usage, "serverAuth,clientAuth") &&
         AddExtension(cert, NID_subject_alt_name, "DNS:localhost") && X509_sign(cert, key, EVP_sha256()) > 0;
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size <= 0 ? "" : std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Result<Certificate> MakeCertificate() {
  // The host's OpenSSL configuration may name modules, which a fully static program cannot load.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Free> cert(X509_new());
  if (key == nullptr || cert == nullptr) return Failed("no key");
  if (!Fill(cert.get(), key.get())) return Failed("signing");
  const Bio cert_pem(BIO_new(BIO_s_mem()));
  const Bio key_pem(BIO_new(BIO_s_mem()));
  const Bio cert_der(BIO_new(BIO_s_mem()));
  if (cert_pem == nullptr || key_pem == nullptr || cert_der == nullptr) return Failed("memory");
  if (PEM_write_bio_X509(cert_pem.get(), cert.get()) != 1 || i2d_X509_bio(cert_der.get(), cert.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failed("encoding");
  }
  return Certificate{Contents(cert_pem.get()), Contents(key_pem.get()), Contents(cert_der.get())};
}

}  // namespace podwright::sdk::plugin
