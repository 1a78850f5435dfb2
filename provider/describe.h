// What a user of Terraform is told of plans. Threading: pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/approval.pb.h"
#include "podwright/v1/plan.pb.h"

namespace podwright::provider {

// "none", "reload", …, "data_loss".
std::string DisruptionName(v1::Disruption disruption);
v1::Disruption WorstDisruption(const v1::Plan& plan);

// One line a server and object that is disturbed: "server/web-1: restart on web-1, about 2 s". Terraform collapses
// warnings with the same summary, so each says what it is about.
std::vector<std::string> DisruptionWarnings(const v1::Plan& plan);

// What stands in the way of the plan as policy has it now: the limits that it passes with the command that approves it,
// and what waits for a window. "": nothing.
std::string PolicyText(const v1::PolicyVerdict& verdict);

// The ordered actions, a line each.
std::string ActionList(const v1::Plan& plan);

// What the plan was made from: the beginning of each fact's digest, "absent" where there was nothing.
std::map<std::string, std::string> FactsOf(const v1::Plan& plan);

std::string HexDigest(const std::string& bytes);
Result<std::string> DigestBytes(const std::string& hex);

}  // namespace podwright::provider
