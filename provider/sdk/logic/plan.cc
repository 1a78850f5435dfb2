#include "provider/sdk/logic/plan.h"

#include <algorithm>
#include <utility>

#include "provider/sdk/logic/checks.h"
#include "provider/sdk/logic/normalize.h"

namespace podwright::sdk::logic {
namespace {

bool Corresponds(const Attributes& attributes, const Value& config, const Value& planned);

// Whether a planned value is what this configured value becomes: all that is configured is the same.
bool ValueCorresponds(const Attribute& attribute, const Value& config, const Value& planned) {
  if (config.is_null() || config == planned) return true;
  if (attribute.nesting == Nesting::kNone || !config.has_value() || !planned.has_value()) return false;
  if (attribute.nesting == Nesting::kSingle) return Corresponds(attribute.attributes, config, planned);
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

// Adds the paths of attributes that ask for a new object and differ.
void FindReplacements(const Attributes& attributes, const Value& prior, const Value& planned, const AttributePath& path,
                      std::vector<AttributePath>& found) {
  for (const Attribute& attribute : attributes) {
    const Value& before = prior.Get(attribute.name);
    const Value& after = planned.Get(attribute.name);
    const AttributePath place = path.Attribute(attribute.name);
    if (before == after) continue;
    if (attribute.requires_replace) {
      found.push_back(place);
      continue;
    }
    if (!before.has_value() || !after.has_value()) continue;
    switch (attribute.nesting) {
      case Nesting::kSingle: FindReplacements(attribute.attributes, before, after, place, found); break;
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
      default: break;
    }
  }
}

Value DefaultPlan(const ResourceEntry& entry, const PlanInput& input) {
  const Attributes& attributes = entry.schema.attributes;
  Value planned = ApplyDefaults(attributes, input.config, WithoutWriteOnly(attributes, input.proposed));
  planned = KeepSpelling(attributes, entry.semantic_equality, input.prior, planned);
  if (input.prior.is_null() || !(planned == input.prior)) {
    planned = MarkUnknown(attributes, input.config, input.prior, planned);
  }
  return planned;
}

void AskAuthor(const ResourceEntry& entry, const PlanInput& input, PlanOutput& output) {
  const ModifyPlanRequest request{.config = input.config,
                                  .state = input.prior,
                                  .plan = output.planned,
                                  .private_state = input.private_state,
                                  .client = input.client,
                                  .cancellation = input.cancellation};
  ModifyPlanResponse response{.plan = output.planned, .private_state = input.private_state};
  Guarded(response.diagnostics, [&] { entry.modify_plan->ModifyPlan(request, response); });
  output.diagnostics.Append(response.diagnostics);
  output.private_state = std::move(response.private_state);
  output.requires_replace = std::move(response.requires_replace);
  output.planned = std::move(response.plan);
}

}  // namespace

PlanOutput Plan(const ResourceEntry& entry, const PlanInput& input) {
  PlanOutput output{.private_state = input.private_state};
  const bool destroy = input.proposed.is_null();
  if (!destroy) {
    Guarded(output.diagnostics, [&] {
      output.planned = Fitted(DefaultPlan(entry, input), entry.type, input.proposed, output.diagnostics);
    });
    if (output.diagnostics.HasError()) return output;
  }
  if (entry.modify_plan != nullptr) AskAuthor(entry, input, output);
  output.planned = Fitted(output.planned, entry.type, input.proposed, output.diagnostics);
  output.planned = WithoutWriteOnly(entry.schema.attributes, output.planned);
  if (!destroy && input.prior.has_value()) {
    FindReplacements(entry.schema.attributes, input.prior, output.planned, {}, output.requires_replace);
  }
  if (ChecksEnabled() && !output.diagnostics.HasError()) {
    CheckPlan(entry.schema, input.config, input.prior, input.proposed, output.planned, output.diagnostics);
  }
  return output;
}

}  // namespace podwright::sdk::logic
