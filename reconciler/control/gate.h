// The gate before everything that a caller asks for: who may do what, and what is written down about it.
//
// Threading: any thread; never under the control plane's lock, because the audit log waits for the disk.
#pragma once

#include <string>

#include "core/result.h"
#include "reconciler/control/caller.h"

namespace podwright::auth {
class AuditLog;
}

namespace podwright::control {

class Gate {
 public:
  explicit Gate(auth::AuditLog& audit) : audit_(audit) {}

  // kPermissionDenied, which is audited. What may be done but cannot be written down is refused, too.
  Status Check(const Caller& caller, Operation operation, const std::string& workspace, const std::string& subject);
  // A mutation and how it ended: "ok", or "failed" with the error's text.
  void Note(const Caller& caller, const std::string& verb, const std::string& workspace, const std::string& subject,
            const Status& outcome, const std::string& detail);

 private:
  auth::AuditLog& audit_;
};

}  // namespace podwright::control
