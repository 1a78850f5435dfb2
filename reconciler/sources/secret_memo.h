// Values of secrets that a source needs: opened once a version, because every opening is in the audit log, which is
// never cut. Threading: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/crypto/secret.h"
#include "core/result.h"
#include "reconciler/control/caller.h"

namespace podwright::control {
class ControlPlane;
}

namespace podwright::sources {

class SecretMemo {
 public:
  explicit SecretMemo(control::ControlPlane& control) : control_(control) {}

  // Stays until the next call. kFailedPrecondition: there is no such secret, or it has no value yet.
  Result<std::string_view> Open(const control::Caller& caller, const std::string& workspace, const std::string& name);

 private:
  struct Known {
    std::int64_t version = 0;
    crypto::SecretString value;
  };
  control::ControlPlane& control_;
  std::map<std::string, Known> known_;
};

}  // namespace podwright::sources
