#include "provider/sdk/logic/function.h"

#include <algorithm>
#include <string>
#include <utility>

#include "provider/sdk/diagnostics.h"
#include "provider/sdk/logic/checks.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk::logic {
namespace {

constexpr char kBug[] = " This is a bug of the provider; please report it.";

CallResponse Failed(std::string text) {
  CallResponse response;
  response.SetError(std::move(text));
  return response;
}

// What is decided without the function; nothing where it must be called.
std::optional<CallResponse> WithoutCalling(const FunctionSignature& signature, const std::vector<Value>& arguments) {
  if (arguments.size() < signature.parameters.size()) {
    return Failed("The function needs " + std::to_string(signature.parameters.size()) + " arguments and was given " +
                  std::to_string(arguments.size()) + ".");
  }
  bool unknown = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const FunctionParameter* parameter = signature.Parameter(i);
    CallResponse refused;
    if (parameter == nullptr) {
      return Failed("The function takes no more than " + std::to_string(signature.parameters.size()) + " arguments.");
    }
    if (arguments[i].is_null() && !parameter->allow_null) {
      refused.SetArgumentError(static_cast<std::int64_t>(i), "Argument \"" + parameter->name + "\" must not be null.");
      return refused;
    }
    unknown = unknown || (!parameter->allow_unknown && !arguments[i].IsWhollyKnown());
  }
  if (!unknown) return std::nullopt;
  return CallResponse{.result = Value::Unknown()};
}

CallResponse CallAuthor(const FunctionEntry& entry, const CallRequest& request) {
  CallResponse response;
  Diagnostics thrown;
  Guarded(thrown, [&] { entry.function->Call(request, response); });
  if (thrown.HasError()) return Failed(thrown.items().front().detail);
  if (response.error) return response;
  Result<Value> fitted =
      Conform(response.result, entry.signature.return_type, ExtraAttributes::kRefuse, MissingAttributes::kNull);
  if (!fitted.ok()) return Failed("The function's result is not of its type: " + fitted.error().message() + "." + kBug);
  response.result = std::move(fitted).value();
  return response;
}

bool Same(const CallResponse& a, const CallResponse& b) {
  if (a.error.has_value() != b.error.has_value()) return false;
  return a.error ? a.error->text == b.error->text && a.error->argument == b.error->argument : a.result == b.result;
}

}  // namespace

CallResponse CallFunction(const FunctionEntry& entry, const CallRequest& request) {
  if (std::optional<CallResponse> decided = WithoutCalling(entry.signature, request.arguments)) return *decided;
  CallResponse response = CallAuthor(entry, request);
  if (response.error && response.error->argument &&
      (*response.error->argument < 0 ||
       *response.error->argument >= static_cast<std::int64_t>(request.arguments.size()))) {
    response.error->argument.reset();  // hosts index their arguments with it
  }
  if (!ChecksEnabled() || response.error) return response;
  const bool all_known = std::all_of(request.arguments.begin(), request.arguments.end(),
                                     [](const Value& argument) { return argument.IsWhollyKnown(); });
  if (all_known && !response.result.IsWhollyKnown()) {
    return Failed(std::string("The function's result is unknown though its arguments are known.") + kBug);
  }
  if (!Same(response, CallAuthor(entry, request))) {
    return Failed(std::string("The function gave two results for the same arguments.") + kBug);
  }
  return response;
}

}  // namespace podwright::sdk::logic
