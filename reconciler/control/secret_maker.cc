#include "reconciler/control/secret_maker.h"

#include <chrono>

#include "reconciler/ca/issue.h"
#include "reconciler/secrets/generator.h"
#include "reconciler/secrets/key_pair.h"
#include "reconciler/secrets/parts.h"

namespace podwright::control {

using crypto::KeyType;
using crypto::PrivateKey;
using crypto::SecretString;
using secrets::Parts;

namespace {

// No declared secret's name has a dot.
constexpr char kAuthority[] = "workspace.ca";
constexpr char kSealing[] = "workspace.seal";
constexpr char kWho[] = "podwrightd";
constexpr std::chrono::hours kAuthorityLife{10 * 365 * 24};
// The clocks of servers differ.
constexpr std::chrono::minutes kSkew{5};
constexpr std::chrono::milliseconds kDefaultLife = std::chrono::hours(90 * 24);

SecretString Secret(const std::string& text) {
  return SecretString(std::string_view(text));
}

Result<MadeValue> FromParts(const Parts& parts) {
  MadeValue made;
  PW_ASSIGN(made.value, secrets::EncodeParts(parts));
  made.parts = secrets::NamesOf(parts);
  return made;
}

std::string AlgorithmOf(const v1::kinds::SecretKeyPair& pair) {
  return pair.has_algorithm() ? pair.algorithm() : "ed25519";
}

}  // namespace

struct SecretMaker::Authority {
  crypto::Certificate certificate;
  PrivateKey key;
};

Result<MadeValue> SecretMaker::Make(const std::string& workspace, const std::string& name,
                                    const v1::kinds::SecretGenerator& generator) {
  if (generator.has_certificate()) return MakeCertificate(workspace, generator.certificate());
  if (generator.has_key_pair()) {
    PW_ASSIGN(const Parts parts, secrets::MakeKeyPair(AlgorithmOf(generator.key_pair()), name));
    return FromParts(parts);
  }
  secrets::GeneratorSpec spec;
  if (generator.has_length()) spec.length = static_cast<std::uint32_t>(generator.length());
  if (generator.has_alphabet()) spec.alphabet = generator.alphabet();
  MadeValue made;
  PW_ASSIGN(made.value, secrets::Generate(spec, random_));
  return made;
}

std::vector<std::string> SecretMaker::PartsOf(const v1::kinds::SecretGenerator& generator) {
  if (generator.has_certificate()) return {"ca", "certificate", "private_key"};
  if (generator.has_key_pair()) return secrets::KeyPairParts(AlgorithmOf(generator.key_pair()));
  return {};
}

std::chrono::milliseconds SecretMaker::LifeOf(const v1::kinds::SecretCertificate& certificate) {
  return certificate.has_duration() ? std::chrono::milliseconds(certificate.duration()) : kDefaultLife;
}

// A CA that would end before what it signs is followed by a new one.
Result<SecretMaker::Authority> SecretMaker::AuthorityOf(const std::string& workspace, WallTime needed_until) {
  const secrets::SecretName place{workspace, kAuthority};
  auto opened = store_.Open(place, 0, kWho);
  if (!opened.ok() && opened.error().code() != ErrorCode::kNotFound) return std::move(opened).error();
  if (opened.ok()) {
    PW_ASSIGN(const SecretString pem, secrets::PartOf(opened->value, "certificate"));
    PW_ASSIGN(const SecretString key_pem, secrets::PartOf(opened->value, "private_key"));
    PW_ASSIGN(crypto::Certificate certificate, crypto::Certificate::FromPem(pem.Reveal()));
    PW_ASSIGN(PrivateKey key, PrivateKey::FromPem(key_pem.Reveal()));
    if (certificate.NotAfter() > needed_until) return Authority{std::move(certificate), std::move(key)};
  }
  const WallTime now = clock_.Now();
  PW_ASSIGN(PrivateKey key, PrivateKey::Generate(KeyType::kEcdsaP256));
  PW_ASSIGN(crypto::Certificate certificate,
            ca::MakeRoot(key, "Podwright workspace " + workspace.substr(0, 40), {now - kSkew, now + kAuthorityLife}));
  Parts parts;
  PW_ASSIGN(const std::string pem, certificate.Pem());
  parts["certificate"] = Secret(pem);
  PW_ASSIGN(parts["private_key"], key.Pem());
  PW_ASSIGN(const MadeValue made, FromParts(parts));
  PW_TRY(store_.Set(place, made.value, "", made.parts));
  return Authority{std::move(certificate), std::move(key)};
}

Result<MadeValue> SecretMaker::MakeCertificate(const std::string& workspace,
                                               const v1::kinds::SecretCertificate& wanted) {
  const std::chrono::milliseconds life = LifeOf(wanted);
  const WallTime now = clock_.Now();
  PW_ASSIGN(const Authority authority, AuthorityOf(workspace, now + life));
  ca::LeafSpec leaf;
  leaf.common_name = wanted.common_name();
  leaf.names.dns.assign(wanted.names().begin(), wanted.names().end());
  leaf.names.ips.assign(wanted.addresses().begin(), wanted.addresses().end());
  leaf.purposes = {crypto::Purpose::kServer, crypto::Purpose::kClient};
  leaf.validity = {now - kSkew, now + life};
  PW_ASSIGN(const PrivateKey key, PrivateKey::Generate(KeyType::kEcdsaP256));
  PW_ASSIGN(const crypto::PublicKey public_key, key.Public());
  PW_ASSIGN(const crypto::Certificate certificate,
            ca::MakeLeaf(leaf, public_key, authority.certificate, authority.key));
  Parts parts;
  PW_ASSIGN(const std::string pem, certificate.Pem());
  PW_ASSIGN(const std::string ca_pem, authority.certificate.Pem());
  parts["certificate"] = Secret(pem);
  parts["ca"] = Secret(ca_pem);
  PW_ASSIGN(parts["private_key"], key.Pem());
  return FromParts(parts);
}

Result<PrivateKey> SecretMaker::UnsealingKey(const std::string& workspace) {
  const secrets::SecretName place{workspace, kSealing};
  auto opened = store_.Open(place, 0, kWho);
  if (opened.ok()) return PrivateKey::FromPem(opened->value.Reveal());
  if (opened.error().code() != ErrorCode::kNotFound) return std::move(opened).error();
  PW_ASSIGN(PrivateKey key, PrivateKey::Generate(KeyType::kX25519));
  PW_ASSIGN(const SecretString pem, key.Pem());
  PW_TRY(store_.Set(place, pem, ""));
  return key;
}

Result<SealedValueKey> SecretMaker::SealingKey(const std::string& workspace) {
  PW_ASSIGN(const PrivateKey key, UnsealingKey(workspace));
  PW_ASSIGN(const crypto::PublicKey public_key, key.Public());
  PW_ASSIGN(std::string raw, public_key.Raw());
  return SealedValueKey{workspace, std::move(raw)};
}

Result<SecretString> SecretMaker::Unseal(const std::string& workspace, const std::string& name,
                                         const std::string& sealed) {
  PW_ASSIGN(const PrivateKey key, UnsealingKey(workspace));
  return OpenSealedValue(key, workspace, name, sealed);
}

}  // namespace podwright::control
