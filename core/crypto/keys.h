// Key pairs: Ed25519 and ECDSA P-256 for signatures and certificates, X25519 for sealing.
//
// Threading: keys never change after they were made; any thread. Copies share one OpenSSL handle.
// Errors: kInvalidArgument for text or bytes that are no such key; kPermissionDenied when a signature
// does not fit.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/crypto/secret.h"
#include "core/result.h"

struct evp_pkey_st;

namespace podwright::crypto {

enum class KeyType { kEd25519, kEcdsaP256, kX25519 };

class PublicKey {
 public:
  static Result<PublicKey> FromPem(std::string_view pem);
  static Result<PublicKey> FromDer(std::string_view der);  // SubjectPublicKeyInfo
  // 32 bytes; Ed25519 and X25519 only.
  static Result<PublicKey> FromRaw(KeyType type, std::string_view raw);
  // Takes a reference of its own.
  static Result<PublicKey> FromHandle(evp_pkey_st* handle);

  KeyType type() const { return type_; }
  Result<std::string> Pem() const;
  Result<std::string> Der() const;
  Result<std::string> Raw() const;
  // SHA-256 of Der(), in hex.
  Result<std::string> Fingerprint() const;
  Status Verify(std::string_view data, std::string_view signature) const;
  bool Equals(const PublicKey& other) const;
  evp_pkey_st* handle() const { return handle_.get(); }

 private:
  PublicKey(KeyType type, std::shared_ptr<evp_pkey_st> handle) : type_(type), handle_(std::move(handle)) {}
  KeyType type_;
  std::shared_ptr<evp_pkey_st> handle_;  // shared: copies are the same unchanging key
};

class PrivateKey {
 public:
  static Result<PrivateKey> Generate(KeyType type);
  static Result<PrivateKey> FromPem(std::string_view pem);
  // 32 bytes; Ed25519 and X25519 only.
  static Result<PrivateKey> FromRaw(KeyType type, std::string_view raw);

  KeyType type() const { return type_; }
  // Unencrypted PKCS#8.
  Result<SecretString> Pem() const;
  Result<PublicKey> Public() const { return PublicKey::FromHandle(handle_.get()); }
  // Not for X25519.
  Result<std::string> Sign(std::string_view data) const;
  // The X25519 shared secret with `peer`.
  Result<SecretBytes> Agree(const PublicKey& peer) const;
  evp_pkey_st* handle() const { return handle_.get(); }

 private:
  PrivateKey(KeyType type, std::shared_ptr<evp_pkey_st> handle) : type_(type), handle_(std::move(handle)) {}
  KeyType type_;
  std::shared_ptr<evp_pkey_st> handle_;  // shared: copies are the same unchanging key
};

}  // namespace podwright::crypto
