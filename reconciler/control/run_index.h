// Where things are in a run: made once for as many looks as the run has actions.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "reconciler/control/tables.h"

namespace podwright::control {

class RunIndex {
 public:
  // Up to date with the row; cheap where nothing was added since the last time.
  void Follow(const RunId& id, const RunRow& row);

  // The newest action with this id, or, of all rounds, with this id of the plan; nullptr: none.
  const std::size_t* ById(const std::string& action_id) const;
  const std::size_t* ByBaseId(const std::string& base_id) const;
  const std::vector<std::size_t>& ActionsOf(const ObjectId& object) const;
  const std::vector<std::size_t>& ActionsOfBatch(const std::string& batch) const;
  const std::size_t* PartOf(const ObjectId& object) const;

 private:
  std::size_t actions_ = 0;
  std::size_t parts_ = 0;
  std::unordered_map<std::string, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_base_id_;
  std::map<ObjectId, std::vector<std::size_t>> by_object_;
  std::map<std::string, std::vector<std::size_t>> by_batch_;
  std::map<ObjectId, std::size_t> by_part_;
};

}  // namespace podwright::control
