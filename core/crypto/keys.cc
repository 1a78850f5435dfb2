#include "core/crypto/keys.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include <optional>
#include <utility>

#include "core/digest.h"
#include "core/openssl.h"

namespace podwright::crypto {

namespace {

std::optional<KeyType> TypeOf(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: return KeyType::kEd25519;
    case EVP_PKEY_X25519: return KeyType::kX25519;
    case EVP_PKEY_EC: {
      char group[64] = {};
      std::size_t size = 0;
      if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1) return std::nullopt;
      if (std::string_view(group) == "prime256v1") return KeyType::kEcdsaP256;
      return std::nullopt;
    }
    default: return std::nullopt;
  }
}

Error WrongKind() {
  ERR_clear_error();
  return InvalidArgument("only Ed25519, X25519 and ECDSA P-256 keys are used here");
}

int RawId(KeyType type) {
  return type == KeyType::kX25519 ? EVP_PKEY_X25519 : EVP_PKEY_ED25519;
}

std::shared_ptr<EVP_PKEY> Share(openssl::Pkey key) {
  return {key.release(), EVP_PKEY_free};
}

openssl::Bio ReadBio(std::string_view text) {
  return openssl::Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string_view BioBytes(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, size > 0 ? static_cast<std::size_t>(size) : 0};
}

// Never asks a terminal for a passphrase.
int NoPassphrase(char*, int, int, void*) {
  return -1;
}

// Ed25519 hashes by itself.
const EVP_MD* DigestFor(KeyType type) {
  return type == KeyType::kEcdsaP256 ? EVP_sha256() : nullptr;
}

}  // namespace

Result<PublicKey> PublicKey::FromHandle(EVP_PKEY* handle) {
  if (handle == nullptr) return WrongKind();
  const std::optional<KeyType> type = TypeOf(handle);
  if (!type) return WrongKind();
  EVP_PKEY_up_ref(handle);
  return PublicKey(*type, Share(openssl::Pkey(handle)));
}

Result<PublicKey> PublicKey::FromPem(std::string_view pem) {
  const openssl::Bio bio = ReadBio(pem);
  const openssl::Pkey key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassphrase, nullptr) : nullptr);
  if (!key) return openssl::LastError("not a public key in PEM", ErrorCode::kInvalidArgument);
  return FromHandle(key.get());
}

Result<PublicKey> PublicKey::FromDer(std::string_view der) {
  const unsigned char* at = openssl::Data(der);
  const openssl::Pkey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != openssl::Data(der) + der.size()) {
    return openssl::LastError("not a public key in DER", ErrorCode::kInvalidArgument);
  }
  return FromHandle(key.get());
}

Result<PublicKey> PublicKey::FromRaw(KeyType type, std::string_view raw) {
  if (type == KeyType::kEcdsaP256) return InvalidArgument("an ECDSA key has no raw form");
  const openssl::Pkey key(EVP_PKEY_new_raw_public_key(RawId(type), nullptr, openssl::Data(raw), raw.size()));
  if (!key) return openssl::LastError("a raw public key has 32 bytes", ErrorCode::kInvalidArgument);
  return FromHandle(key.get());
}

Result<std::string> PublicKey::Pem() const {
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), handle()) != 1) return openssl::LastError("write a public key");
  return std::string(BioBytes(bio.get()));
}

