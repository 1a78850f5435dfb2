#include "provider/sdk/testing/toy_wrong.h"

namespace podwright::sdk::testing {

Schema ToyWrong::GetSchema() const {
  Schema schema;
  schema.description = "Breaks the rule that `fault` names.";
  schema.attributes = {
      {.name = "fault", .type = Type::String(), .required = true},
      {.name = "value", .type = Type::String(), .optional = true},
      {.name = "absent", .type = Type::String(), .optional = true},
      {.name = "items", .type = Type::List(Type::String()), .optional = true},
      {.name = "made", .type = Type::String(), .computed = true},
  };
  return schema;
}

void ToyWrong::Create(const CreateRequest& request, CreateResponse& response) {
  const std::string fault = request.config.Get("fault").StringOr("");
  response.state = request.plan;
  if (fault != "unknown") response.state.SetField("made", Value::String("made"));
  if (fault == "apply-value") response.state.SetField("value", Value::String("other"));
  if (fault == "apply-element") response.state.SetField("items", Value::List({Value::String("a"), Value::String("b")}));
  if (fault == "type") response.state.SetField("made", Value::List({}));
  if (fault == "nothing") response.state = Value::Null();
}

void ToyWrong::Read(const ReadRequest&, ReadResponse&) {}

void ToyWrong::Update(const UpdateRequest& request, UpdateResponse& response) {
  response.state = request.plan;
  response.state.SetField("made", Value::String("made"));
}

void ToyWrong::Delete(const DeleteRequest&, DeleteResponse&) {}

void ToyWrong::ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) {
  const std::string fault = request.config.Get("fault").StringOr("");
  if (fault == "plan-value") response.plan.SetField("value", Value::String("other"));
  if (fault == "plan-absent") response.plan.SetField("absent", Value::String("here"));
}

}  // namespace podwright::sdk::testing
