#include "provider/sdk/testing/toy_functions.h"

#include <atomic>
#include <functional>
#include <stdexcept>
#include <utility>

#include "provider/sdk/testing/toy_file.h"

namespace podwright::sdk::testing {
namespace {

using Body = std::function<void(const CallRequest& request, CallResponse& response)>;

class ToyFunction final : public Function {
 public:
  ToyFunction(std::string name, FunctionSignature signature, Body body)
      : name_(std::move(name)), signature_(std::move(signature)), body_(std::move(body)) {}
  std::string Name() const override { return name_; }
  FunctionSignature GetSignature() const override { return signature_; }
  void Call(const CallRequest& request, CallResponse& response) const override { body_(request, response); }

 private:
  std::string name_;
  FunctionSignature signature_;
  Body body_;
};

void Join(const CallRequest& request, CallResponse& response) {
  std::string text;
  for (std::size_t i = 1; i < request.arguments.size(); ++i) {
    const std::string part = request.Argument(i).StringOr("");
    if (part.empty()) return response.SetArgumentError(static_cast<std::int64_t>(i), "A part must not be empty.");
    text += (i == 1 ? "" : request.Argument(0).StringOr("")) + part;
  }
  response.result = Value::String(std::move(text));
}

void Seconds(const CallRequest& request, CallResponse& response) {
  const std::int64_t seconds = ToySeconds(request.Argument(0).StringOr(""));
  if (seconds < 0) return response.SetArgumentError(0, "Not a duration: write it as 90s or 2m.");
  response.result = Value::Int(seconds);
}

void First(const CallRequest& request, CallResponse& response) {
  for (const Value& argument : request.arguments) {
    response.result = argument;
    if (!argument.is_null()) return;
  }
}

void Echo(const CallRequest& request, CallResponse& response) {
  response.result = request.Argument(0);
}

void Describe(const CallRequest& request, CallResponse& response) {
  const Value& object = request.Argument(0);
  if (object.Get("name").StringOr("").empty()) return response.SetError("There is nothing to describe.");
  response.result = Value::Map(
      {{"name", object.Get("name")}, {"size", Value::String(object.Get("size").is_null() ? "none" : "some")}});
}

void Wrong(const CallRequest& request, CallResponse& response) {
  static std::atomic<std::int64_t> calls = 0;
  const std::string fault = request.Argument(0).StringOr("");
  if (fault == "throw") throw std::runtime_error("the toy is broken");
  response.result = Value::String("right");
  if (fault == "type") response.result = Value::List({});
  if (fault == "unknown") response.result = Value::Unknown();
  if (fault == "random") response.result = Value::Int(++calls);
}

}  // namespace

std::vector<std::unique_ptr<Function>> ToyFunctions() {
  std::vector<std::unique_ptr<Function>> functions;
  const auto add = [&](const char* name, FunctionSignature signature, Body body) {
    functions.push_back(std::make_unique<ToyFunction>(name, std::move(signature), std::move(body)));
  };
  const FunctionParameter text{.name = "text", .type = Type::String(), .description = "Some text."};
  add("join",
      {.parameters = {{.name = "separator", .type = Type::String()}},
       .variadic = FunctionParameter{.name = "parts", .type = Type::String()},
       .return_type = Type::String(),
       .summary = "Joins texts.",
       .description = "Joins `parts` with `separator` between them."},
      Join);
  add("seconds", {.parameters = {text}, .return_type = Type::Number(), .deprecation = "Count yourself."}, Seconds);
  add("first",
      {.variadic =
           FunctionParameter{.name = "values", .type = Type::String(), .allow_null = true, .allow_unknown = true},
       .return_type = Type::String()},
      First);
  add("echo", {.parameters = {{.name = "any", .allow_null = true}}}, Echo);
  add("describe",
      {.parameters = {{.name = "object",
                       .type = Type::Object({{"name", Type::String()}, {"size", Type::Number()}}, {"size"})}},
       .return_type = Type::Map(Type::String())},
      Describe);
  add("wrong", {.parameters = {text}, .return_type = Type::String()}, Wrong);
  return functions;
}

}  // namespace podwright::sdk::testing
