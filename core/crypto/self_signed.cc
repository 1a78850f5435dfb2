#include "core/crypto/self_signed.h"

#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <ctime>

#include "core/openssl.h"

namespace podwright::crypto {
namespace {

constexpr std::chrono::hours kDay(24);
constexpr std::chrono::hours kLife = 3650 * kDay;

bool SetSerial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, and never zero
  const openssl::BigNumber number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetValidity(X509* certificate, WallTime now) {
  const auto seconds = [](WallTime time) { return static_cast<std::time_t>(ToUnixMillis(time) / 1000); };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now - kDay)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(now + kLife)) != nullptr;
}

}  // namespace

Result<Certificate> SelfSigned(const PrivateKey& key, const std::string& common_name, WallTime now) {
  const openssl::X509Handle made(X509_new());
  X509* const certificate = made.get();
  if (certificate == nullptr) return openssl::LastError("make a certificate");
  X509_NAME* const name = X509_get_subject_name(certificate);
  const bool done = X509_set_version(certificate, X509_VERSION_3) == 1 && SetSerial(certificate) &&
                    SetValidity(certificate, now) &&
                    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, openssl::Data(common_name),
                                               static_cast<int>(common_name.size()), -1, 0) == 1 &&
                    X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key.handle()) == 1 &&
                    X509_sign(certificate, key.handle(), EVP_sha256()) > 0;
  if (!done) return openssl::LastError("make a certificate");
  return Certificate::FromHandle(certificate);
}

}  // namespace podwright::crypto
