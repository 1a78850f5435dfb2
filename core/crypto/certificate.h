// X.509 certificates and signing requests: reading, making requests, judging chains.
//
// Threading: values that never change; any thread.
// Errors: kInvalidArgument for what is no certificate or request; kUnauthenticated when a chain is not trusted.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/crypto/keys.h"
#include "core/result.h"

struct x509_st;

namespace podwright::crypto {

struct SubjectNames {
  std::vector<std::string> dns;
  std::vector<std::string> ips;  // "10.0.0.1", "2001:db8::1"
  std::vector<std::string> uris;
  bool operator==(const SubjectNames&) const = default;
};

class Certificate {
 public:
  static Result<Certificate> FromPem(std::string_view pem);  // the first one in it
  static Result<Certificate> FromDer(std::string_view der);
  // All certificates of a PEM text, in its order; at least one.
  static Result<std::vector<Certificate>> ChainFromPem(std::string_view pem);
  // Takes a reference of its own.
  static Certificate FromHandle(x509_st* handle);

  Result<std::string> Pem() const;
  Result<std::string> Der() const;
  // SHA-256 of Der(), in hex: how people and tokens name a root.
  Result<std::string> Fingerprint() const;
  std::string CommonName() const;
  SubjectNames Names() const;
  WallTime NotBefore() const;
  WallTime NotAfter() const;
  std::string SerialHex() const;  // lower case
  Result<PublicKey> Key() const;
  bool IsCa() const;
  x509_st* handle() const { return handle_.get(); }

 private:
  explicit Certificate(std::shared_ptr<x509_st> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<x509_st> handle_;  // shared: copies are the same unchanging certificate
};

// A signing request in DER, for a key that stays where it is.
Result<std::string> CreateRequest(const PrivateKey& key, std::string_view common_name);

struct Request {
  PublicKey key;
  std::string common_name;
};
// Also checks that the request is signed by its own key.
Result<Request> ParseRequest(std::string_view der);

enum class Purpose { kServer, kClient };
// Expired certificates are let through only for a renewal that proves the key by other means.
enum class Expiry { kRefused, kAllowed };

// Whether `chain` (leaf first) leads to one of `roots` at `now`.
Status VerifyChain(const std::vector<Certificate>& chain, const std::vector<Certificate>& roots, Purpose purpose,
                   WallTime now, Expiry expiry = Expiry::kRefused);

}  // namespace podwright::crypto
