#include "provider/sdk/logic/plan.h"

#include <algorithm>
#include <utility>

#include "provider/sdk/logic/checks.h"
#include "provider/sdk/logic/deadline.h"
#include "provider/sdk/logic/deferral.h"
#include "provider/sdk/logic/made_up.h"
#include "provider/sdk/logic/normalize.h"
#include "provider/sdk/logic/returned.h"
#include "provider/sdk/logic/validate.h"
#include "provider/sdk/logic/wording.h"

namespace podwright::sdk::logic {
namespace {

bool Corresponds(const Attributes& attributes, const Value& config, const Value& planned);

// Whether a planned value is what this configured value becomes: all that is configured is the same.
bool ValueCorresponds(const Attribute& attribute, const Value& config, const Value& planned) {
  if (config.is_null() || config == planned) return true;
  if (attribute.nesting == Nesting::kNone || !config.has_value() || !planned.has_value()) return false;
  if (attribute.nesting == Nesting::kSingle || attribute.nesting == Nesting::kGroup) {
    return Corresponds(attribute.attributes, config, planned);
  }
  if (attribute.nesting == Nesting::kMap) {
    return config.fields().size() == planned.fields().size() &&
           std::all_of(config.fields().begin(), config.fields().end(), [&](const auto& field) {
             return planned.Has(field.first) &&
                    Corresponds(attribute.attributes, field.second, planned.Get(field.first));
           });
  }
  if (config.elements().size() != planned.elements().size()) return false;
  return std::all_of(planned.elements().begin(), planned.elements().end(), [&](const Value& element) {
    return std::any_of(config.elements().begin(), config.elements().end(),
                       [&](const Value& c) { return Corresponds(attribute.attributes, c, element); });
  });
}

bool Corresponds(const Attributes& attributes, const Value& config, const Value& planned) {
  return std::all_of(attributes.begin(), attributes.end(),
                     [&](const Attribute& a) { return ValueCorresponds(a, config.Get(a.name), planned.Get(a.name)); });
}

// The configured object that lies where `planned` does; the null value where there is none.
Value Counterpart(const Attribute& attribute, const Value& others, const AttributePath& inner, const Value& planned) {
  if (attribute.nesting == Nesting::kSet) {
    for (const Value& other : others.elements()) {
      if (Corresponds(attribute.attributes, other, planned)) return other;
    }
    return Value::Null();
  }
  const Value* other = others.At(inner);
  return other == nullptr ? Value::Null() : *other;
}

Value ApplyDefaults(const Attributes& attributes, const Value& config, const Value& planned) {
  if (!config.has_value() || !planned.has_value()) return planned;
  Value result = planned;
  for (const Attribute& attribute : attributes) {
    const Value& configured = config.Get(attribute.name);
    if (configured.is_null()) {
      if (attribute.default_value) result.SetField(attribute.name, *attribute.default_value);
      continue;
    }
    if (attribute.nesting == Nesting::kNone || !configured.has_value()) continue;
    result.SetField(
        attribute.name,
        MapNested(attribute, planned.Get(attribute.name), {}, [&](const Value& object, const AttributePath& inner) {
          return ApplyDefaults(attribute.attributes, Counterpart(attribute, configured, inner, object), object);
        }));
  }
  return result;
}

Value MarkUnknown(const Attributes& attributes, const Value& config, const Value& prior, const Value& planned) {
  if (!config.has_value() || !planned.has_value()) return planned;
  Value result = planned;
  for (const Attribute& attribute : attributes) {
    const Value& configured = config.Get(attribute.name);
    if (configured.is_null()) {
      if (!attribute.computed || attribute.default_value) continue;
      const Value& before = prior.Get(attribute.name);
      const bool keep = attribute.use_state_for_unknown && before.has_value();
      result.SetField(attribute.name, keep ? before : Value::Unknown());
      continue;
    }
    if (attribute.nesting == Nesting::kNone || !configured.has_value()) continue;
    const Value& before = prior.Get(attribute.name);
    result.SetField(
        attribute.name,
        MapNested(attribute, planned.Get(attribute.name), {}, [&](const Value& object, const AttributePath& inner) {
          const Value own = Counterpart(attribute, configured, inner, object);
          // A set's element has no place of its own; core has already put the prior values into it.
          const Value was = attribute.nesting == Nesting::kSet ? object : Counterpart(attribute, before, inner, object);
          return MarkUnknown(attribute.attributes, own, was, object);
        }));
  }
  return result;
}

bool HasModifiers(const Attributes& attributes) {
  return std::any_of(attributes.begin(), attributes.end(), [](const Attribute& attribute) {
    return !attribute.plan_modifiers.empty() || HasModifiers(attribute.attributes);
  });
}

// Runs the attributes' plan modifiers, from the outside in.
class Modifiers {
 public:
  Modifiers(bool create, std::vector<AttributePath>& replace, Diagnostics& diagnostics)
      : create_(create), replace_(replace), diagnostics_(diagnostics) {}

