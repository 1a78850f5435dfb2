// The ephemeral resource podwright_secret: a secret's value, for one run and in memory only. Each opening is in the
// control plane's audit log.
//
// Threading: as sdk::EphemeralResource says. The session is owned by the provider.
#pragma once

#include <string>

#include "provider/backend.h"
#include "provider/sdk/ephemeral_resource.h"

namespace podwright::provider {

class SecretEphemeral final : public sdk::EphemeralResource, public sdk::WithValidate {
 public:
  explicit SecretEphemeral(const Session& session) : session_(session) {}
  std::string TypeName() const override { return "podwright_secret"; }
  sdk::Schema GetSchema() const override;
  void Validate(const sdk::ValidateRequest& request, sdk::Diagnostics& diagnostics) override;
  void Open(const sdk::OpenRequest& request, sdk::OpenResponse& response) override;

 private:
  const Session& session_;
};

}  // namespace podwright::provider
