#include "provider/sdk/logic/checks.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "provider/sdk/logic/wording.h"

namespace podwright::sdk::logic {
namespace {

// Walks two or three values along the schema and says what breaks the rules.
class Walk {
 public:
  Walk(std::string summary, Diagnostics& diagnostics, std::string when = "")
      : summary_(std::move(summary)), diagnostics_(diagnostics), when_(std::move(when)) {}

  void Fault(const AttributePath& path, const std::string& what) {
    diagnostics_.AddError(summary_, "." + path.ToString() + ": " + what + when_ + kBugFoundByChecks, path);
  }

  static std::string Show(const Value& value, bool sensitive) { return sensitive ? "(sensitive)" : value.ToDisplay(); }

 private:
  std::string summary_;
  Diagnostics& diagnostics_;
  std::string when_;
};

class PlanWalk : public Walk {
 public:
  using Walk::Walk;

  void Object(const std::vector<Attribute>& attributes, const Value& config, const Value& prior, const Value& planned,
              const AttributePath& path, bool sensitive) {
    for (const Attribute& attribute : attributes) {
      One(attribute, config.Get(attribute.name), prior.Get(attribute.name), planned.Get(attribute.name),
          path.Attribute(attribute.name), sensitive || attribute.sensitive);
    }
  }

 private:
  void One(const Attribute& attribute, const Value& config, const Value& prior, const Value& planned,
           const AttributePath& path, bool sensitive) {
    if (attribute.write_only || planned == config) return;
    if (attribute.block) return Block(attribute, config, prior, planned, path, sensitive);
    if (config.is_null()) {
      if (!attribute.computed) {
        Fault(path, "planned value " + Show(planned, sensitive) + " for a non-computed attribute");
      }
      return;
    }
    if (!prior.is_null() && planned == prior) return;
    if (attribute.nesting != Nesting::kNone && config.has_value()) {
      return Nested(attribute, config, prior, planned, path, sensitive);
    }
    Fault(path, "planned value " + Show(planned, sensitive) + " does not match config value " +
                    Show(config, sensitive) + (prior.is_null() ? "" : " nor prior value " + Show(prior, sensitive)));
  }

  void Block(const Attribute& attribute, const Value& config, const Value& prior, const Value& planned,
             const AttributePath& path, bool sensitive) {
    if (config.is_unknown()) return Fault(path, "planned a block that is not known yet");
    const bool single = attribute.nesting == Nesting::kSingle;
    if (config.is_null() != planned.is_null()) {
      return Fault(path, config.is_null() ? "planned a block that is not configured"
                                          : "planned no block, but one is configured");
    }
    if (planned.is_unknown()) return Fault(path, "planned an unknown block");
    const auto count = [](const Value& value) { return value.elements().size() + value.fields().size(); };
    if (!single && attribute.nesting != Nesting::kGroup && count(config) != count(planned)) {
      return Fault(path, "block count in plan (" + std::to_string(count(planned)) +
                             ") disagrees with count in config (" + std::to_string(count(config)) + ")");
    }
    Nested(attribute, config, prior, planned, path, sensitive);
  }

  void Nested(const Attribute& attribute, const Value& config, const Value& prior, const Value& planned,
              const AttributePath& path, bool sensitive) {
    if (!planned.has_value()) return Fault(path, "planned nothing for a configured attribute");
    if (attribute.nesting == Nesting::kSingle || attribute.nesting == Nesting::kGroup) {
      return Object(attribute.attributes, config, prior, planned, path, sensitive);
    }
    if (config.elements().size() != planned.elements().size() || config.fields().size() != planned.fields().size()) {
      return Fault(path, "count of elements in plan disagrees with count in config");
    }
    if (attribute.nesting == Nesting::kSet) return;
    for (const auto& [key, element] : config.fields()) {
      if (!planned.Has(key)) {
        Fault(path.Key(key), "missing in plan");
      } else if (element.has_value()) {
        Object(attribute.attributes, element, prior.Get(key), planned.Get(key), path.Key(key), sensitive);
      }
    }
    for (std::size_t i = 0; i < config.elements().size(); ++i) {
      if (!config.elements()[i].has_value()) continue;
      const Value before = i < prior.elements().size() ? prior.elements()[i] : Value::Null();
      Object(attribute.attributes, config.elements()[i], before, planned.elements()[i],
             path.Index(static_cast<std::int64_t>(i)), sensitive);
    }
  }
};

class AppliedWalk : public Walk {
 public:
  using Walk::Walk;