  Value Object(const Attributes& attributes, const Value& config, const Value& prior, const Value& planned,
               const AttributePath& path) {
    if (!planned.has_value()) return planned;
    Value result = planned;
    for (const Attribute& attribute : attributes) {
      if (attribute.plan_modifiers.empty() && !HasModifiers(attribute.attributes)) continue;
      const AttributePath place = path.Attribute(attribute.name);
      for (const PlanModifier& modifier : attribute.plan_modifiers) {
        Run(attribute, modifier, config, prior, place, result);
      }
      if (attribute.nesting == Nesting::kNone || !HasModifiers(attribute.attributes)) continue;
      const Value& configured = config.Get(attribute.name);
      const Value& before = prior.Get(attribute.name);
      result.SetField(
          attribute.name,
          MapNested(attribute, result.Get(attribute.name), {}, [&](const Value& object, const AttributePath& inner) {
            const bool set = attribute.nesting == Nesting::kSet;
            return Object(attribute.attributes, Counterpart(attribute, configured, inner, object),
                          set ? Value() : Counterpart(attribute, before, inner, object), object, place.Then(inner));
          }));
    }
    return result;
  }

 private:
  void Run(const Attribute& attribute, const PlanModifier& modifier, const Value& config, const Value& prior,
           const AttributePath& place, Value& object) {
    const PlanModifierRequest request{.path = place,
                                      .config = config.Get(attribute.name),
                                      .state = prior.Get(attribute.name),
                                      .plan = object.Get(attribute.name),
                                      .parent_config = config,
                                      .parent_state = prior,
                                      .parent_plan = object,
                                      .create = create_};
    PlanModifierResponse response{.plan = request.plan};
    modifier(request, response);
    diagnostics_.Append(response.diagnostics);
    if (response.requires_replace && !create_) replace_.push_back(place);
    object.SetField(attribute.name, std::move(response.plan));
  }

