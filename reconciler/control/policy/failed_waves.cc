#include "reconciler/control/policy/failed_waves.h"

#include "reconciler/control/policy/waves.h"

namespace podwright::control {

bool HeldByFailedWave(Core& core, const Policy& policy, const ObjectId& object) {
  const ObjectRow* row = core.tables.Find(object);
  if (policy.waves.empty() || row == nullptr) return false;
  if (core.tables.StateOf(object).ready_generation() == row->object.generation()) return false;
  const std::uint32_t own = WaveOf(policy, row->object.labels());
  if (own <= 1) return false;
  const auto& objects = core.tables.objects;
  for (auto at = objects.lower_bound({object.workspace, "", ""}); at != objects.end(); ++at) {
    const auto& [id, other] = *at;
    if (id.workspace != object.workspace) break;
    if (other.object.owner() != row->object.owner() || core.tables.StateOf(id).stalled_reason().empty()) continue;
    const std::uint32_t wave = WaveOf(policy, other.object.labels());
    if (wave != 0 && wave < own) return true;
  }
  return false;
}

}  // namespace podwright::control
