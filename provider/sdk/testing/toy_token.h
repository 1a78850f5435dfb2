// Ephemeral resources of the toy. What is open is the file NAME.open in the provider's folder; what happened
// to it is written to `journal`, a file, one word a line.
#pragma once

#include <memory>
#include <string>

#include "provider/sdk/ephemeral_resource.h"
#include "provider/sdk/testing/toy_provider.h"

namespace podwright::sdk::testing {

class ToyToken final : public EphemeralResource, public WithValidate, public WithRenew, public WithClose {
 public:
  explicit ToyToken(std::shared_ptr<ToyFolder> folder) : folder_(std::move(folder)) {}
  std::string TypeName() const override { return "toy_token"; }
  Schema GetSchema() const override;
  void Validate(const ValidateRequest& request, Diagnostics& diagnostics) override;
  void Open(const OpenRequest& request, OpenResponse& response) override;
  void Renew(const RenewRequest& request, RenewResponse& response) override;
  void Close(const CloseRequest& request, CloseResponse& response) override;

 private:
  std::shared_ptr<ToyFolder> folder_;  // shared with the provider, which fills it
};

// Breaks the rule that `fault` names, and has no Renew.
class ToyWrongEphemeral final : public EphemeralResource, public WithClose {
 public:
  std::string TypeName() const override { return "toy_wrong"; }
  Schema GetSchema() const override;
  void Open(const OpenRequest& request, OpenResponse& response) override;
  void Close(const CloseRequest& request, CloseResponse& response) override;
};

}  // namespace podwright::sdk::testing
