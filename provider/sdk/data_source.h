// DataSource: what the author of a data source writes. The rules of Resource hold: called from several
// threads, may block, exceptions become diagnostics. A data source may also be a WithValidate.
#pragma once

#include <optional>
#include <string>

#include "provider/sdk/cancellation.h"
#include "provider/sdk/deferral.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/resource.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct ReadDataRequest {
  Value config{};
  Value provider_meta{};  // what the module says of itself to the provider; null: nothing
  ClientCapabilities client{};
  CancellationToken cancellation{};
};

struct ReadDataResponse {
  Value state{};  // starts as the configuration
  std::optional<DeferredReason> deferred{};
  Diagnostics diagnostics{};
};

class DataSource {
 public:
  virtual ~DataSource() = default;
  virtual std::string TypeName() const = 0;
  virtual Schema GetSchema() const = 0;  // called once
  virtual void Read(const ReadDataRequest& request, ReadDataResponse& response) = 0;
};

}  // namespace podwright::sdk
