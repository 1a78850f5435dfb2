// toy_data: the attributes of the built-in terraform_data, to be measured beside it. It keeps nothing.
#pragma once

#include <string>

#include "provider/sdk/resource.h"

namespace podwright::sdk::testing {

class ToyData final : public Resource {
 public:
  std::string TypeName() const override { return "toy_data"; }
  Schema GetSchema() const override;
  void Create(const CreateRequest& request, CreateResponse& response) override;
  void Read(const ReadRequest& request, ReadResponse& response) override;
  void Update(const UpdateRequest& request, UpdateResponse& response) override;
  void Delete(const DeleteRequest& request, DeleteResponse& response) override;
};

}  // namespace podwright::sdk::testing