  void Object(const std::vector<Attribute>& attributes, const Value& planned, const Value& state,
              const AttributePath& path, bool sensitive) {
    for (const Attribute& attribute : attributes) {
      if (attribute.write_only) continue;
      Any(&attribute, planned.Get(attribute.name), state.Get(attribute.name), path.Attribute(attribute.name),
          sensitive || attribute.sensitive);
    }
  }

 private:
  void Any(const Attribute* attribute, const Value& planned, const Value& state, const AttributePath& path,
           bool sensitive) {
    if (planned.is_unknown()) {
      const Refinement* promised = planned.refinement();
      if (promised != nullptr && !promised->Holds(state)) {
        Fault(path, "was promised to be " + promised->ToDisplay() + ", but is now " + Show(state, sensitive));
      }
      return;
    }
    if (planned == state) return;
    if (planned.is_null() || state.is_null() || planned.kind() != state.kind()) {
      return Fault(path, "was " + Show(planned, sensitive) + ", but now " + Show(state, sensitive));
    }
    switch (planned.kind()) {
      case Value::Kind::kObject:
        if (attribute != nullptr && attribute->nesting != Nesting::kNone) {
          return Object(attribute->attributes, planned, state, path, sensitive);
        }
        return Fields(attribute, planned, state, path, sensitive);
      case Value::Kind::kMap: return Fields(attribute, planned, state, path, sensitive);
      case Value::Kind::kList:
      case Value::Kind::kTuple: return Sequence(attribute, planned, state, path, sensitive);
      case Value::Kind::kSet:
        if (planned.IsWhollyKnown() || planned.elements().size() < state.elements().size()) {
          Fault(path, std::string("planned set ") + (attribute != nullptr && attribute->block ? "of blocks " : "") +
                          "differs from the actual one: was " + Show(planned, sensitive) + ", but now " +
                          Show(state, sensitive));
        }
        return;
      case Value::Kind::kDynamic:
        if (planned.dynamic_type() == state.dynamic_type()) {
          return Any(nullptr, planned.dynamic_value(), state.dynamic_value(), path, sensitive);
        }
        [[fallthrough]];
      default: Fault(path, "was " + Show(planned, sensitive) + ", but now " + Show(state, sensitive));
    }
  }

  void Fields(const Attribute* attribute, const Value& planned, const Value& state, const AttributePath& path,
              bool sensitive) {
    for (const auto& [key, field] : planned.fields()) {
      if (!state.Has(key)) {
        Fault(path.Key(key), "element has vanished");
      } else {
        Any(attribute, field, state.Get(key), path.Key(key), sensitive);
      }
    }
    for (const auto& [key, field] : state.fields()) {
      if (!planned.Has(key)) Fault(path.Key(key), "new element has appeared");
    }
  }

