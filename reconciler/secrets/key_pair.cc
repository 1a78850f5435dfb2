#include "reconciler/secrets/key_pair.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

#include "core/crypto/aead.h"
#include "core/crypto/keys.h"
#include "core/digest.h"
#include "core/openssl.h"

namespace podwright::secrets {

using crypto::KeyType;
using crypto::PrivateKey;
using crypto::SecretString;

namespace {

constexpr std::size_t kRsaBits = 3072;
constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kLineLetters = 70;

void Wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
}

// RFC 4251.
std::string Number(std::size_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xffU);
  return out;
}
std::string Text(std::string_view bytes) {
  return Number(bytes.size()).append(bytes);
}

std::string PublicLine(const std::string& type, const std::string& blob, const std::string& comment) {
  return type + " " + Base64Encode(blob) + (comment.empty() ? "" : " " + comment) + "\n";
}

// PROTOCOL.key of OpenSSH, without a passphrase. All is reserved before, so that no copy of the key is left behind.
SecretString OpenSshPrivate(std::string_view seed, std::string_view public_raw, const std::string& blob,
                            const std::string& comment, std::string_view check) {
  std::string inner;
  inner.reserve(4096);
  inner.append(check).append(check);
  inner.append(Text("ssh-ed25519")).append(Text(public_raw));
  inner.append(Number(seed.size() + public_raw.size())).append(seed).append(public_raw);
  inner.append(Text(comment));
  for (char pad = 1; inner.size() % 8 != 0; ++pad) inner += pad;
  std::string outer;
  outer.reserve(8192);
  outer.append("openssh-key-v1").append(1, '\0');
  outer.append(Text("none")).append(Text("none")).append(Text("")).append(Number(1)).append(Text(blob));
  outer.append(Number(inner.size())).append(inner);
  Wipe(inner);
  std::string base64 = Base64Encode(outer);
  Wipe(outer);
  std::string text;
  text.reserve(16384);
  text += "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < base64.size(); at += kLineLetters) {
    text.append(base64, at, kLineLetters).append("\n");
  }
  text += "-----END OPENSSH PRIVATE KEY-----\n";
  Wipe(base64);
  SecretString out{std::string_view(text)};
  Wipe(text);
  return out;
}

Result<Parts> PemParts(const PrivateKey& key) {
  Parts parts;
  PW_ASSIGN(parts["private_key"], key.Pem());
  PW_ASSIGN(const crypto::PublicKey public_key, key.Public());
  PW_ASSIGN(const std::string pem, public_key.Pem());
  parts["public_key"] = SecretString(std::string_view(pem));
  return parts;
}

Result<Parts> Ed25519(const std::string& comment) {
  PW_ASSIGN(const SecretString seed, crypto::RandomSecret(kSeedBytes));
  PW_ASSIGN(const SecretString check, crypto::RandomSecret(4));
  PW_ASSIGN(const PrivateKey key, PrivateKey::FromRaw(KeyType::kEd25519, seed.Reveal()));
  PW_ASSIGN(Parts parts, PemParts(key));
  PW_ASSIGN(const crypto::PublicKey public_key, key.Public());
  PW_ASSIGN(const std::string raw, public_key.Raw());
  const std::string blob = Text("ssh-ed25519") + Text(raw);
  parts["ssh_public_key"] = SecretString(std::string_view(PublicLine("ssh-ed25519", blob, comment)));
  parts["ssh_private_key"] = OpenSshPrivate(seed.Reveal(), raw, blob, comment, check.Reveal());
  return parts;
}

Result<SecretString> FromBio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  if (size <= 0) return openssl::LastError("write a key");
  SecretString out(std::string_view(data, static_cast<std::size_t>(size)));
  OPENSSL_cleanse(data, static_cast<std::size_t>(size));
  return out;
}

// An mpint of RFC 4251: big-endian, a zero before a first bit that is set.
Result<std::string> Mpint(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return openssl::LastError("read an RSA key");
  const openssl::BigNumber number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  if (!bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0) bytes.insert(0, 1, '\0');
  return Text(bytes);
}

Result<Parts> Rsa(const std::string& comment) {
  const openssl::Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kRsaBits));
  if (!key) return openssl::LastError("make an RSA key");
  const openssl::Bio secret(BIO_new(BIO_s_mem()));
  const openssl::Bio open(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_PUBKEY(open.get(), key.get()) != 1) {
    return openssl::LastError("write an RSA key");
  }
  Parts parts;
  PW_ASSIGN(parts["private_key"], FromBio(secret.get()));
  PW_ASSIGN(parts["public_key"], FromBio(open.get()));
  PW_ASSIGN(const std::string exponent, Mpint(key.get(), OSSL_PKEY_PARAM_RSA_E));
  PW_ASSIGN(const std::string modulus, Mpint(key.get(), OSSL_PKEY_PARAM_RSA_N));
  parts["ssh_public_key"] =
      SecretString(std::string_view(PublicLine("ssh-rsa", Text("ssh-rsa") + exponent + modulus, comment)));
  return parts;
}

}  // namespace

Result<Parts> MakeKeyPair(const std::string& algorithm, const std::string& comment) {
  if (algorithm == "ed25519") return Ed25519(comment);
  if (algorithm == "rsa") return Rsa(comment);
  if (algorithm != "ecdsa" && algorithm != "x25519") {
    return InvalidArgument("unknown algorithm " + algorithm + "; there are ed25519, ecdsa, rsa and x25519");
  }
  PW_ASSIGN(const PrivateKey key, PrivateKey::Generate(algorithm == "ecdsa" ? KeyType::kEcdsaP256 : KeyType::kX25519));
  return PemParts(key);
}

std::vector<std::string> KeyPairParts(const std::string& algorithm) {
  std::vector<std::string> names = {"private_key", "public_key"};
  if (algorithm == "ed25519") names.emplace_back("ssh_private_key");
  if (algorithm == "ed25519" || algorithm == "rsa") names.emplace_back("ssh_public_key");
  return names;
}

}  // namespace podwright::secrets
