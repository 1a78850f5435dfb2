#include "provider/sdk/testing/toy_data.h"

#include "core/digest.h"
#include "provider/sdk/plan_modifiers.h"

namespace podwright::sdk::testing {

Schema ToyData::GetSchema() const {
  Schema schema;
  schema.description = "Keeps a value.";
  schema.attributes = {
      {.name = "id", .type = Type::String(), .computed = true, .use_state_for_unknown = true},
      {.name = "input", .type = Type::Dynamic(), .optional = true},
      {.name = "output",
       .type = Type::Dynamic(),
       .computed = true,
       .plan_modifiers = {plan_modifiers::ComputedFrom([](const Value& planned) { return planned.Get("input"); })}},
      {.name = "triggers_replace", .type = Type::Dynamic(), .optional = true, .requires_replace = true},
  };
  return schema;
}

void ToyData::Create(const CreateRequest& request, CreateResponse& response) {
  response.state = request.plan;
  response.state.SetField("output", request.plan.Get("input"));
  response.state.SetField("id", Value::String(Sha256(request.plan.Get("input").ToDisplay()).Hex()));
}

void ToyData::Read(const ReadRequest&, ReadResponse&) {}

void ToyData::Update(const UpdateRequest& request, UpdateResponse& response) {
  response.state = request.plan;
  response.state.SetField("output", request.plan.Get("input"));
}

void ToyData::Delete(const DeleteRequest&, DeleteResponse&) {}

}  // namespace podwright::sdk::testing
