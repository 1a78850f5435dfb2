#include "provider/sdk/plan_modifiers.h"

#include <algorithm>
#include <utility>

namespace podwright::sdk::plan_modifiers {
namespace {

// Nothing is configured, and nothing is known yet.
bool Open(const PlanModifierRequest& request) {
  return request.config.is_null() && request.plan.is_unknown();
}

bool SameAt(const Value& a, const Value& b, const AttributePath& path) {
  const Value* left = a.At(path);
  const Value* right = b.At(path);
  const Value null;
  const Value& before = left == nullptr ? null : *left;
  const Value& after = right == nullptr ? null : *right;
  return before.IsWhollyKnown() && after.IsWhollyKnown() && before == after;
}

}  // namespace

PlanModifier KeepUnlessChanged(std::vector<AttributePath> paths) {
  return [paths = std::move(paths)](const PlanModifierRequest& request, PlanModifierResponse& response) {
    if (!Open(request) || !request.state.has_value()) return;
    const bool same = std::all_of(paths.begin(), paths.end(), [&](const AttributePath& path) {
      return SameAt(request.parent_state, request.parent_plan, path);
    });
    if (same) response.plan = request.state;
  };
}

PlanModifier ComputedFrom(std::function<Value(const Value& planned)> function) {
  return [function = std::move(function)](const PlanModifierRequest& request, PlanModifierResponse& response) {
    if (request.config.is_null()) response.plan = function(request.parent_plan);
  };
}

PlanModifier RefineUnknown(Refinement refinement) {
  return [refinement = std::move(refinement)](const PlanModifierRequest& request, PlanModifierResponse& response) {
    if (Open(request)) response.plan = Value::Unknown(refinement);
  };
}

PlanModifier RequiresReplaceIf(std::function<bool(const PlanModifierRequest& request)> condition) {
  return [condition = std::move(condition)](const PlanModifierRequest& request, PlanModifierResponse& response) {
    if (request.create || request.parent_state.is_null() || request.plan == request.state) return;
    if (condition(request)) response.requires_replace = true;
  };
}

PlanModifier RequiresReplaceIfConfigured() {
  return RequiresReplaceIf([](const PlanModifierRequest& request) { return !request.config.is_null(); });
}

}  // namespace podwright::sdk::plan_modifiers
