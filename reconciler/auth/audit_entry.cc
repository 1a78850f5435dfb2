#include "reconciler/auth/audit_entry.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace podwright::auth {

using Json = nlohmann::json;

namespace {

constexpr std::string_view kHeadPrefix = "pwh_";
constexpr std::size_t kMaxHead = 4096;
constexpr char kEntryDomain[] = "podwright audit entry 1";
constexpr char kHeadDomain[] = "podwright audit head 1";

bool Number(const Json& json, const char* name, std::int64_t& out) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return false;
  out = found->get<std::int64_t>();
  return true;
}

bool Text(const Json& json, const char* name, std::string& out) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return false;
  out = found->get<std::string>();
  return true;
}

bool Hash(const Json& json, const char* name, Digest& out) {
  std::string hex;
  if (!Text(json, name, hex)) return false;
  const auto digest = Digest::FromHex(hex);
  if (digest.ok()) out = *digest;
  return digest.ok();
}

}  // namespace

Digest AuditEntry::ComputeHash() const {
  Sha256Hasher hasher;
  hasher.UpdateField(kEntryDomain);
  hasher.UpdateField(previous.View());
  hasher.UpdateField(std::to_string(sequence));
  hasher.UpdateField(std::to_string(ToUnixMillis(time)));
  for (const std::string* field :
       {&event.actor, &event.verb, &event.workspace, &event.object, &event.outcome, &event.detail}) {
    hasher.UpdateField(*field);
  }
  return hasher.Finish();
}

std::string AuditEntry::ToText() const {
  return Json{{"sequence", sequence},     {"time", ToUnixMillis(time)},   {"actor", event.actor},
              {"verb", event.verb},       {"workspace", event.workspace}, {"object", event.object},
              {"outcome", event.outcome}, {"detail", event.detail},       {"previous", previous.Hex()},
              {"hash", hash.Hex()}}
      .dump();
}

Result<AuditEntry> AuditEntry::FromText(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  AuditEntry entry;
  std::int64_t millis = 0;
  const bool good = json.is_object() && Number(json, "sequence", entry.sequence) && Number(json, "time", millis) &&
                    Text(json, "actor", entry.event.actor) && Text(json, "verb", entry.event.verb) &&
                    Text(json, "workspace", entry.event.workspace) && Text(json, "object", entry.event.object) &&
                    Text(json, "outcome", entry.event.outcome) && Text(json, "detail", entry.event.detail) &&
                    Hash(json, "previous", entry.previous) && Hash(json, "hash", entry.hash);
  if (!good) return DataLoss("an entry of the audit log is damaged");
  entry.time = FromUnixMillis(millis);
  return entry;
}

std::string SignedHead::SignedBytes() const {
  Sha256Hasher hasher;
  hasher.UpdateField(kHeadDomain);
  hasher.UpdateField(std::to_string(sequence));
  hasher.UpdateField(hash.View());
  hasher.UpdateField(std::to_string(ToUnixMillis(time)));
  return std::string(hasher.Finish().View());
}

Status SignedHead::Sign(const crypto::PrivateKey& key) {
  PW_ASSIGN(const crypto::PublicKey own, key.Public());
  PW_ASSIGN(key_id, own.Fingerprint());
  PW_ASSIGN(signature, key.Sign(SignedBytes()));
  return Ok();
}

Status SignedHead::Check(const crypto::PublicKey& key) const {
  PW_ASSIGN(const std::string own, key.Fingerprint());
  if (own != key_id) return PermissionDenied("the head is signed by another key than this log's");
  return key.Verify(SignedBytes(), signature);
}

std::string SignedHead::ToText() const {
  const Json json = {{"v", 1},
                     {"sequence", sequence},
                     {"hash", hash.Hex()},
                     {"time", ToUnixMillis(time)},
                     {"key", key_id},
                     {"signature", Base64Encode(signature)}};
  return std::string(kHeadPrefix) + Base64UrlEncode(json.dump());
}

Result<SignedHead> SignedHead::Parse(std::string_view text) {
  const Error none = InvalidArgument("not a head of the audit log");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (text.size() > kMaxHead || !text.starts_with(kHeadPrefix)) return none;
  const auto decoded = Base64Decode(text.substr(kHeadPrefix.size()));
  if (!decoded.ok()) return none;
  const Json json = Json::parse(*decoded, nullptr, false);
  SignedHead head;
  std::int64_t version = 0;
  std::int64_t millis = 0;
  std::string signature;
  if (!json.is_object() || !Number(json, "v", version) || version != 1 || !Number(json, "sequence", head.sequence) ||
      !Hash(json, "hash", head.hash) || !Number(json, "time", millis) || !Text(json, "key", head.key_id) ||
      !Text(json, "signature", signature) || head.sequence < 0) {
    return none;
  }
  const auto raw = Base64Decode(signature);
  if (!raw.ok()) return none;
  head.signature = *raw;
  head.time = FromUnixMillis(millis);
  return head;
}

}  // namespace podwright::auth
