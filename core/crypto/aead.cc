#include "core/crypto/aead.h"

#include <openssl/rand.h>

#include <climits>

#include "core/openssl.h"

namespace podwright::crypto {

namespace {

Status CheckSizes(std::string_view key, std::string_view nonce, std::string_view data, std::string_view associated) {
  if (key.size() != kAeadKeyBytes) return InvalidArgument("an AES-256 key has 32 bytes");
  if (nonce.size() != kAeadNonceBytes) return InvalidArgument("a GCM nonce has 12 bytes");
  if (data.size() > INT_MAX / 2 || associated.size() > INT_MAX / 2)
    return InvalidArgument("too much to encrypt at once");
  return Ok();
}

Error DoesNotOpen() {
  ERR_clear_error();
  return DataLoss("a ciphertext does not open: it was changed, or the key or its purpose is another");
}

int IntSize(std::string_view bytes) {
  return static_cast<int>(bytes.size());
}

}  // namespace

Result<std::string> AeadEncryptWithNonce(std::string_view key, std::string_view nonce, std::string_view plaintext,
                                         std::string_view associated_data) {
  PW_TRY(CheckSizes(key, nonce, plaintext, associated_data));
  const openssl::CipherContext context(EVP_CIPHER_CTX_new());
  std::string out(plaintext.size() + kAeadTagBytes, '\0');
  int size = 0;
  const bool done =
      context &&
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, openssl::Data(key), openssl::Data(nonce)) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, openssl::Data(associated_data), IntSize(associated_data)) == 1 &&
      EVP_EncryptUpdate(context.get(), openssl::Data(out), &size, openssl::Data(plaintext), IntSize(plaintext)) == 1 &&
      EVP_EncryptFinal_ex(context.get(), openssl::Data(out) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagBytes, openssl::Data(out) + plaintext.size()) ==
          1;
  if (!done) return openssl::LastError("encrypt");
  return out;
}

Result<SecretBytes> AeadDecryptWithNonce(std::string_view key, std::string_view nonce, std::string_view sealed,
                                         std::string_view associated_data) {
  PW_TRY(CheckSizes(key, nonce, sealed, associated_data));
  if (sealed.size() < kAeadTagBytes) return DoesNotOpen();
  const std::string_view text = sealed.substr(0, sealed.size() - kAeadTagBytes);
  std::string tag(sealed.substr(text.size()));
  const openssl::CipherContext context(EVP_CIPHER_CTX_new());
  // One byte more, so that there is an address even for an empty plaintext.
  SecretBytes out(text.size() + 1);
  auto* raw = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  int last = 0;
  const bool done =
      context &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, openssl::Data(key), openssl::Data(nonce)) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, openssl::Data(associated_data), IntSize(associated_data)) == 1 &&
      EVP_DecryptUpdate(context.get(), raw, &size, openssl::Data(text), IntSize(text)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), raw + size, &last) == 1;
  if (!done) return DoesNotOpen();
  out.Shrink(text.size());
  return out;
}

Result<std::string> AeadEncrypt(std::string_view key, std::string_view plaintext, std::string_view associated_data) {
  PW_ASSIGN(const SecretBytes nonce, RandomSecret(kAeadNonceBytes));
  PW_ASSIGN(const std::string sealed, AeadEncryptWithNonce(key, nonce.Reveal(), plaintext, associated_data));
  return std::string(nonce.Reveal()) + sealed;
}

Result<SecretBytes> AeadDecrypt(std::string_view key, std::string_view sealed, std::string_view associated_data) {
  if (sealed.size() < kAeadNonceBytes) return DoesNotOpen();
  return AeadDecryptWithNonce(key, sealed.substr(0, kAeadNonceBytes), sealed.substr(kAeadNonceBytes), associated_data);
}

Result<SecretBytes> RandomSecret(std::size_t size) {
  SecretBytes out(size);
  if (size > INT_MAX ||
      (size > 0 && RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size)) != 1)) {
    return openssl::LastError("random bytes");
  }
  return out;
}

}  // namespace podwright::crypto
