// How an instance differs from what was confirmed, for people; sorted. Pure.
#pragma once

#include <string>
#include <vector>

#include "podwright/v1/agent_state.pb.h"
#include "podwright/v1/kinds/database.pb.h"

namespace podwright::drivers::database {

std::vector<std::string> DriftOf(const v1::ObjectState& state, const v1::kinds::DatabaseKept& kept,
                                 const v1::kinds::DatabaseObserved& observed);

}  // namespace podwright::drivers::database
