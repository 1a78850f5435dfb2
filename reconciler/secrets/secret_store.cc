#include "reconciler/secrets/secret_store.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/crypto/seal.h"
#include "core/digest.h"
#include "reconciler/secrets/parts.h"
#include "reconciler/store/helpers.h"

namespace podwright::secrets {

using crypto::SecretString;
using store::Compare;
using store::Op;
using Json = nlohmann::json;

namespace {

constexpr int kMaxAttempts = 16;
constexpr std::size_t kMaxName = 256;
// Metadata is one value, so what it lists is bounded; the oldest versions go first.
constexpr std::size_t kVersionsKept = 100;

std::string Place(const SecretName& secret) {
  return secret.workspace + "/" + secret.name;
}
std::string MetaKey(const SecretName& secret) {
  return "secrets/meta/" + Place(secret);
}
std::string ValuePrefix(const SecretName& secret) {
  return "secrets/value/" + Place(secret) + "/";
}
std::string RequestPrefix(const SecretName& secret) {
  return "secrets/request/" + Place(secret) + "/";
}

std::string ValueKey(const SecretName& secret, std::int64_t version) {
  std::string digits = std::to_string(version);
  return ValuePrefix(secret) + std::string(20 - std::min<std::size_t>(digits.size(), 20), '0') + digits;
}

// Parts without a slash cannot run into each other in a key or in associated data.
Status CheckPart(const std::string& part, const char* what) {
  const bool good =
      !part.empty() && part.size() <= kMaxName &&
      std::all_of(part.begin(), part.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '/'; });
  if (good) return Ok();
  return InvalidArgument(std::string("a secret's ") + what +
                         " is empty, too long or has a character that is not allowed");
}

Status Check(const SecretName& secret) {
  PW_TRY(CheckPart(secret.workspace, "workspace"));
  return CheckPart(secret.name, "name");
}

Error NoSecret(const SecretName& secret) {
  return NotFound("there is no secret " + Place(secret));
}

}  // namespace

std::string DeliveryData(const SecretName& secret, std::int64_t version, const std::string& part) {
  return Place(secret) + "/" + std::to_string(version) + (part.empty() ? "" : "/" + part);
}

struct SecretStore::Meta {
  struct Entry {
    VersionInfo info;
    std::string request;  // the hash of its idempotency key, or ""
  };
  std::int64_t last = 0;  // the highest version that ever was
  std::vector<Entry> entries;

  std::vector<VersionInfo> Versions() const {
    std::vector<VersionInfo> versions;
    for (const Entry& entry : entries) versions.push_back(entry.info);
    return versions;
  }

  std::string ToText() const {
    Json list = Json::array();
    for (const Entry& entry : entries) {
      list.push_back({entry.info.version, ToUnixMillis(entry.info.created), entry.request, entry.info.parts});
    }
    return Json{{"last", last}, {"versions", list}}.dump();
  }

  static Result<Meta> FromText(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    const Error damaged = DataLoss("a secret's metadata is damaged");
    if (!json.is_object() || !json.contains("last") || !json["last"].is_number_integer() ||
        !json.contains("versions") || !json["versions"].is_array()) {
      return damaged;
    }
    Meta meta;
    meta.last = json["last"].get<std::int64_t>();
    for (const Json& entry : json["versions"]) {
      // Three: as it was written before there were parts.
      if (!entry.is_array() || (entry.size() != 3 && entry.size() != 4) || !entry[0].is_number_integer() ||
          !entry[1].is_number_integer() || !entry[2].is_string()) {
        return damaged;
      }
      VersionInfo info{entry[0].get<std::int64_t>(), FromUnixMillis(entry[1].get<std::int64_t>()), {}};
      if (entry.size() == 4) {
        if (!entry[3].is_array()) return damaged;
        for (const Json& part : entry[3]) {
          if (!part.is_string()) return damaged;
          info.parts.push_back(part.get<std::string>());
        }
      }
      meta.entries.push_back({std::move(info), entry[2].get<std::string>()});
    }
    return meta;
  }
};

struct SecretStore::Loaded {
  Meta meta;
  store::Revision revision = 0;  // 0: never was
};

