#include "reconciler/auth/api_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/digest.h"
#include "reconciler/auth/names.h"
#include "reconciler/store/helpers.h"

namespace podwright::auth {

using Json = nlohmann::json;

namespace {

constexpr std::string_view kPrefix = "pw_";
constexpr char kFolder[] = "auth/token/";
constexpr std::size_t kIdSize = 12;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMaxText = 256;
constexpr int kMaxAttempts = 16;

struct Record {
  ApiToken token;
  std::string hash;
};

Error Refused() {
  return Unauthenticated("the token is unknown or wrong");
}
Error Damaged() {
  return DataLoss("a stored API token is damaged");
}

Status CheckRole(const std::string& role) {
  if (role == "viewer" || role == "planner" || role == "operator" || role == "admin") return Ok();
  return InvalidArgument("there is no such role; there are viewer, planner, operator and admin");
}

std::string ToText(const Record& record) {
  const ApiToken& token = record.token;
  return Json{{"name", token.name},
              {"role", token.role},
              {"workspace", token.workspace},
              {"created", ToUnixMillis(token.created)},
              {"expires", token.expires ? ToUnixMillis(*token.expires) : 0},
              {"revoked", token.revoked},
              {"hash", record.hash}}
      .dump();
}

Result<Record> FromKeyValue(const store::KeyValue& kv) {
  const Json json = Json::parse(kv.value, nullptr, false);
  if (!json.is_object()) return Damaged();
  const auto is = [&](const char* name, Json::value_t type) {
    return json.contains(name) && json[name].type() == type;
  };
  const auto number = [&](const char* name) { return json.contains(name) && json[name].is_number_integer(); };
  const auto text = Json::value_t::string;
  if (!is("name", text) || !is("role", text) || !is("workspace", text) || !is("hash", text) || !number("created") ||
      !number("expires") || !is("revoked", Json::value_t::boolean)) {
    return Damaged();
  }
  Record record;
  record.token.id = kv.key.substr(sizeof kFolder - 1);
  record.token.name = json["name"].get<std::string>();
  record.token.role = json["role"].get<std::string>();
  record.token.workspace = json["workspace"].get<std::string>();
  record.token.created = FromUnixMillis(json["created"].get<std::int64_t>());
  if (const auto expires = json["expires"].get<std::int64_t>(); expires != 0) {
    record.token.expires = FromUnixMillis(expires);
  }
  record.token.revoked = json["revoked"].get<bool>();
  record.hash = json["hash"].get<std::string>();
  return record;
}

bool GoodId(std::string_view id) {
  return id.size() == kIdSize &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
}

}  // namespace

Result<NewApiToken> ApiTokens::Create(const std::string& name, const std::string& role, const std::string& workspace,
                                      std::chrono::milliseconds ttl) {
  PW_TRY(CheckName(name, "a token's name"));
  PW_TRY(CheckRole(role));
  if (workspace != "*") PW_TRY(CheckName(workspace, "a workspace"));
  if (ttl.count() < 0) return InvalidArgument("a token cannot expire before it begins");
  const std::string secret = Base64UrlEncode(random_.Bytes(kSecretBytes));
  Record record;
  record.token = {random_.Id(kIdSize), name, role, workspace, clock_.Now(), std::nullopt, false};
  if (ttl.count() > 0) record.token.expires = clock_.Now() + ttl;
  record.hash = Sha256(secret).Hex();
  const std::string key = kFolder + record.token.id;
  PW_ASSIGN(const store::TransactionResult done,
            store_.Commit({{store::Compare::Absent(key)}, {store::Op::Put(key, ToText(record))}, {}}));
  if (!done.succeeded) return Conflict("two tokens got the same id");
  crypto::SecretString text(std::string(kPrefix) + record.token.id + "_" + secret);
  return NewApiToken{std::move(record.token), std::move(text)};
}

Result<ApiToken> ApiTokens::Authenticate(std::string_view text) {
  if (text.size() > kMaxText || !text.starts_with(kPrefix)) return Refused();
  const std::string_view rest = text.substr(kPrefix.size());
  if (rest.size() < kIdSize + 2 || rest[kIdSize] != '_' || !GoodId(rest.substr(0, kIdSize))) return Refused();
  const std::string id(rest.substr(0, kIdSize));
  const std::string hash = Sha256(rest.substr(kIdSize + 1)).Hex();
  PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, kFolder + id));
  if (!found) return Refused();
  PW_ASSIGN(Record record, FromKeyValue(*found));
  if (!ConstantTimeEquals(hash, record.hash)) return Refused();
  // Whoever knows the secret may know what became of it.
  if (record.token.revoked) return Unauthenticated("the token " + record.token.name + " was revoked");
  if (record.token.expires && clock_.Now() >= *record.token.expires) {
    return Unauthenticated("the token " + record.token.name + " has expired");
  }
  return std::move(record.token);
}

Result<std::vector<ApiToken>> ApiTokens::List() {
  std::vector<ApiToken> tokens;
  PW_TRY(store::ForEach(store_, store::Prefix(kFolder), [&](const store::KeyValue& kv) -> Status {
    PW_ASSIGN(Record record, FromKeyValue(kv));
    tokens.push_back(std::move(record.token));
    return Ok();
  }));
  return tokens;
}

Result<ApiToken> ApiTokens::Revoke(const std::string& id) {
  if (!GoodId(id)) return NotFound("there is no such token");
  const std::string key = kFolder + id;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, key));
    if (!found) return NotFound("there is no such token");
    PW_ASSIGN(Record record, FromKeyValue(*found));
    if (record.token.revoked) return std::move(record.token);
    record.token.revoked = true;
    PW_ASSIGN(const store::TransactionResult done,
              store_.Commit(
                  {{store::Compare::Unchanged(key, found->mod_revision)}, {store::Op::Put(key, ToText(record))}, {}}));
    if (done.succeeded) return std::move(record.token);
  }
  return Conflict("the token is being changed by others all the time");
}

}  // namespace podwright::auth
