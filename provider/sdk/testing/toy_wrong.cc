#include "provider/sdk/testing/toy_wrong.h"

#include <atomic>

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
      {.name = "part",
       .nesting = Nesting::kList,
       .attributes = {{.name = "name", .type = Type::String(), .optional = true}},
       .block = true},
  };
  return schema;
}

void ToyWrong::Create(const CreateRequest& request, CreateResponse& response) {
  const std::string fault = request.config.Get("fault").StringOr("");
  response.state = request.plan;
  if (fault != "unknown") response.state.SetField("made", Value::String("made"));
  if (fault == "apply-value") response.state.SetField("value", Value::String("other"));
  if (fault == "apply-element") response.state.SetField("items", Value::List({Value::String("a"), Value::String("b")}));
  if (fault == "apply-promise") response.state.SetField("made", Value::String("mine"));
  if (fault == "apply-vanish") response.state.SetField("items", Value::List({}));
  if (fault == "apply-block") response.state.SetField("part", Value::List({}));
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
  const Value& from = request.config.is_null() ? request.state : request.config;
  const std::string fault = from.Get("fault").StringOr("");
  if (fault == "plan-value") response.plan.SetField("value", Value::String("other"));
  if (fault == "plan-block") response.plan.SetField("part", Value::List({}));
  if (fault == "plan-path") response.requires_replace.push_back(AttributePath("nowhere").Attribute("x"));
  if (fault == "plan-destroy" && request.plan.is_null()) response.plan = request.state;
  if (fault == "plan-twice") {
    static std::atomic<int> calls{0};
    response.plan.SetField("made", Value::String("call " + std::to_string(++calls)));
  }
  if (fault == "apply-promise") response.plan.SetField("made", Value::Unknown({.prefix = "his"}));
  if (fault == "plan-absent") response.plan.SetField("absent", Value::String("here"));
}

}  // namespace podwright::sdk::testing
