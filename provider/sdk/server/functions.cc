#include "provider/sdk/logic/function.h"

#include "provider/sdk/server/provider_service.h"
#include "provider/sdk/value/json_text.h"

namespace podwright::sdk::server {
namespace {

// Decodes the arguments; an error has the index of the one that is broken.
std::optional<FunctionError> Decode(const FunctionSignature& signature, const tfplugin6::CallFunction::Request& wire,
                                    std::vector<Value>& arguments) {
  for (const tfplugin6::DynamicValue& argument : wire.arguments()) {
    const FunctionParameter* parameter = signature.Parameter(arguments.size());
    if (parameter == nullptr) return FunctionError{.text = "The function was given too many arguments."};
    Result<Value> value = FromWire(argument, parameter->type);
    if (!value.ok()) {
      return FunctionError{.text = value.error().message(), .argument = static_cast<std::int64_t>(arguments.size())};
    }
    arguments.push_back(std::move(value).value());
  }
  return std::nullopt;
}

void ToWire(const FunctionError& error, tfplugin6::FunctionError& wire) {
  wire.set_text(ToUtf8(error.text));
  if (error.argument) wire.set_function_argument(*error.argument);
}

}  // namespace

grpc::Status ProviderService::GetFunctions(grpc::ServerContext*, const tfplugin6::GetFunctions::Request*,
                                           tfplugin6::GetFunctions::Response* response) {
  return Answer(response->mutable_diagnostics(), [&](const logic::Registry& registry, Diagnostics&) -> Status {
    for (const auto& [name, entry] : registry.functions()) {
      server::ToWire(entry.signature, (*response->mutable_functions())[name]);
    }
    return Ok();
  });
}

grpc::Status ProviderService::CallFunction(grpc::ServerContext*, const tfplugin6::CallFunction::Request* request,
                                           tfplugin6::CallFunction::Response* response) {
  WireDiagnostics faults;  // the response has no diagnostics: the first of them is the function's error
  Answer(&faults, [&](const logic::Registry& registry, Diagnostics&) -> Status {
    PW_ASSIGN(const logic::FunctionEntry* entry, registry.FindFunction(request->name()));
    CallRequest own{.cancellation = Token()};
    if (const auto error = Decode(entry->signature, *request, own.arguments)) {
      ToWire(*error, *response->mutable_error());
      return Ok();
    }
    const CallResponse answer = logic::CallFunction(*entry, own);
    if (answer.error) {
      ToWire(*answer.error, *response->mutable_error());
      return Ok();
    }
    return server::ToWire(answer.result, entry->signature.return_type, *response->mutable_result());
  });
  if (!faults.empty()) {
    response->clear_result();
    response->mutable_error()->set_text(faults[0].summary() + ": " + faults[0].detail());
  }
  return grpc::Status::OK;
}

}  // namespace podwright::sdk::server
