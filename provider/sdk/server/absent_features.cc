// Lists, actions and state stores, which are newer than protocol 6.9: no provider made with this SDK has
// them, and no schema announces them. A client that asks nevertheless gets the answer of a provider without
// the feature: diagnostics that name what is not there.
#include "provider/sdk/server/provider_service.h"

namespace podwright::sdk::server {
namespace {

using tfplugin6::Diagnostic;

void SetMissing(Diagnostic& diagnostic, const std::string& what, const std::string& name) {
  diagnostic.set_severity(Diagnostic::ERROR);
  diagnostic.set_summary("This provider has no such " + what);
  diagnostic.set_detail("There is no " + what + " \"" + name + "\" in this provider.");
}

template <typename Response>
grpc::Status Missing(Response* response, const std::string& what, const std::string& name) {
  SetMissing(*response->add_diagnostics(), what, name);
  return grpc::Status::OK;
}

}  // namespace

// A unary RPC that answers "there is none".
#define PODWRIGHT_MISSING(rpc, message, what, name_field)                                             \
  grpc::Status ProviderService::rpc(grpc::ServerContext*, const tfplugin6::message::Request* request, \
                                    tfplugin6::message::Response* response) {                         \
    return Missing(response, what, request->name_field());                                            \
  }

PODWRIGHT_MISSING(GenerateResourceConfig, GenerateResourceConfig, "configuration generator", type_name)
PODWRIGHT_MISSING(ValidateListResourceConfig, ValidateListResourceConfig, "list resource", type_name)
PODWRIGHT_MISSING(PlanAction, PlanAction, "action", action_type)
PODWRIGHT_MISSING(ValidateActionConfig, ValidateActionConfig, "action", type_name)
PODWRIGHT_MISSING(ValidateStateStoreConfig, ValidateStateStore, "state store", type_name)
PODWRIGHT_MISSING(ConfigureStateStore, ConfigureStateStore, "state store", type_name)
PODWRIGHT_MISSING(LockState, LockState, "state store", type_name)
PODWRIGHT_MISSING(UnlockState, UnlockState, "state store", type_name)
PODWRIGHT_MISSING(GetStates, GetStates, "state store", type_name)
PODWRIGHT_MISSING(DeleteState, DeleteState, "state store", type_name)
#undef PODWRIGHT_MISSING

grpc::Status ProviderService::ListResource(grpc::ServerContext*, const tfplugin6::ListResource::Request* request,
                                           grpc::ServerWriter<tfplugin6::ListResource::Event>* writer) {
  tfplugin6::ListResource::Event event;
  SetMissing(*event.add_diagnostic(), "list resource", request->type_name());
  writer->Write(event);
  return grpc::Status::OK;
}

grpc::Status ProviderService::InvokeAction(grpc::ServerContext*, const tfplugin6::InvokeAction::Request* request,
                                           grpc::ServerWriter<tfplugin6::InvokeAction::Event>* writer) {
  tfplugin6::InvokeAction::Event event;
  SetMissing(*event.mutable_completed()->add_diagnostics(), "action", request->action_type());
  writer->Write(event);
  return grpc::Status::OK;
}

grpc::Status ProviderService::ReadStateBytes(grpc::ServerContext*, const tfplugin6::ReadStateBytes::Request* request,
                                             grpc::ServerWriter<tfplugin6::ReadStateBytes::Response>* writer) {
  tfplugin6::ReadStateBytes::Response response;
  SetMissing(*response.add_diagnostics(), "state store", request->type_name());
  writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status ProviderService::WriteStateBytes(grpc::ServerContext*,
                                              grpc::ServerReader<tfplugin6::WriteStateBytes::RequestChunk>* reader,
                                              tfplugin6::WriteStateBytes::Response* response) {
  std::string name;
  tfplugin6::WriteStateBytes::RequestChunk chunk;
  while (reader->Read(&chunk)) {
    if (chunk.has_meta()) name = chunk.meta().type_name();
  }
  return Missing(response, "state store", name);
}

}  // namespace podwright::sdk::server
