#include "reconciler/control/run_index.h"

#include "reconciler/control/run_builder.h"

namespace podwright::control {
namespace {

const std::vector<std::size_t> kNowhere;

const std::size_t* Find(const std::unordered_map<std::string, std::size_t>& map, const std::string& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

void RunIndex::Follow(const RunId& id, const RunRow& row) {
  // Records change their state, never their action; new ones come behind.
  for (; actions_ < row.actions.size(); ++actions_) {
    const v1::Action& action = row.actions[actions_].action();
    by_id_[action.id()] = actions_;
    by_base_id_[BaseId(action.id())] = actions_;
    by_object_[IdOf(id.workspace, action.object())].push_back(actions_);
    if (!action.batch().name().empty()) by_batch_[action.batch().name()].push_back(actions_);
  }
  for (; parts_ < row.parts.size(); ++parts_) by_part_[IdOf(id.workspace, row.parts[parts_].object())] = parts_;
}

const std::size_t* RunIndex::ById(const std::string& action_id) const {
  return Find(by_id_, action_id);
}

const std::size_t* RunIndex::ByBaseId(const std::string& base_id) const {
  return Find(by_base_id_, base_id);
}

const std::vector<std::size_t>& RunIndex::ActionsOf(const ObjectId& object) const {
  const auto it = by_object_.find(object);
  return it == by_object_.end() ? kNowhere : it->second;
}

const std::vector<std::size_t>& RunIndex::ActionsOfBatch(const std::string& batch) const {
  const auto it = by_batch_.find(batch);
  return it == by_batch_.end() ? kNowhere : it->second;
}

const std::size_t* RunIndex::PartOf(const ObjectId& object) const {
  const auto it = by_part_.find(object);
  return it == by_part_.end() ? nullptr : &it->second;
}

}  // namespace podwright::control
