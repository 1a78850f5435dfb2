// toy_file: an object as the file NAME.json, its write-only secret as NAME.secret.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "provider/sdk/data_source.h"
#include "provider/sdk/resource.h"
#include "provider/sdk/testing/toy_provider.h"

namespace podwright::sdk::testing {

// "90s" and "2m" in seconds; -1 for anything else.
std::int64_t ToySeconds(const std::string& text);

class ToyFile final : public Resource,
                      public WithImport,
                      public WithModifyPlan,
                      public WithValidate,
                      public WithUpgrade,
                      public WithSemanticEquality {
 public:
  explicit ToyFile(std::shared_ptr<ToyFolder> folder);

  std::string TypeName() const override { return "toy_file"; }
  Schema GetSchema() const override;
  void Create(const CreateRequest& request, CreateResponse& response) override;
  void Read(const ReadRequest& request, ReadResponse& response) override;
  void Update(const UpdateRequest& request, UpdateResponse& response) override;
  void Delete(const DeleteRequest& request, DeleteResponse& response) override;
  void Import(const ImportRequest& request, ImportResponse& response) override;
  void ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) override;
  void Validate(const ValidateRequest& request, Diagnostics& diagnostics) override;
  void Upgrade(const UpgradeRequest& request, UpgradeResponse& response) override;
  bool SemanticallyEqual(const AttributePath& path, const Value& a, const Value& b) const override;

 private:
  Status Store(const Value& state, const Value& config) const;

  std::shared_ptr<ToyFolder> folder_;  // shared with the provider, which fills it
  Type type_;
};

class ToyFileData final : public DataSource {
 public:
  explicit ToyFileData(std::shared_ptr<ToyFolder> folder) : folder_(std::move(folder)) {}
  std::string TypeName() const override { return "toy_file"; }
  Schema GetSchema() const override;
  void Read(const ReadDataRequest& request, ReadDataResponse& response) override;

 private:
  std::shared_ptr<ToyFolder> folder_;  // shared with the provider, which fills it
};

}  // namespace podwright::sdk::testing
