#include "reconciler/ca/roots.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/crypto/aead.h"
#include "core/digest.h"
#include "reconciler/ca/issue.h"
#include "reconciler/store/helpers.h"

namespace podwright::ca {

using crypto::Certificate;
using crypto::KeyType;
using crypto::PrivateKey;
using Json = nlohmann::json;

namespace {

constexpr char kKey[] = "ca/roots";
constexpr std::chrono::hours kRootLife{24 * 3650};
constexpr std::chrono::hours kSkew{1};

std::string KeyData(const std::string& fingerprint) {
  return "ca/root/" + fingerprint;
}

Error Damaged() {
  return DataLoss("the CA's roots in the store are damaged");
}

Result<Root> RootFromJson(const Json& json) {
  if (!json.is_object()) return Damaged();
  Root root;
  for (const auto& [name, field] : {std::pair<const char*, std::string*>{"fingerprint", &root.fingerprint},
                                    {"certificate", &root.certificate_pem},
                                    {"key", &root.encrypted_key}}) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_string()) return Damaged();
    *field = found->get<std::string>();
  }
  const auto certificate = Certificate::FromPem(root.certificate_pem);
  const auto key = Base64Decode(root.encrypted_key);
  if (!certificate.ok() || !key.ok()) return Damaged();
  root.encrypted_key = *key;
  PW_ASSIGN(const std::string fingerprint, certificate->Fingerprint());
  if (fingerprint != root.fingerprint) return Damaged();
  return root;
}

Result<RootSet> FromText(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("roots") || !json["roots"].is_array() || !json.contains("signing") ||
      !json["signing"].is_string() || !json.contains("switched") || !json["switched"].is_number_integer()) {
    return Damaged();
  }
  RootSet set;
  for (const Json& entry : json["roots"]) {
    PW_ASSIGN(Root root, RootFromJson(entry));
    set.roots.push_back(std::move(root));
  }
  set.signing = json["signing"].get<std::string>();
  set.switched = FromUnixMillis(json["switched"].get<std::int64_t>());
  if (set.Signing() == nullptr) return Damaged();
  return set;
}

std::string ToText(const RootSet& set) {
  Json roots = Json::array();
  for (const Root& root : set.roots) {
    roots.push_back({{"fingerprint", root.fingerprint},
                     {"certificate", root.certificate_pem},
                     {"key", Base64Encode(root.encrypted_key)}});
  }
  return Json{{"roots", roots}, {"signing", set.signing}, {"switched", ToUnixMillis(set.switched)}}.dump();
}

}  // namespace

const Root* RootSet::Signing() const {
  for (const Root& root : roots) {
    if (root.fingerprint == signing) return &root;
  }
  return nullptr;
}

Result<std::vector<Certificate>> RootSet::Certificates() const {
  std::vector<Certificate> certificates;
  for (const Root& root : roots) {
    PW_ASSIGN(Certificate certificate, Certificate::FromPem(root.certificate_pem));
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

Result<std::optional<RootSet>> RootStore::Load() {
  PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, kKey));
  if (!found) return std::optional<RootSet>();
  PW_ASSIGN(RootSet set, FromText(found->value));
  set.revision = found->mod_revision;
  return std::optional<RootSet>(std::move(set));
}

Result<bool> RootStore::Save(const RootSet& set) {
  store::Transaction transaction;
  transaction.compares.push_back(store::Compare::Unchanged(kKey, set.revision));
  transaction.success.push_back(store::Op::Put(kKey, ToText(set)));
  PW_ASSIGN(const store::TransactionResult done, store_.Commit(transaction));
  return done.succeeded;
}

Result<Root> RootStore::Make(WallTime now) {
  PW_ASSIGN(const PrivateKey key, PrivateKey::Generate(KeyType::kEcdsaP256));
  // A name of its own for each root: chains of two roots cannot be mixed up.
  PW_ASSIGN(const crypto::SecretBytes suffix, crypto::RandomSecret(4));
  PW_ASSIGN(const Certificate certificate,
            MakeRoot(key, "Podwright CA " + HexEncode(suffix.Reveal()), {now - kSkew, now + kRootLife}));
  Root root;
  PW_ASSIGN(root.fingerprint, certificate.Fingerprint());
  PW_ASSIGN(root.certificate_pem, certificate.Pem());
  PW_ASSIGN(const crypto::SecretString pem, key.Pem());
  PW_ASSIGN(root.encrypted_key, keys_.Encrypt(pem.Reveal(), KeyData(root.fingerprint)));
  return root;
}

Result<PrivateKey> RootStore::Key(const Root& root) {
  auto pem = keys_.Decrypt(root.encrypted_key, KeyData(root.fingerprint));
  if (!pem.ok()) return pem.error().Wrap("cannot open the CA's key");
  PW_ASSIGN(PrivateKey key, PrivateKey::FromPem(pem->Reveal()));
  PW_ASSIGN(const Certificate certificate, Certificate::FromPem(root.certificate_pem));
  PW_ASSIGN(const crypto::PublicKey certified, certificate.Key());
  PW_ASSIGN(const crypto::PublicKey own, key.Public());
  if (!own.Equals(certified)) return DataLoss("the CA's key does not belong to its certificate");
  return key;
}

}  // namespace podwright::ca
