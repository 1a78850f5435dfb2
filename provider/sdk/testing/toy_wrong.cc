#include "provider/sdk/testing/toy_wrong.h"

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace podwright::sdk::testing {
namespace {

const AttributePath kPassword = AttributePath("users").Key("a").Attribute("password_wo");

// Breaks what a plan, a result, a read and an import may break alike.
void BreakState(const std::string& fault, const std::string& prefix, Value& state) {
  if (fault == prefix + "value") state.SetField("value", Value::String("other"));
  if (fault == prefix + "absent") state.SetField("absent", Value::String("here"));
  if (fault == prefix + "unknown") state.SetField("made", Value::Unknown());
  if (fault == prefix + "type") state.SetField("made", Value::List({}));
  if (fault == prefix + "nothing") state = Value::Null();
  if (fault == prefix + "block") state.SetField("part", Value::List({}));
  if (fault == prefix + "write-only") state.SetField("secret_wo", Value::String("leak"));
  if (fault == prefix + "write-only-nested") state.SetAt(kPassword, Value::String("leak"));
  if (fault == prefix + "throw") throw std::runtime_error("the toy is broken");
}

std::string FaultOf(const Value& object) {
  return object.Get("fault").StringOr("");
}

}  // namespace

Schema ToyWrong::GetSchema() const {
  Schema schema;
  schema.description = "Breaks the rule that `fault` names.";
  schema.attributes = {
      {.name = "fault", .type = Type::String(), .required = true},
      {.name = "value", .type = Type::String(), .optional = true},
      {.name = "absent", .type = Type::String(), .optional = true},
      {.name = "items", .type = Type::List(Type::String()), .optional = true},
      {.name = "made", .type = Type::String(), .computed = true},
      {.name = "secret_wo", .type = Type::String(), .optional = true, .write_only = true},
      {.name = "users",
       .nesting = Nesting::kMap,
       .attributes = {{.name = "role", .type = Type::String(), .optional = true},
                      {.name = "password_wo", .type = Type::String(), .optional = true, .write_only = true}},
       .optional = true},
      {.name = "part",
       .nesting = Nesting::kList,
       .attributes = {{.name = "name", .type = Type::String(), .optional = true}},
       .block = true},
  };
  return schema;
}

void ToyWrong::Create(const CreateRequest& request, CreateResponse& response) {
  const std::string fault = FaultOf(request.config);
  response.state = request.plan;
  response.state.SetField("made", Value::String("made"));
  BreakState(fault, "apply-", response.state);
  if (fault == "apply-element") response.state.SetField("items", Value::List({Value::String("a"), Value::String("b")}));
  if (fault == "apply-promise") response.state.SetField("made", Value::String("mine"));
  if (fault == "apply-vanish") response.state.SetField("items", Value::List({}));
}

void ToyWrong::Read(const ReadRequest& request, ReadResponse& response) {
  BreakState(FaultOf(request.state), "read-", response.state);
}

void ToyWrong::Update(const UpdateRequest& request, UpdateResponse& response) {
  response.state = request.plan;
  response.state.SetField("made", Value::String("made"));
  BreakState(FaultOf(request.config), "update-", response.state);
}

void ToyWrong::Delete(const DeleteRequest& request, DeleteResponse& response) {
  if (FaultOf(request.state) == "delete-keeps") response.state = request.state;
}

void ToyWrong::ModifyPlan(const ModifyPlanRequest& request, ModifyPlanResponse& response) {
  const std::string fault = FaultOf(request.config.is_null() ? request.state : request.config);
  if (request.plan.is_null()) {
    if (fault == "plan-destroy") response.plan = request.state;
    return;
  }
  BreakState(fault, "plan-", response.plan);
  if (fault == "plan-count") response.plan.SetField("users", Value::Map({}));
  if (fault == "plan-key") response.plan.SetField("users", Value::Map({{"b", request.plan.Get("users").Get("a")}}));
  if (fault == "plan-path") response.requires_replace.push_back(AttributePath("nowhere").Attribute("x"));
  if (fault == "plan-replace-same") response.requires_replace.push_back("value");
  if (fault == "plan-twice") {
    static std::atomic<int> calls{0};
    response.plan.SetField("made", Value::String("call " + std::to_string(++calls)));
  }
  if (fault == "plan-final") {
    response.plan.SetField("made", Value::String(request.config.Get("value").is_unknown() ? "early" : "late"));
  }
  if (fault == "apply-promise") response.plan.SetField("made", Value::Unknown({.prefix = "his"}));
}

void ToyWrong::Import(const ImportRequest& request, ImportResponse& response) {
  response.state = Value::Object({{"fault", Value::String("none")},
                                  {"made", Value::String("made")},
                                  {"users", Value::Map({{"a", Value::Object({{"role", Value::Null()}})}})}});
  BreakState(request.id, "", response.state);
}

Schema ToyWrongData::GetSchema() const {
  Schema schema;
  schema.description = "Breaks the rule that `fault` names.";
  schema.attributes = {{.name = "fault", .type = Type::String(), .required = true},
                       {.name = "made", .type = Type::String(), .computed = true}};
  schema.timeouts = Timeouts{.read = std::chrono::minutes(5)};
  return schema;
}

void ToyWrongData::Read(const ReadDataRequest& request, ReadDataResponse& response) {
  const std::string fault = FaultOf(request.config);
  response.state.SetField("made", Value::String("made"));
  BreakState(fault, "", response.state);
  if (fault != "slow" || !request.cancellation.WaitFor(std::chrono::minutes(2))) return;
  const bool timeout = request.cancellation.reason() == CancelReason::kTimeout;
  response.diagnostics.AddError("Interrupted", timeout ? "The wait was cancelled: its time was over."
                                                       : "The wait was cancelled: the host asked to stop.");
}

}  // namespace podwright::sdk::testing
