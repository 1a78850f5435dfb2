// The figures of /metrics, in Prometheus' text form.
#pragma once

#include <string>

namespace podwright {
namespace api {
class CallCounter;
class SessionManager;
}  // namespace api
namespace control {
class ControlPlane;
}
namespace sources {
class Sources;
}
}  // namespace podwright

namespace podwright::daemon {

// All must outlive the call. Threading: any thread.
struct MetricSources {
  const control::ControlPlane& control;
  const api::SessionManager& sessions;
  const api::CallCounter& calls;
  bool ready = false;
  const sources::Sources* sources = nullptr;  // null: there are none yet
};
std::string MetricsText(const MetricSources& sources);

}  // namespace podwright::daemon
