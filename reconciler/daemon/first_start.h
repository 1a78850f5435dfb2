// What is made once for an installation: its id, and the administrator's token in the CLI's context file.
//
// A crash in between does no harm: the token is made again, and the one that nobody saw is worth nothing.
#pragma once

#include <string>

#include "core/random.h"
#include "core/result.h"
#include "reconciler/daemon/settings.h"

namespace podwright::store {
class Store;
}
namespace podwright::auth {
class ApiTokens;
class AuditLog;
}  // namespace podwright::auth

namespace podwright::daemon {

// Made when there is none: "pw-" and eight letters and digits.
Result<std::string> InstallationId(store::Store& store, Random& random);
// kNotFound: podwrightd never started on this store.
Result<std::string> KnownInstallationId(store::Store& store);

struct AdminContext {
  std::string context_file;
  std::string endpoint;  // host:port
  std::string ca_pem;
  std::string installation;
};

// Writes the context once, and answers its name; "" where it was written at an earlier start.
Result<std::string> WriteAdminContext(store::Store& store, auth::ApiTokens& tokens, auth::AuditLog& audit,
                                      const AdminContext& admin);

}  // namespace podwright::daemon