  void Sequence(const Attribute* attribute, const Value& planned, const Value& state, const AttributePath& path,
                bool sensitive) {
    if (attribute != nullptr && attribute->block && planned.elements().size() != state.elements().size()) {
      return Fault(path, "block count changed from " + std::to_string(planned.elements().size()) + " to " +
                             std::to_string(state.elements().size()));
    }
    const std::size_t both = std::min(planned.elements().size(), state.elements().size());
    for (std::size_t i = 0; i < both; ++i) {
      Any(attribute, planned.elements()[i], state.elements()[i], path.Index(static_cast<std::int64_t>(i)), sensitive);
    }
    if (planned.elements().size() > both) Fault(path.Index(static_cast<std::int64_t>(both)), "element has vanished");
    if (state.elements().size() > both) Fault(path.Index(static_cast<std::int64_t>(both)), "new element has appeared");
  }
};

}  // namespace

bool ChecksEnabled() {
  static const bool enabled = [] {
    const char* text = std::getenv("PODWRIGHT_SDK_CHECKS");
    if (text != nullptr && *text != '\0') return std::string_view(text) != "0";
#ifdef NDEBUG
    return false;
#else
    return true;
#endif
  }();
  return enabled;
}

void CheckPlan(const Schema& schema, const Value& config, const Value& prior, const Value& proposed,
               const Value& planned, Diagnostics& diagnostics) {
  PlanWalk walk(kInvalidPlan, diagnostics);
  if (proposed.is_null()) {
    if (!planned.is_null()) walk.Fault({}, "planned a non-null destroy value");
    return;
  }
  if (!planned.has_value()) return walk.Fault({}, "planned no object");
  walk.Object(schema.attributes, config, prior, planned, {}, false);
}

void CheckOpened(const Schema& schema, const Value& config, const Value& result, Diagnostics& diagnostics) {
  PlanWalk walk("Provider produced invalid ephemeral resource instance", diagnostics);
  walk.Object(schema.attributes, config, Value::Null(), result, {},
              true);  // never shown: what is ephemeral is often secret
}

namespace {

// Whether the steps from `at` on lead somewhere in an object of these attributes.
bool Leads(const std::vector<Attribute>& attributes, const std::vector<AttributePath::Step>& steps, std::size_t at) {
  if (at == steps.size()) return true;
  const auto* name = std::get_if<AttributePath::AttributeStep>(&steps[at]);
  if (name == nullptr) return false;
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const Attribute& attribute) { return attribute.name == name->name; });
  if (found == attributes.end()) return false;
  // Of what is in a plain value, only the value knows.
  if (++at == steps.size() || found->nesting == Nesting::kNone) return true;
  const bool index = std::holds_alternative<AttributePath::IndexStep>(steps[at]);
  const bool key = std::holds_alternative<AttributePath::KeyStep>(steps[at]);
  switch (found->nesting) {
    case Nesting::kList: return index && Leads(found->attributes, steps, at + 1);
    case Nesting::kMap: return key && Leads(found->attributes, steps, at + 1);
    case Nesting::kSet: return false;
    default: return Leads(found->attributes, steps, at);
  }
}

}  // namespace

void CheckReplacements(const Schema& schema, const std::vector<AttributePath>& paths, Diagnostics& diagnostics) {
  Walk walk(kInvalidPlan, diagnostics);
  for (const AttributePath& path : paths) {
    if (path.empty() || !Leads(schema.attributes, path.steps(), 0)) {
      walk.Fault({}, "requires_replace has the path ." + path.ToString() + ", which the schema has not");
    }
  }
}

void CheckPlannedAgain(const Schema& schema, const Value& planned, const Value& again, Again how,
                       Diagnostics& diagnostics) {
  if (planned.is_null() && again.is_null()) return;
  AppliedWalk walk("Provider produced inconsistent final plan", diagnostics,
                   how == Again::kSame ? ""
                                       : ", when the unknown values of the configuration were known (values made up "
                                         "by the checks)");
  if (!planned.has_value() || !again.has_value()) return walk.Fault({}, "planning twice gave an object only once");
  walk.Object(schema.attributes, planned, again, {}, false);
}

void CheckApplied(const Schema& schema, const Value& planned, const Value& state, Diagnostics& diagnostics) {
  AppliedWalk walk("Provider produced inconsistent result after apply", diagnostics);
  if (planned.is_null() != state.is_null()) {
    return walk.Fault(
        {}, planned.is_null() ? "Root object was absent, but now present" : "Root object was present, but now absent");
  }
  walk.Object(schema.attributes, planned, state, {}, false);
}

}  // namespace podwright::sdk::logic
