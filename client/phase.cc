#include "client/phase.h"

namespace podwright::client {

std::string_view PhaseWord(v1::Phase phase) {
  switch (phase) {
    case v1::PHASE_PENDING: return "pending";
    case v1::PHASE_CONVERGING: return "converging";
    case v1::PHASE_READY: return "ready";
    case v1::PHASE_DEGRADED: return "degraded";
    case v1::PHASE_STALLED: return "stalled";
    case v1::PHASE_PAUSED: return "paused";
    case v1::PHASE_DELETING: return "deleting";
    default: return "unknown";
  }
}

}  // namespace podwright::client
