// ProviderService: tfplugin6.Provider over an author's Provider.
//
// Every method answers with diagnostics, never with a gRPC status, and lets no exception out. gRPC calls
// them on threads of its own, several at once. One file an RPC (or a family); the logic, which sees only
// the SDK's types, is in provider/sdk/logic.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "provider/sdk/logic/open_ephemerals.h"
#include "provider/sdk/logic/registry.h"
#include "provider/sdk/server/translate.h"
#include "tfplugin/tfplugin6.grpc.pb.h"

namespace podwright::sdk::server {

class ProviderService final : public tfplugin6::Provider::Service {
 public:
  // `provider` outlives the service.
  explicit ProviderService(Provider& provider) : provider_(provider) {}

  // Makes every waiting operation see its cancellation token.
  void Cancel();
  // Closes the ephemeral resources that the host has left open. Call it when no call is under way.
  void CloseEphemerals() { open_ephemerals_.CloseAll(); }

// The signature of a unary RPC, the same for all.
#define PODWRIGHT_RPC(name, message)                                                          \
  grpc::Status name(grpc::ServerContext* context, const tfplugin6::message::Request* request, \
                    tfplugin6::message::Response* response) override;

  PODWRIGHT_RPC(GetMetadata, ProviderMetadata)
  PODWRIGHT_RPC(GetProviderSchema, GetProviderSchema)
  PODWRIGHT_RPC(ValidateProviderConfig, ValidateProviderConfig)
  PODWRIGHT_RPC(ConfigureProvider, ConfigureProvider)
  PODWRIGHT_RPC(StopProvider, StopProvider)
  PODWRIGHT_RPC(ValidateResourceConfig, ValidateResourceConfig)
  PODWRIGHT_RPC(UpgradeResourceState, UpgradeResourceState)
  PODWRIGHT_RPC(ReadResource, ReadResource)
  PODWRIGHT_RPC(PlanResourceChange, PlanResourceChange)
  PODWRIGHT_RPC(ApplyResourceChange, ApplyResourceChange)
  PODWRIGHT_RPC(ImportResourceState, ImportResourceState)
  PODWRIGHT_RPC(MoveResourceState, MoveResourceState)
  PODWRIGHT_RPC(GetResourceIdentitySchemas, GetResourceIdentitySchemas)
  PODWRIGHT_RPC(UpgradeResourceIdentity, UpgradeResourceIdentity)
  PODWRIGHT_RPC(ValidateDataResourceConfig, ValidateDataResourceConfig)
  PODWRIGHT_RPC(ReadDataSource, ReadDataSource)
  PODWRIGHT_RPC(ValidateEphemeralResourceConfig, ValidateEphemeralResourceConfig)
  PODWRIGHT_RPC(OpenEphemeralResource, OpenEphemeralResource)
  PODWRIGHT_RPC(RenewEphemeralResource, RenewEphemeralResource)
  PODWRIGHT_RPC(CloseEphemeralResource, CloseEphemeralResource)
  PODWRIGHT_RPC(GetFunctions, GetFunctions)
  PODWRIGHT_RPC(CallFunction, CallFunction)
  // What this provider has not: answered as a provider without the feature should.
  PODWRIGHT_RPC(GenerateResourceConfig, GenerateResourceConfig)
  PODWRIGHT_RPC(ValidateListResourceConfig, ValidateListResourceConfig)
  PODWRIGHT_RPC(PlanAction, PlanAction)
  PODWRIGHT_RPC(ValidateActionConfig, ValidateActionConfig)
  PODWRIGHT_RPC(ValidateStateStoreConfig, ValidateStateStore)
  PODWRIGHT_RPC(ConfigureStateStore, ConfigureStateStore)
  PODWRIGHT_RPC(LockState, LockState)
  PODWRIGHT_RPC(UnlockState, UnlockState)
  PODWRIGHT_RPC(GetStates, GetStates)
  PODWRIGHT_RPC(DeleteState, DeleteState)
#undef PODWRIGHT_RPC
  grpc::Status ListResource(grpc::ServerContext* context, const tfplugin6::ListResource::Request* request,
                            grpc::ServerWriter<tfplugin6::ListResource::Event>* writer) override;
  grpc::Status InvokeAction(grpc::ServerContext* context, const tfplugin6::InvokeAction::Request* request,
                            grpc::ServerWriter<tfplugin6::InvokeAction::Event>* writer) override;
  grpc::Status ReadStateBytes(grpc::ServerContext* context, const tfplugin6::ReadStateBytes::Request* request,
                              grpc::ServerWriter<tfplugin6::ReadStateBytes::Response>* writer) override;
  grpc::Status WriteStateBytes(grpc::ServerContext* context,
                               grpc::ServerReader<tfplugin6::WriteStateBytes::RequestChunk>* reader,
                               tfplugin6::WriteStateBytes::Response* response) override;

 private:
  using WireDiagnostics = google::protobuf::RepeatedPtrField<tfplugin6::Diagnostic>;

  // Runs an RPC's body with the registry; its errors, diagnostics and exceptions go into `wire`.
  grpc::Status Answer(WireDiagnostics* wire,
                      const std::function<Status(const logic::Registry& registry, Diagnostics& diagnostics)>& body);
  Result<const logic::Registry*> GetRegistry();
  CancellationToken Token();
  // Why the whole provider is put off, if it is.
  std::optional<DeferredReason> ProviderDeferral();

  Provider& provider_;
  logic::OpenEphemerals open_ephemerals_;
  std::mutex mutex_;
  CancellationSource cancellation_;            // protected by mutex_
  bool configured_ = false;                    // protected by mutex_
  std::optional<DeferredReason> deferred_;     // protected by mutex_
  std::unique_ptr<logic::Registry> registry_;  // protected by mutex_ until it is made, then constant
  std::optional<Error> registry_error_;        // protected by mutex_
};

}  // namespace podwright::sdk::server
