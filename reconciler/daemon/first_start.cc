#include "reconciler/daemon/first_start.h"

#include <optional>

#include "client/context.h"
#include "reconciler/auth/api_tokens.h"
#include "reconciler/auth/audit_log.h"
#include "reconciler/store/helpers.h"

namespace podwright::daemon {
namespace {

constexpr char kInstallationKey[] = "meta/installation";
constexpr char kAdminKey[] = "meta/admin-context";
constexpr char kContextName[] = "default";

// "default", unless that one leads to another control plane, which is left alone.
std::string FreeName(const client::ContextFile& file, const AdminContext& admin) {
  const auto it = file.contexts.find(kContextName);
  return it == file.contexts.end() || it->second.endpoint == admin.endpoint ? kContextName : admin.installation;
}

}  // namespace

Result<std::string> KnownInstallationId(store::Store& store) {
  PW_ASSIGN(const std::optional<store::KeyValue> kv, store::Get(store, kInstallationKey));
  if (!kv) return NotFound("podwrightd never started on this data folder");
  return kv->value;
}

Result<std::string> InstallationId(store::Store& store, Random& random) {
  PW_ASSIGN(const store::TransactionResult done, store.Commit({{store::Compare::Absent(kInstallationKey)},
                                                               {store::Op::Put(kInstallationKey, "pw-" + random.Id(8))},
                                                               {}}));
  static_cast<void>(done);  // somebody else's id is as good
  return KnownInstallationId(store);
}

Result<std::string> WriteAdminContext(store::Store& store, auth::ApiTokens& tokens, auth::AuditLog& audit,
                                      const AdminContext& admin) {
  PW_ASSIGN(const std::optional<store::KeyValue> written, store::Get(store, kAdminKey));
  if (written) return std::string();
  PW_ASSIGN(client::ContextFile file, client::LoadContextFile(admin.context_file));
  PW_ASSIGN(const auth::NewApiToken token, tokens.Create("admin", "admin", "*", std::chrono::milliseconds(0)));
  PW_TRY(audit.Append({.actor = "podwrightd",
                       .verb = "token.create",
                       .workspace = "*",
                       .object = "token/" + token.token.id,
                       .outcome = "ok",
                       .detail = "the administrator's, at the first start"}));
  client::Context context;
  context.name = FreeName(file, admin);
  context.endpoint = admin.endpoint;
  context.token = std::string(token.text.Reveal());
  context.ca_pem = admin.ca_pem;
  file.contexts[context.name] = context;
  file.current = context.name;
  PW_TRY(client::SaveContextFile(admin.context_file, file));
  PW_TRY(store::Put(store, kAdminKey, context.name));
  return context.name;
}

}  // namespace podwright::daemon
