// What podwrightd keeps and knows before anything listens: the store, the envelope key, the CA, the audit log,
// tokens, secrets, the clouds.
//
// Threading: made and destroyed by one thread; the parts say what they allow. Members are destroyed from the
// last to the first.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/clock.h"
#include "core/crypto/envelope.h"
#include "core/random.h"
#include "core/result.h"
#include "reconciler/auth/api_tokens.h"
#include "reconciler/auth/audit_log.h"
#include "reconciler/auth/enrolment_tokens.h"
#include "reconciler/ca/certificate_authority.h"
#include "reconciler/clouds/lab/lab_cloud.h"
#include "reconciler/daemon/settings.h"
#include "reconciler/secrets/secret_store.h"
#include "reconciler/store/sqlite_store.h"

namespace podwright::daemon {

struct State {
  static Result<std::unique_ptr<State>> Open(const Settings& settings);

  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<store::SqliteStore> store;
  std::string installation;
  crypto::EnvelopeKeyring keys;
  std::unique_ptr<ca::CertificateAuthority> authority;
  std::unique_ptr<auth::AuditLog> audit;
  std::unique_ptr<auth::ApiTokens> tokens;
  std::unique_ptr<auth::EnrolmentTokens> enrolment;
  std::unique_ptr<secrets::SecretStore> secrets;
  std::unique_ptr<clouds::LabCloud> lab;  // null: this host has none
  std::string lab_address;                // where its machines reach us

  std::map<std::string, clouds::Cloud*> Clouds() const;
  // The way into a machine of the lab, to be run on this host.
  Result<std::vector<std::string>> MachineShell(const std::string& workspace, const std::string& server, bool terminal);
};

// The lab of a data folder. kFailedPrecondition: this host cannot have one.
Result<std::unique_ptr<clouds::LabCloud>> OpenLab(const Settings& settings, const std::string& installation);

}  // namespace podwright::daemon