SecretStore::SecretStore(store::Store& store, const crypto::EnvelopeKeyring& keys, Clock& clock, AuditOpening audit)
    : store_(store), keys_(keys), clock_(clock), audit_(std::move(audit)) {}

Result<SecretStore::Loaded> SecretStore::Load(const SecretName& secret) {
  PW_TRY(Check(secret));
  PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, MetaKey(secret)));
  if (!found) return Loaded{};
  PW_ASSIGN(Meta meta, Meta::FromText(found->value));
  return Loaded{std::move(meta), found->mod_revision};
}

Result<std::optional<std::int64_t>> SecretStore::Remembered(const SecretName& secret, const std::string& request_key,
                                                            const SecretString& value) {
  PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, request_key));
  if (!found) return std::optional<std::int64_t>();
  const Json json = Json::parse(found->value, nullptr, false);
  if (!json.is_number_integer()) return DataLoss("the memory of an idempotency key is damaged");
  const auto version = json.get<std::int64_t>();
  // Compared here, inside: nothing is given out, so this is no opening.
  auto before = Decrypt(secret, version);
  if (before.ok() && !(*before == value)) {
    return Error(ErrorCode::kConflict, "the idempotency key was used for another value of the secret " + Place(secret));
  }
  if (!before.ok() && before.error().code() != ErrorCode::kNotFound) return std::move(before).error();
  return std::optional<std::int64_t>(version);
}

Result<std::int64_t> SecretStore::Set(const SecretName& secret, const SecretString& value,
                                      std::string_view idempotency_key, const std::vector<std::string>& parts,
                                      const std::set<std::int64_t>& used) {
  if (value.size() > kMaxSecretBytes) {
    return InvalidArgument("a secret has at most " + std::to_string(kMaxSecretBytes) + " bytes");
  }
  const std::string request = idempotency_key.empty() ? "" : Sha256(idempotency_key).Hex();
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    PW_ASSIGN(Loaded loaded, Load(secret));
    if (!request.empty()) {
      PW_ASSIGN(const std::optional<std::int64_t> before, Remembered(secret, RequestPrefix(secret) + request, value));
      if (before) return *before;
    }
    const std::int64_t version = ++loaded.meta.last;
    PW_ASSIGN(std::string encrypted, keys_.Encrypt(value.Reveal(), DeliveryData(secret, version)));
    store::Transaction transaction;
    transaction.compares.push_back(Compare::Unchanged(MetaKey(secret), loaded.revision));
    transaction.success.push_back(Op::Put(ValueKey(secret, version), std::move(encrypted)));
    if (!request.empty()) {
      transaction.success.push_back(Op::Put(RequestPrefix(secret) + request, std::to_string(version)));
    }
    if (loaded.meta.entries.size() >= kVersionsKept) {
      const auto oldest = std::find_if(loaded.meta.entries.begin(), loaded.meta.entries.end(),
                                       [&](const Meta::Entry& entry) { return !used.contains(entry.info.version); });
      if (oldest == loaded.meta.entries.end()) {
        return FailedPrecondition("all " + std::to_string(kVersionsKept) + " versions of the secret " + Place(secret) +
                                  " are in use: let references to old ones go first");
      }
      transaction.success.push_back(Op::Delete(ValueKey(secret, oldest->info.version)));
      if (!oldest->request.empty()) transaction.success.push_back(Op::Delete(RequestPrefix(secret) + oldest->request));
      loaded.meta.entries.erase(oldest);
    }
    loaded.meta.entries.push_back({{version, clock_.Now(), parts}, request});
    transaction.success.push_back(Op::Put(MetaKey(secret), loaded.meta.ToText()));
    PW_ASSIGN(const store::TransactionResult done, store_.Commit(transaction));
    if (done.succeeded) return version;
  }
  return Conflict("the secret " + Place(secret) + " is being changed by others all the time");
}

Result<VersionInfo> SecretStore::Resolve(const SecretName& secret, std::int64_t version) {
  PW_ASSIGN(const Loaded loaded, Load(secret));
  if (loaded.meta.entries.empty()) return NoSecret(secret);
  if (version == 0) return loaded.meta.entries.back().info;
  for (const Meta::Entry& entry : loaded.meta.entries) {
    if (entry.info.version == version) return entry.info;
  }
  return NotFound("the secret " + Place(secret) + " has no version " + std::to_string(version));
}

