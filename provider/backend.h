// What the provider asks of the control plane: a seam over podwright::client, so that resources are tested
// without a network.
//
// Threading: all methods may be called from several threads; they block until answered or cancelled.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/object.pb.h"
#include "podwright/v1/run.pb.h"
#include "provider/declared_here.h"
#include "provider/sdk/cancellation.h"

namespace podwright::provider {

struct Call {
  Call() = default;
  Call(sdk::CancellationToken token) : cancellation(std::move(token)) {}  // NOLINT: the usual call has nothing else
  // Of a question that is asked after the user's interruption, or about a control plane that may be gone: an answer is
  // waited for so long and no longer, and where nobody listens for seconds.
  static Call AtMost(std::chrono::milliseconds timeout) {
    Call call;
    call.timeout = timeout;
    return call;
  }

  // In the middle of an apply a control plane that is away is tried again for as long as the provider's `retry_for`
  // says; before it, for seconds.
  static Call Patient(sdk::CancellationToken token) {
    Call call(std::move(token));
    call.patient = true;
    return call;
  }

  sdk::CancellationToken cancellation{};
  std::chrono::milliseconds timeout{0};  // 0: the client's own
  bool patient = false;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Result<v1::ApplyResponse> Apply(const v1::ApplyRequest& request, const Call& call) = 0;
  virtual Result<v1::ObjectView> Get(const v1::GetRequest& request, const Call& call) = 0;
  virtual Result<v1::ListResponse> List(const v1::ListRequest& request, const Call& call) = 0;
  // Audited by the control plane; the value stays in memory.
  virtual Result<v1::RevealedSecret> RevealSecret(const v1::RevealSecretRequest& request, const Call& call) = 0;
  // Until the run has ended; `progress` sees every change. Cancelled: ErrorCode::kCancelled, and the run goes on.
  virtual Result<v1::Run> AwaitRun(const std::string& workspace, const std::string& run,
                                   const std::function<void(const v1::Run&)>& progress, const Call& call) = 0;
};

// What every resource needs; made by Configure.
struct Session {
  Backend* backend = nullptr;  // null while the provider's configuration is not wholly known
  std::string unknown;         // then: what is not known, "`endpoint`, `token`"
  std::string owner;           // "tofu:<stack>"
  std::string workspace;
  std::map<std::string, std::string> default_labels;
  bool bind_plans = false;
  mutable DeclaredHere declared_here;  // by resources, which else only read the session
};

}  // namespace podwright::provider