Result<std::string> PublicKey::Der() const {
  unsigned char* raw = nullptr;
  const int size = i2d_PUBKEY(handle(), &raw);
  if (size <= 0) return openssl::LastError("write a public key");
  std::string der(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
  OPENSSL_free(raw);
  return der;
}

Result<std::string> PublicKey::Raw() const {
  std::string raw(32, '\0');
  std::size_t size = raw.size();
  if (type_ == KeyType::kEcdsaP256) return InvalidArgument("an ECDSA key has no raw form");
  if (EVP_PKEY_get_raw_public_key(handle(), openssl::Data(raw), &size) != 1 || size != raw.size()) {
    return openssl::LastError("write a raw public key");
  }
  return raw;
}

Result<std::string> PublicKey::Fingerprint() const {
  PW_ASSIGN(const std::string der, Der());
  return Sha256(der).Hex();
}

Status PublicKey::Verify(std::string_view data, std::string_view signature) const {
  if (type_ == KeyType::kX25519) return InvalidArgument("an X25519 key does not sign");
  const openssl::DigestContext context(EVP_MD_CTX_new());
  const bool fits = context && EVP_DigestVerifyInit(context.get(), nullptr, DigestFor(type_), nullptr, handle()) == 1 &&
                    EVP_DigestVerify(context.get(), openssl::Data(signature), signature.size(), openssl::Data(data),
                                     data.size()) == 1;
  if (fits) return Ok();
  ERR_clear_error();
  return PermissionDenied("the signature does not fit");
}

bool PublicKey::Equals(const PublicKey& other) const {
  return EVP_PKEY_eq(handle(), other.handle()) == 1;
}

Result<PrivateKey> PrivateKey::Generate(KeyType type) {
  openssl::Pkey key;
  switch (type) {
    case KeyType::kEd25519: key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); break;
    case KeyType::kX25519: key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")); break;
    case KeyType::kEcdsaP256: key.reset(EVP_EC_gen("P-256")); break;
  }
  if (!key) return openssl::LastError("generate a key");
  return PrivateKey(type, Share(std::move(key)));
}

Result<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  const openssl::Bio bio = ReadBio(pem);
  openssl::Pkey key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr) : nullptr);
  if (!key) return openssl::LastError("not a private key in PEM", ErrorCode::kInvalidArgument);
  const std::optional<KeyType> type = TypeOf(key.get());
  if (!type) return WrongKind();
  return PrivateKey(*type, Share(std::move(key)));
}

Result<PrivateKey> PrivateKey::FromRaw(KeyType type, std::string_view raw) {
  if (type == KeyType::kEcdsaP256) return InvalidArgument("an ECDSA key has no raw form");
  openssl::Pkey key(EVP_PKEY_new_raw_private_key(RawId(type), nullptr, openssl::Data(raw), raw.size()));
  if (!key) return openssl::LastError("a raw private key has 32 bytes", ErrorCode::kInvalidArgument);
  return PrivateKey(type, Share(std::move(key)));
}

Result<SecretString> PrivateKey::Pem() const {
  // Memory of its own that is wiped when it is freed.
  const openssl::Bio bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), handle(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl::LastError("write a private key");
  }
  return SecretString(BioBytes(bio.get()));
}

Result<std::string> PrivateKey::Sign(std::string_view data) const {
  if (type_ == KeyType::kX25519) return InvalidArgument("an X25519 key does not sign");
  const openssl::DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, DigestFor(type_), nullptr, handle()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, openssl::Data(data), data.size()) != 1) {
    return openssl::LastError("sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), openssl::Data(signature), &size, openssl::Data(data), data.size()) != 1) {
    return openssl::LastError("sign");
  }
  signature.resize(size);
  return signature;
}

Result<SecretBytes> PrivateKey::Agree(const PublicKey& peer) const {
  if (type_ != KeyType::kX25519 || peer.type() != KeyType::kX25519) {
    return InvalidArgument("only X25519 keys agree on a secret");
  }
  const openssl::PkeyContext context(EVP_PKEY_CTX_new(handle(), nullptr));
  SecretBytes shared(32);
  std::size_t size = shared.size();
  // Fails for the points of small order, whose secret would be zero.
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.handle()) != 1 ||
      EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(shared.data()), &size) != 1 ||
      size != shared.size()) {
    return openssl::LastError("agree on a secret", ErrorCode::kInvalidArgument);
  }
  return shared;
}

}  // namespace podwright::crypto