Result<crypto::SecretBytes> SecretStore::Decrypt(const SecretName& secret, std::int64_t version) {
  PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, ValueKey(secret, version)));
  if (!found) return NotFound("the secret " + Place(secret) + " has no version " + std::to_string(version));
  auto value = keys_.Decrypt(found->value, DeliveryData(secret, version));
  if (!value.ok()) return value.error().Wrap("cannot open the secret " + Place(secret));
  return value;
}

Result<OpenedSecret> SecretStore::Open(const SecretName& secret, std::int64_t version, const std::string& by) {
  PW_ASSIGN(VersionInfo found, Resolve(secret, version));
  PW_ASSIGN(SecretString value, Decrypt(secret, found.version));
  PW_TRY(audit_({secret, found.version, by, "read"}));
  return OpenedSecret{found.version, std::move(value), std::move(found.parts)};
}

Result<SealedSecret> SecretStore::SealFor(const SecretName& secret, std::int64_t version,
                                          std::string_view agent_public_key, const std::string& agent,
                                          const std::string& part) {
  PW_ASSIGN(const VersionInfo found, Resolve(secret, version));
  PW_ASSIGN(SecretString value, Decrypt(secret, found.version));
  if (part.empty() != found.parts.empty()) {
    return FailedPrecondition("version " + std::to_string(found.version) + " of the secret " + Place(secret) +
                              (part.empty() ? " has parts, and none is named" : " has no part \"" + part + "\""));
  }
  if (!part.empty()) {
    auto one = PartOf(value, part);
    if (!one.ok()) return one.error().Wrap("cannot open the secret " + Place(secret));
    value = std::move(one).value();
  }
  PW_ASSIGN(std::string sealed,
            crypto::Seal(agent_public_key, value.Reveal(), DeliveryData(secret, found.version, part)));
  PW_TRY(audit_({secret, found.version, "agent:" + agent, "deliver"}));
  return SealedSecret{found.version, std::move(sealed)};
}

Result<SecretInfo> SecretStore::Describe(const SecretName& secret) {
  PW_ASSIGN(const Loaded loaded, Load(secret));
  if (loaded.meta.entries.empty()) return NoSecret(secret);
  return SecretInfo{secret, loaded.meta.entries.back().info.version, loaded.meta.Versions()};
}

Result<std::int64_t> SecretStore::LastVersion(const SecretName& secret) {
  PW_ASSIGN(const Loaded loaded, Load(secret));
  return loaded.meta.last;
}

Result<std::vector<SecretInfo>> SecretStore::List(const std::string& workspace) {
  PW_TRY(CheckPart(workspace, "workspace"));
  const std::string prefix = "secrets/meta/" + workspace + "/";
  std::vector<SecretInfo> all;
  PW_TRY(store::ForEach(store_, store::Prefix(prefix), [&](const store::KeyValue& kv) -> Status {
    PW_ASSIGN(const Meta meta, Meta::FromText(kv.value));
    if (meta.entries.empty()) return Ok();
    const SecretName secret{workspace, kv.key.substr(prefix.size())};
    all.push_back({secret, meta.entries.back().info.version, meta.Versions()});
    return Ok();
  }));
  return all;
}

Status SecretStore::Delete(const SecretName& secret) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    PW_ASSIGN(Loaded loaded, Load(secret));
    if (loaded.meta.entries.empty()) return NoSecret(secret);
    // The highest number stays behind: agents take a version that they have for one that they need not fetch.
    loaded.meta.entries.clear();
    store::Transaction transaction;
    transaction.compares.push_back(Compare::Unchanged(MetaKey(secret), loaded.revision));
    transaction.success.push_back(Op::Put(MetaKey(secret), loaded.meta.ToText()));
    transaction.success.push_back(Op::DeleteRange(store::Prefix(ValuePrefix(secret))));
    transaction.success.push_back(Op::DeleteRange(store::Prefix(RequestPrefix(secret))));
    PW_ASSIGN(const store::TransactionResult done, store_.Commit(transaction));
    if (done.succeeded) return Ok();
  }
  return Conflict("the secret " + Place(secret) + " is being changed by others all the time");
}

}  // namespace podwright::secrets
