// Provider: what the author of a provider writes, and hands to Serve().
//
// Resources and data sources that need what Configure made (a client, say) share it with the provider object.
// Resources(), DataSources(), EphemeralResources() and Functions() are called once, before Configure. Configure is
// called before any Read, Plan or Apply, on any thread: once a run of the host, thus several times a process only
// when debugging.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "provider/sdk/cancellation.h"
#include "provider/sdk/data_source.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/ephemeral_resource.h"
#include "provider/sdk/function.h"
#include "provider/sdk/resource.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct ConfigureRequest {
  // May hold unknown values while planning: tolerate them, and fail only where a value is needed.
  Value config{};
  std::string terraform_version{};
  ClientCapabilities client{};
  CancellationToken cancellation{};
};

struct ConfigureResponse {
  // Puts everything off: nothing else of the provider is then asked. Where the client cannot wait
  // (client.deferral_allowed) it is an error; better tolerate there what is unknown.
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual Schema ProviderSchema() = 0;
  // What a module may say of itself in `terraform { provider_meta "NAME" { … } }`; without attributes: nothing.
  virtual Schema ProviderMetaSchema() { return {}; }
  // Checks of the provider's configuration that need no connection; values may be unknown.
  virtual void Validate(const ValidateRequest& request, Diagnostics& diagnostics) {
    static_cast<void>(request);
    static_cast<void>(diagnostics);
  }
  virtual void Configure(const ConfigureRequest& request, ConfigureResponse& response) = 0;
  virtual std::vector<std::unique_ptr<Resource>> Resources() = 0;
  virtual std::vector<std::unique_ptr<DataSource>> DataSources() { return {}; }
  virtual std::vector<std::unique_ptr<EphemeralResource>> EphemeralResources() { return {}; }
  virtual std::vector<std::unique_ptr<Function>> Functions() { return {}; }
};

}  // namespace podwright::sdk