  bool create_;
  std::vector<AttributePath>& replace_;
  Diagnostics& diagnostics_;
};

// What the attributes that ask for a new object are in each of a set's elements, in order.
std::vector<Value> ReplacingParts(const Attribute& set, const Value& elements) {
  std::vector<Value> parts;
  for (const Value& element : elements.elements()) {
    Value::Elements part;
    for (const Attribute& attribute : set.attributes) {
      if (attribute.requires_replace) part.push_back(element.Get(attribute.name));
    }
    if (!part.empty()) parts.push_back(Value::Tuple(std::move(part)));
  }
  std::sort(parts.begin(), parts.end(), [](const Value& a, const Value& b) { return a.Compare(b) < 0; });
  return parts;
}

// Adds the paths of attributes that ask for a new object and differ.
void FindReplacements(const Attributes& attributes, const Value& prior, const Value& planned, const AttributePath& path,
                      std::vector<AttributePath>& found) {
  for (const Attribute& attribute : attributes) {
    const Value& before = prior.Get(attribute.name);
    const Value& after = planned.Get(attribute.name);
    if (before == after) continue;
    const AttributePath place = path.Attribute(attribute.name);
    if (attribute.requires_replace) {
      found.push_back(place);
      continue;
    }
    if (!before.has_value() || !after.has_value()) continue;
    switch (attribute.nesting) {
      case Nesting::kSingle:
      case Nesting::kGroup: FindReplacements(attribute.attributes, before, after, place, found); break;
      case Nesting::kList:
        for (std::size_t i = 0; i < std::min(before.elements().size(), after.elements().size()); ++i) {
          FindReplacements(attribute.attributes, before.elements()[i], after.elements()[i],
                           place.Index(static_cast<std::int64_t>(i)), found);
        }
        break;
      case Nesting::kMap:
        for (const auto& [key, element] : after.fields()) {
          if (before.Has(key)) FindReplacements(attribute.attributes, before.Get(key), element, place.Key(key), found);
        }
        break;
      case Nesting::kSet:
        // An element has no place of its own: the set is what has changed. One more or less is not a change of one.
        if (before.elements().size() == after.elements().size() &&
            ReplacingParts(attribute, before) != ReplacingParts(attribute, after)) {
          found.push_back(place);
        }
        break;
      case Nesting::kNone: break;
    }
  }
}

// The SDK's own planning, the attributes' modifiers included.
Value DefaultPlan(const ResourceEntry& entry, const PlanInput& input, PlanOutput& output) {
  const Attributes& attributes = entry.schema.attributes;
  Value planned = ApplyDefaults(attributes, input.config, Returnable(attributes, input.proposed));
  planned = KeepSpelling(attributes, entry.semantic_equality, input.prior, planned, Spelling::kWhole);
  const bool create = input.prior.is_null();
  // Other timeouts alone make no other object.
  const bool changed = create || !(WithTimeoutsOf(entry.schema, input.prior, planned) == input.prior);
  if (changed) planned = MarkUnknown(attributes, input.config, input.prior, planned);
  if (!HasModifiers(attributes)) return planned;
  const auto modify = [&] {
    output.requires_replace.clear();
    Diagnostics diagnostics;
    planned = Modifiers(create, output.requires_replace, diagnostics)
                  .Object(attributes, input.config, input.prior, planned, {});
    return diagnostics;
  };
  Diagnostics said = modify();
  if (!changed && !(WithTimeoutsOf(entry.schema, input.prior, planned) == input.prior)) {
    // A modifier makes a change where there was none, and with it the rest unknown.
    planned = MarkUnknown(attributes, input.config, input.prior, planned);
    said = modify();
  }
  output.diagnostics.Append(said);
  return planned;
}

void AskAuthor(const ResourceEntry& entry, const PlanInput& input, PlanOutput& output) {
  const ModifyPlanRequest request{.config = input.config,
                                  .state = input.prior,
                                  .plan = output.planned,
                                  .private_state = input.private_state,
                                  .planned_private = input.planned_private,
                                  .provider_meta = input.provider_meta,
                                  .client = input.client,
                                  .cancellation = input.cancellation};
  ModifyPlanResponse response{.plan = output.planned,
                              .private_state = input.private_state,
                              .requires_replace = std::move(output.requires_replace)};
  Guarded(response.diagnostics, [&] { entry.modify_plan->ModifyPlan(request, response); });
  output.diagnostics.Append(response.diagnostics);
  output.private_state = std::move(response.private_state);
  output.requires_replace = std::move(response.requires_replace);
  output.planned = std::move(response.plan);
  output.deferred =
      AllowedDeferral(response.deferred, input.client, "Planning " + entry.resource->TypeName(), output.diagnostics);
}

PlanOutput PlanOnce(const ResourceEntry& entry, const PlanInput& input) {
  PlanOutput output{.private_state = input.private_state};
  const bool destroy = input.proposed.is_null();
  if (!destroy) {
    Guarded(output.diagnostics, [&] {
      output.planned = Fitted(DefaultPlan(entry, input, output), entry.type, input.proposed, output.diagnostics);
    });
    if (output.diagnostics.HasError()) return output;
  }
  output.deferred = input.provider_deferred;
  if (entry.modify_plan != nullptr && !output.deferred) AskAuthor(entry, input, output);
  output.planned = Fitted(output.planned, entry.type, input.proposed, output.diagnostics);
  if (!output.diagnostics.HasError()) {
    RefuseWriteOnly(entry.schema, output.planned, kInvalidPlan, "Planning " + entry.resource->TypeName(),
                    output.diagnostics);
  }
  output.planned = Returnable(entry.schema.attributes, output.planned);
  if (!destroy && input.prior.has_value()) {
    FindReplacements(entry.schema.attributes, input.prior, output.planned, {}, output.requires_replace);
  }
  return output;
}

// Plans as core will while it applies, when what is unknown in the configuration is known.
void CheckFinalPlan(const ResourceEntry& entry, const PlanInput& input, const Value& planned,
                    Diagnostics& diagnostics) {
  if (!input.proposed.has_value() || input.config.IsWhollyKnown()) return;
  std::optional<Value> config = MadeUp(entry.schema.attributes, input.config);
  std::optional<Value> proposed = MadeUp(entry.schema.attributes, input.proposed);
  if (!config || !proposed) return;
  // What the author would refuse tells nothing.
  const ClientCapabilities client{.write_only_attributes_allowed = true};
  if (ValidateResource(entry, {.config = *config, .client = client}).HasError()) return;
  PlanInput known = input;
  known.config = *std::move(config);
  known.proposed = *std::move(proposed);
  const PlanOutput final_plan = PlanOnce(entry, known);
  if (final_plan.diagnostics.HasError() || final_plan.deferred) return;
  CheckPlannedAgain(entry.schema, planned, final_plan.planned, Again::kAllKnown, diagnostics);
}

}  // namespace

PlanOutput Plan(const ResourceEntry& entry, const PlanInput& input) {
  PlanOutput output = PlanOnce(entry, input);
  if (!ChecksEnabled() || output.diagnostics.HasError()) return output;
  CheckPlan(entry.schema, input.config, input.prior, input.proposed, output.planned, output.diagnostics);
  CheckReplacements(entry.schema, output.requires_replace, output.diagnostics);
  if (!output.diagnostics.HasError() && entry.modify_plan != nullptr) {
    CheckPlannedAgain(entry.schema, output.planned, PlanOnce(entry, input).planned, Again::kSame, output.diagnostics);
  }
  if (!output.diagnostics.HasError() && !output.deferred) {
    CheckFinalPlan(entry, input, output.planned, output.diagnostics);
  }
  return output;
}

}  // namespace podwright::sdk::logic
