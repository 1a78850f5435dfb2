#include "reconciler/auth/enrolment_tokens.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/digest.h"
#include "reconciler/auth/names.h"
#include "reconciler/store/helpers.h"

namespace podwright::auth {

using Json = nlohmann::json;

namespace {

constexpr char kFolder[] = "auth/enrolment/";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMaxSecret = 256;
// So long a used or expired token is told apart from one that never was.
constexpr std::chrono::hours kRemembered{24};

struct Record {
  Enrolment enrolment;
  WallTime expires;
  bool used = false;
};

Error Damaged() {
  return DataLoss("a stored enrolment token is damaged");
}

std::string ToText(const Record& record) {
  return Json{{"workspace", record.enrolment.workspace},
              {"server", record.enrolment.server},
              {"expires", ToUnixMillis(record.expires)},
              {"used", record.used}}
      .dump();
}

Result<Record> FromText(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("workspace") || !json["workspace"].is_string() || !json.contains("server") ||
      !json["server"].is_string() || !json.contains("expires") || !json["expires"].is_number_integer() ||
      !json.contains("used") || !json["used"].is_boolean()) {
    return Damaged();
  }
  return Record{{json["workspace"].get<std::string>(), json["server"].get<std::string>()},
                FromUnixMillis(json["expires"].get<std::int64_t>()),
                json["used"].get<bool>()};
}

}  // namespace

Result<NewEnrolmentToken> EnrolmentTokens::Create(const Enrolment& enrolment, const std::string& address,
                                                  const std::string& ca_fingerprint, std::chrono::milliseconds ttl) {
  PW_TRY(CheckName(enrolment.workspace, "a workspace"));
  PW_TRY(CheckName(enrolment.server, "a server's name"));
  if (ttl.count() == 0) ttl = kEnrolmentTtl;
  if (ttl.count() < 0 || ttl > kLongestEnrolmentTtl) {
    return InvalidArgument("an enrolment token lives for a day at most");
  }
  const std::string secret = Base64UrlEncode(random_.Bytes(kSecretBytes));
  const Record record{enrolment, clock_.Now() + ttl, false};
  NewEnrolmentToken made;
  made.expires = record.expires;
  made.token.address = address;
  made.token.ca_fingerprint = ca_fingerprint;
  made.token.server = enrolment.server;
  made.token.secret = crypto::SecretString(secret);
  // What an agent could not read is refused here already.
  PW_TRY(EnrolmentToken::Parse(made.token.ToText().Reveal()));
  const std::string key = kFolder + Sha256(secret).Hex();
  PW_ASSIGN(const store::LeaseId lease, store_.Grant(ttl + kRemembered));
  PW_ASSIGN(const store::TransactionResult done,
            store_.Commit({{store::Compare::Absent(key)}, {store::Op::Put(key, ToText(record), lease)}, {}}));
  if (!done.succeeded) return Conflict("two enrolment tokens got the same secret");
  return made;
}

Result<Enrolment> EnrolmentTokens::Consume(std::string_view secret, std::string_view server) {
  const Error used = FailedPrecondition("the enrolment token was used already");
  if (secret.empty() || secret.size() > kMaxSecret) return Unauthenticated("the enrolment token is unknown");
  // The key is a hash of 256 random bits: how long the look-up takes says nothing about them.
  const std::string key = kFolder + Sha256(secret).Hex();
  PW_ASSIGN(const std::optional<store::KeyValue> found, store::Get(store_, key));
  if (!found) return Unauthenticated("the enrolment token is unknown");
  PW_ASSIGN(Record record, FromText(found->value));
  if (!ConstantTimeEquals(record.enrolment.server, server)) {
    return PermissionDenied("the enrolment token was made for another server");
  }
  if (record.used) return used;
  if (clock_.Now() >= record.expires) return FailedPrecondition("the enrolment token has expired");
  record.used = true;
  PW_ASSIGN(const store::TransactionResult done, store_.Commit({{store::Compare::Unchanged(key, found->mod_revision)},
                                                                {store::Op::Put(key, ToText(record), found->lease)},
                                                                {}}));
  if (!done.succeeded) return used;
  return std::move(record.enrolment);
}

}  // namespace podwright::auth
