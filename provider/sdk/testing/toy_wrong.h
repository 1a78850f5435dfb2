// toy_wrong: a resource that breaks the rule that its `fault` names, so that the SDK's checks have
// something to find.
#pragma once

#include <string>

#include "provider/sdk/resource.h"

namespace podwright::sdk::testing {

class ToyWrong final : public Resource, public WithModifyPlan {
 public:
  std::string TypeName() const override { return "toy_wrong"; }
  Schema GetSchema() const override;
  void Create(const CreateRequest& request, CreateResponse& response) override;
  void Read(const ReadRequest& request, ReadResponse& response) override;
  void Update(const UpdateRequest& request, UpdateResponse& response) override;
  void Delete(const DeleteRequest& request, DeleteResponse& response) override;
  void ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) override;
};

}  // namespace podwright::sdk::testing
