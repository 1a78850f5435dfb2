#include "core/crypto/seal.h"

#include <openssl/kdf.h>

#include "core/crypto/aead.h"
#include "core/openssl.h"

namespace podwright::crypto {

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kPublicBytes = 32;
constexpr std::string_view kInfo = "podwright seal 1";

// The AES key and the nonce. The fresh key never seals twice, so neither does this pair.
Result<SecretBytes> DeriveKey(const SecretBytes& shared, std::string_view fresh, std::string_view recipient) {
  std::string salt(fresh);
  salt += recipient;
  const openssl::PkeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
  SecretBytes out(kAeadKeyBytes + kAeadNonceBytes);
  std::size_t size = out.size();
  const bool done =
      context && EVP_PKEY_derive_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) == 1 &&
      EVP_PKEY_CTX_set1_hkdf_salt(context.get(), openssl::Data(salt), static_cast<int>(salt.size())) == 1 &&
      EVP_PKEY_CTX_set1_hkdf_key(context.get(), openssl::Data(shared.Reveal()), static_cast<int>(shared.size())) == 1 &&
      EVP_PKEY_CTX_add1_hkdf_info(context.get(), openssl::Data(kInfo), static_cast<int>(kInfo.size())) == 1 &&
      EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size) == 1;
  if (!done || size != out.size()) return openssl::LastError("derive a key");
  return out;
}

Error DoesNotOpen() {
  return DataLoss("a sealed message does not open");
}

}  // namespace

Result<std::string> Seal(std::string_view recipient_public_key, std::string_view plaintext,
                         std::string_view associated_data) {
  PW_ASSIGN(const PublicKey recipient, PublicKey::FromRaw(KeyType::kX25519, recipient_public_key));
  PW_ASSIGN(const PrivateKey fresh, PrivateKey::Generate(KeyType::kX25519));
  PW_ASSIGN(const PublicKey fresh_public, fresh.Public());
  PW_ASSIGN(const std::string fresh_raw, fresh_public.Raw());
  PW_ASSIGN(const SecretBytes shared, fresh.Agree(recipient));
  PW_ASSIGN(const SecretBytes derived, DeriveKey(shared, fresh_raw, recipient_public_key));
  const std::string_view key = derived.Reveal().substr(0, kAeadKeyBytes);
  const std::string_view nonce = derived.Reveal().substr(kAeadKeyBytes);
  PW_ASSIGN(const std::string text, AeadEncryptWithNonce(key, nonce, plaintext, associated_data));
  return std::string(1, kVersion) + fresh_raw + text;
}

Result<SecretBytes> Open(const PrivateKey& recipient, std::string_view sealed, std::string_view associated_data) {
  if (sealed.size() < 1 + kPublicBytes + kAeadTagBytes || sealed[0] != kVersion) return DoesNotOpen();
  const std::string_view fresh_raw = sealed.substr(1, kPublicBytes);
  PW_ASSIGN(const PublicKey fresh, PublicKey::FromRaw(KeyType::kX25519, fresh_raw));
  PW_ASSIGN(const PublicKey own, recipient.Public());
  PW_ASSIGN(const std::string own_raw, own.Raw());
  auto shared = recipient.Agree(fresh);
  if (!shared.ok()) return DoesNotOpen();
  PW_ASSIGN(const SecretBytes derived, DeriveKey(*shared, fresh_raw, own_raw));
  const std::string_view key = derived.Reveal().substr(0, kAeadKeyBytes);
  const std::string_view nonce = derived.Reveal().substr(kAeadKeyBytes);
  auto opened = AeadDecryptWithNonce(key, nonce, sealed.substr(1 + kPublicBytes), associated_data);
  if (!opened.ok()) return DoesNotOpen();
  return opened;
}

}  // namespace podwright::crypto
