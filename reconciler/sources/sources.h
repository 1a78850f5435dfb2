// The Git sources of podwrightd: each is looked at when its time has come, when a webhook wakes it, when somebody asks,
// and when its document changes; what fails is tried again with backoff, each source by itself.
//
// Truth is in the store (the objects and the ledgers); mirrors are caches on the disk. Only one Sources may work on a
// store.
//
// Threading: all methods may be called from any thread. After Start threads of its own do the work; without Start
// nothing moves but by RunDue (tests).
// Errors: kNotFound: no such source; kInvalidArgument and kFailedPrecondition: what a person can set right. Who may do
// what is the caller's to check.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "podwright/v1/source.pb.h"
#include "reconciler/control/keys.h"
#include "reconciler/sources/step_times.h"
#include "reconciler/sources/webhook.h"

namespace podwright::kinds {
class Registry;
}
namespace podwright::store {
class Store;
}
namespace podwright::control {
class ControlPlane;
}
namespace podwright::git {
class Fetcher;
}

namespace podwright::sources {

// All must outlive the Sources.
struct Dependencies {
  store::Store& store;
  Clock& clock;
  Random& random;
  const kinds::Registry& kinds;
  control::ControlPlane& control;
  git::Fetcher& fetcher;
  std::filesystem::path mirrors;  // a folder of its own
  // See LookTools. Called without any lock; may wait for the network.
  std::function<void(const control::ObjectId& source)> ask_forge{};
};

struct Options {
  unsigned threads = 4;                    // sources that are looked at at the same time
  std::chrono::milliseconds refresh{500};  // how often the sources' documents are read
  std::chrono::milliseconds backoff_first{5'000};
  std::chrono::milliseconds backoff_most{300'000};
  std::chrono::milliseconds wake_gap{1'000};  // between looks that webhooks ask for
};

class Sources {
 public:
  explicit Sources(const Dependencies& dependencies, const Options& options = {});
  ~Sources();
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  void Start();
  // Looks that run are waited for.
  void Stop();
  // Every look that is due now, on the caller's thread; answers how many there were. Not after Start.
  int RunDue();
  // When the clock alone makes something due.
  std::optional<SteadyTime> NextDue();

  Result<v1::SourceView> Get(const std::string& workspace, const std::string& name);
  Result<v1::ListSourcesResponse> List(const std::string& workspace);
  Result<v1::SourceView> Sync(const std::string& workspace, const std::string& name);
  // The plan that PlanChanged tells of may be run after all. `digest`: its first digits, at least 8.
  Result<v1::SourceView> Accept(const std::string& actor, const std::string& workspace, const std::string& name,
                                const std::string& digest);
  Result<v1::SourceView> Suspend(const std::string& actor, const v1::SuspendSourceRequest& request);
  Result<v1::SourceView> Pin(const std::string& actor, const v1::PinSourceRequest& request);
  // Whether the source may take these over from another owner (reconciler/sources/taking.h); answers warnings.
  Result<std::vector<std::string>> CheckTaking(const std::string& workspace, const std::string& name,
                                               const std::vector<v1::ObjectRef>& objects);
  Result<v1::SourceView> Release(const std::string& workspace, const std::string& name);

  // How long the steps of all looks took.
  std::map<std::string, StepTime> Steps() const;

  // kUnauthenticated, whatever is wrong: an unknown source answers like a wrong signature.
  Status Webhook(const std::string& workspace, const std::string& name, const WebhookCall& call);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace podwright::sources
