// CoreClient: plays core for the provider's own binary, over its socket, as the plugin protocol says. For what the tofu
// or terraform at hand is too old for, or would never send.
//
// Of one thread. The process ends with the object. What core would show its user is kept: said().
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "provider/sdk/logic/registry.h"
#include "provider/sdk/testing/plugin_process.h"

namespace podwright::provider::testing {

// What core keeps of an object.
struct Instance {
  sdk::Value state{};
  std::string private_state{};
  sdk::Value identity{};
};

class CoreClient {
 public:
  // Starts the binary; the end of this process where that fails.
  explicit CoreClient(const std::string& binary);
  ~CoreClient();

  void Configure(const sdk::Value& config, bool deferral_allowed = false);

  // `config` has what the user wrote, and no more. Without a prior it is a create.
  tfplugin6::PlanResourceChange::Response Plan(const std::string& type, const sdk::Value& config,
                                               const Instance& prior = {});
  Instance ApplyPlanned(const std::string& type, const sdk::Value& config, const Instance& prior,
                        const tfplugin6::PlanResourceChange::Response& planned);
  // Plans and applies. With an error: what core keeps then.
  Instance Apply(const std::string& type, const sdk::Value& config, const Instance& prior = {});
  // What core does with a tainted object: plans a create, destroys with what that plan left, plans again, creates.
  Instance ReplaceTainted(const std::string& type, const sdk::Value& config, const Instance& tainted);
  Instance Destroy(const std::string& type, const Instance& prior, const std::string& planned_private = "");
  Instance Read(const std::string& type, const Instance& prior);
  // By id, or by the identity where that is not null; with the read that always follows.
  Instance Import(const std::string& type, const std::string& id, const sdk::Value& identity = {});
  sdk::Value UpgradeIdentity(const std::string& type, std::int64_t version, const std::string& json);

  // A planned state.
  sdk::Value State(const std::string& type, const tfplugin6::DynamicValue& wire) const;
  sdk::Value Identity(const std::string& type, const tfplugin6::ResourceIdentityData& wire) const;
  void Validate(const std::string& type, const sdk::Value& config);
  void ReadData(const std::string& type);  // with an empty configuration
  void OpenEphemeral(const std::string& type, const sdk::Value& config);

  bool running() const { return process_->running(); }
  bool has_error() const { return has_error_; }
  // All diagnostics since Forget: "error: SUMMARY: DETAIL" or "warning: …", a line each.
  const std::string& said() const { return said_; }
  void Forget();
  // Of the last answer that may say so.
  const std::optional<tfplugin6::Deferred::Reason>& deferred() const { return deferred_; }

 private:
  void Note(const google::protobuf::RepeatedPtrField<tfplugin6::Diagnostic>& diagnostics);
  template <typename Request, typename Response>
  Response Call(grpc::Status (tfplugin6::Provider::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
                const Request& request);
  const sdk::logic::ResourceEntry& Entry(const std::string& type) const;

  std::unique_ptr<sdk::Provider> provider_;  // only for its schemas
  std::unique_ptr<sdk::logic::Registry> registry_;
  std::unique_ptr<sdk::testing::PluginProcess> process_;
  bool deferral_allowed_ = false;
  bool has_error_ = false;
  std::string said_;
  std::optional<tfplugin6::Deferred::Reason> deferred_;
};

}  // namespace podwright::provider::testing
