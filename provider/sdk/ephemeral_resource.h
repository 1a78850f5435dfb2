// EphemeralResource: what the author of an ephemeral resource writes: something that is there for one run
// only and is kept nowhere, such as a short-lived credential. The rules of Resource hold: called from several
// threads, may block, exceptions become diagnostics. It may also be a WithValidate, WithRenew and WithClose.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "provider/sdk/cancellation.h"
#include "provider/sdk/deferral.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/resource.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct OpenRequest {
  Value config{};  // wholly known
  ClientCapabilities client{};
  CancellationToken cancellation{};
};

struct OpenResponse {
  // Starts as the configuration. Configured values must stay, computed ones must become known.
  Value result{};
  // Handed to Renew and Close; kept in the client's memory only.
  std::string private_state{};
  // When it must be renewed to stay valid; needs WithRenew. The host calls about a minute earlier.
  std::optional<std::chrono::system_clock::time_point> renew_at{};
  std::optional<DeferredReason> deferred{};
  // After an error there is no Close: release before it what was opened.
  Diagnostics diagnostics{};
};

class EphemeralResource {
 public:
  virtual ~EphemeralResource() = default;
  virtual std::string TypeName() const = 0;  // with the provider's prefix
  virtual Schema GetSchema() const = 0;      // called once; no write-only attributes, no version
  virtual void Open(const OpenRequest& request, OpenResponse& response) = 0;
};

struct RenewRequest {
  std::string private_state{};
  CancellationToken cancellation{};
};

struct RenewResponse {
  std::string private_state{};  // starts as the request's
  // None: no further renewal.
  std::optional<std::chrono::system_clock::time_point> renew_at{};
  Diagnostics diagnostics{};
};

class WithRenew {
 public:
  virtual ~WithRenew() = default;
  virtual void Renew(const RenewRequest& request, RenewResponse& response) = 0;
};

struct CloseRequest {
  std::string private_state{};
  CancellationToken cancellation{};
};

struct CloseResponse {
  Diagnostics diagnostics{};
};

// Called for whatever was opened: by the host, or else (after an error, an interruption, the end of the host)
// by the SDK when the process ends; it then has about a second.
class WithClose {
 public:
  virtual ~WithClose() = default;
  virtual void Close(const CloseRequest& request, CloseResponse& response) = 0;
};

}  // namespace podwright::sdk
