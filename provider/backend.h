// What the provider asks of the control plane: a seam over podwright::client, so that resources are tested
// without a network.
//
// Threading: all methods may be called from several threads; they block until answered or cancelled.
#pragma once

#include <functional>
#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/object.pb.h"
#include "podwright/v1/run.pb.h"
#include "provider/sdk/cancellation.h"

namespace podwright::provider {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Result<v1::ApplyResponse> Apply(const v1::ApplyRequest& request,
                                          const sdk::CancellationToken& cancellation) = 0;
  virtual Result<v1::ObjectView> Get(const v1::GetRequest& request, const sdk::CancellationToken& cancellation) = 0;
  // Until the run has ended; `progress` sees every change. Cancelled: ErrorCode::kCancelled, and the run goes on.
  virtual Result<v1::Run> AwaitRun(const std::string& workspace, const std::string& run,
                                   const std::function<void(const v1::Run&)>& progress,
                                   const sdk::CancellationToken& cancellation) = 0;
};

// What every resource needs; made by Configure.
struct Session {
  Backend* backend = nullptr;  // null while the provider's configuration is not wholly known
  std::string owner;           // "tofu:<stack>"
  std::string workspace;
  bool bind_plans = false;
};

}  // namespace podwright::provider
