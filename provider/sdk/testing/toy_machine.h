// toy_machine: a resource of blocks in every nesting mode, with the SDK's validators, plan modifiers, semantic
// equality inside nested values and timeouts. Its objects are the files NAME.machine.
#pragma once

#include <memory>
#include <string>

#include "provider/sdk/data_source.h"
#include "provider/sdk/resource.h"
#include "provider/sdk/testing/toy_provider.h"

namespace podwright::sdk::testing {

class ToyMachine final : public Resource, public WithImport {
 public:
  explicit ToyMachine(std::shared_ptr<ToyFolder> folder);

  std::string TypeName() const override { return "toy_machine"; }
  Schema GetSchema() const override;
  void Create(const CreateRequest& request, CreateResponse& response) override;
  void Read(const ReadRequest& request, ReadResponse& response) override;
  void Update(const UpdateRequest& request, UpdateResponse& response) override;
  void Delete(const DeleteRequest& request, DeleteResponse& response) override;
  void Import(const ImportRequest& request, ImportResponse& response) override;

 private:
  Status Store(const Value& state) const;

  std::shared_ptr<ToyFolder> folder_;  // shared with the provider, which fills it
  Type type_;
};

// Which of the machines have every label that a `filter` block asks for.
class ToyMachines final : public DataSource {
 public:
  explicit ToyMachines(std::shared_ptr<ToyFolder> folder) : folder_(std::move(folder)) {}
  std::string TypeName() const override { return "toy_machines"; }
  Schema GetSchema() const override;
  void Read(const ReadDataRequest& request, ReadDataResponse& response) override;

 private:
  std::shared_ptr<ToyFolder> folder_;  // shared with the provider, which fills it
};

}  // namespace podwright::sdk::testing
