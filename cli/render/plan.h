// A plan for people: what will be done, where, in which order, and what it disturbs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "podwright/v1/plan.pb.h"

namespace podwright::cli {

class Terminal;

struct PlanSummary {
  int actions = 0;
  int servers = 0;
  int errors = 0;  // slices that the planner refused
  v1::Disruption worst = v1::DISRUPTION_NONE;
  std::int64_t downtime_ms = 0;  // the sum over the actions
};
PlanSummary Summarize(const v1::Plan& plan);

// '-' takes something away, '!' disturbs what runs (a restart or worse), '+' brings something that was not
// there (its compensation would take it away again), '~' changes.
char ActionSign(const v1::Action& action);

// The actions in the plan's order; an action that the order does not name comes at the end.
std::vector<const v1::Action*> OrderedActions(const v1::Plan& plan);

// One line an action, then errors and notes, then the headline and the digest.
std::string RenderPlan(const v1::Plan& plan, const Terminal& terminal);

// "restart, about 2 s", "" for an action that disturbs nothing.
std::string DisruptionText(v1::Disruption disruption, std::int64_t downtime_ms);

}  // namespace podwright::cli
