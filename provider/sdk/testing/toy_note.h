// toy_note: an object as the file NAME.note. It has an identity, takes over objects of other types, waits for
// what is not there, and keeps what the module said to the provider. `fault` breaks a rule.
#pragma once

#include <memory>
#include <string>

#include "provider/sdk/resource.h"
#include "provider/sdk/testing/toy_provider.h"

namespace podwright::sdk::testing {

class ToyNote final : public Resource,
                      public WithImport,
                      public WithModifyPlan,
                      public WithMove,
                      public WithIdentity,
                      public WithIdentityUpgrade {
 public:
  explicit ToyNote(std::shared_ptr<ToyFolder> folder) : folder_(std::move(folder)) {}
  std::string TypeName() const override { return "toy_note"; }
  Schema GetSchema() const override;
  void Create(const CreateRequest& request, CreateResponse& response) override;
  void Read(const ReadRequest& request, ReadResponse& response) override;
  void Update(const UpdateRequest& request, UpdateResponse& response) override;
  void Delete(const DeleteRequest& request, DeleteResponse& response) override;
  void Import(const ImportRequest& request, ImportResponse& response) override;
  void ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) override;
  void Move(const MoveRequest& request, MoveResponse& response) override;
  IdentitySchema GetIdentitySchema() const override;
  Value IdentityOf(const Value& state) const override;
  void UpgradeIdentity(const UpgradeIdentityRequest& request, UpgradeIdentityResponse& response) override;

 private:
  Result<std::filesystem::path> PathOf(const Value& state) const;
  bool Missing(const Value& state) const;

  std::shared_ptr<ToyFolder> folder_;  // shared with the provider, which fills it
};

}  // namespace podwright::sdk::testing
