// Which wave of the policy each object of a plan belongs to. Pure.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "podwright/v1/approval.pb.h"
#include "podwright/v1/plan.pb.h"
#include "reconciler/control/policy/policy.h"

namespace podwright::control {

// The first wave whose selector matches, from 1; 0: none.
std::uint32_t WaveOf(const Policy& policy, const Labels& labels);

// From 1; what is in no wave is not in the map. `actions` in a topological order. An object goes with the earliest wave
// of those that depend on it, or waves would wait for each other.
std::map<ObjectId, std::uint32_t> AssignWaves(const Policy& policy, const std::string& workspace,
                                              const std::set<ObjectId>& objects,
                                              const std::vector<const v1::Action*>& actions,
                                              const std::function<Labels(const ObjectId&)>& labels_of);

// The waves that have objects, in their order.
std::vector<v1::Wave> DescribeWaves(const Policy& policy, const std::map<ObjectId, std::uint32_t>& waves);

}  // namespace podwright::control
