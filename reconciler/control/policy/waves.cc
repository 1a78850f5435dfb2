#include "reconciler/control/policy/waves.h"

#include <limits>

namespace podwright::control {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::uint32_t WaveOf(const Policy& policy, const Labels& labels) {
  for (std::size_t i = 0; i < policy.waves.size(); ++i) {
    if (policy.waves[i].selector.Matches(labels)) return static_cast<std::uint32_t>(i + 1);
  }
  return 0;
}

std::map<ObjectId, std::uint32_t> AssignWaves(const Policy& policy, const std::string& workspace,
                                              const std::set<ObjectId>& objects,
                                              const std::vector<const v1::Action*>& actions,
                                              const std::function<Labels(const ObjectId&)>& labels_of) {
  std::map<ObjectId, std::uint32_t> own;
  if (policy.waves.empty()) return own;
  for (const ObjectId& object : objects) {
    const std::uint32_t wave = WaveOf(policy, labels_of(object));
    own[object] = wave == 0 ? kNone : wave;
  }
  std::map<std::string, ObjectId> object_of;
  for (const v1::Action* action : actions) object_of[action->id()] = IdOf(workspace, action->object());
  std::map<ObjectId, std::uint32_t> needed = own;  // by itself, or by what depends on it
  bool changed = true;
  while (changed) {
    changed = false;
    for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
      const auto dependant = needed.find(IdOf(workspace, (*action)->object()));
      if (dependant == needed.end()) continue;
      for (const std::string& id : (*action)->depends_on()) {
        const auto object = object_of.find(id);
        const auto before = object == object_of.end() ? needed.end() : needed.find(object->second);
        if (before == needed.end() || before->second <= dependant->second) continue;
        before->second = dependant->second;
        changed = true;
      }
    }
  }
  std::map<ObjectId, std::uint32_t> out;
  for (const auto& [object, wave] : own) {
    if (wave != kNone) out[object] = needed.at(object);
  }
  return out;
}

std::vector<v1::Wave> DescribeWaves(const Policy& policy, const std::map<ObjectId, std::uint32_t>& waves) {
  std::map<std::uint32_t, v1::Wave> by_number;
  for (const auto& [object, number] : waves) {
    v1::Wave& wave = by_number[number];
    wave.set_number(number);
    wave.set_selector(policy.waves[number - 1].text);
    *wave.add_objects() = RefOf(object);
  }
  std::vector<v1::Wave> out;
  for (auto& [number, wave] : by_number) out.push_back(std::move(wave));
  return out;
}

}  // namespace podwright::control
