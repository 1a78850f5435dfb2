// toy_wrong: a resource and a data source that break the rule that their `fault` names, so that the SDK's checks
// have something to find. Nothing is kept anywhere.
#pragma once

#include <string>

#include "provider/sdk/data_source.h"
#include "provider/sdk/resource.h"

namespace podwright::sdk::testing {

class ToyWrong final : public Resource, public WithModifyPlan, public WithImport {
 public:
  std::string TypeName() const override { return "toy_wrong"; }
  Schema GetSchema() const override;
  void Create(const CreateRequest& request, CreateResponse& response) override;
  void Read(const ReadRequest& request, ReadResponse& response) override;
  void Update(const UpdateRequest& request, UpdateResponse& response) override;
  void Delete(const DeleteRequest& request, DeleteResponse& response) override;
  void ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) override;
  // The id is the fault.
  void Import(const ImportRequest& request, ImportResponse& response) override;
};

// `fault` is "unknown", "nothing", "type", "throw", or "slow": then it waits until it is stopped.
class ToyWrongData final : public DataSource {
 public:
  std::string TypeName() const override { return "toy_wrong"; }
  Schema GetSchema() const override;
  void Read(const ReadDataRequest& request, ReadDataResponse& response) override;
};

}  // namespace podwright::sdk::testing
