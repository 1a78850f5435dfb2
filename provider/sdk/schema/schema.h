// Schema: what a provider, resource or data source takes and gives.
//
// Plain data, so that schemas can be made at run time (from descriptors, say). Check() finds what core
// would refuse.
//
// Prefer nested attributes (`disks = [{ … }]`) for what is new. Blocks (`disk { … }`) say the same with less: they
// cannot be computed, nor told from an empty list; they are here for what users already write so.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/schema/plan_modifier.h"
#include "provider/sdk/timeouts.h"
#include "provider/sdk/value/type.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

// kGroup is for blocks only: a single one that is always there, with null attributes where it is not written.
enum class Nesting { kNone, kSingle, kList, kSet, kMap, kGroup };

// Adds errors (with `path`) for a configured value. Called only for values that are neither null nor
// unknown themselves; parts may be unknown. Must not throw or block; any thread.
using AttributeValidator = std::function<void(const Value& value, const AttributePath& path, Diagnostics& diagnostics)>;

// Whether two values mean the same though spelt differently ("1h" and "60m"). Both are known. Of a whole list, set
// or map: core refuses the prior spelling where a part was unknown when it was planned, and nobody can tell by then.
using SemanticEqual = std::function<bool(const Value& a, const Value& b)>;

struct Attribute {
  std::string name{};
  Type type = Type::Dynamic();       // where nesting is kNone
  Nesting nesting = Nesting::kNone;  // else the attribute holds objects of `attributes`
  std::vector<Attribute> attributes{};

  // A block, of which `nesting` says how often it is written: `disk { … }`; maps have a label: `disk "data" { … }`.
  // Neither required, optional, computed, sensitive nor write-only itself. Blocks lie in schemas and in blocks.
  bool block = false;
  std::int64_t min_items = 0;  // of a list or set of blocks; 1 for a single block that must be written
  std::int64_t max_items = 0;  // of a list or set of blocks; 0: any number

  bool required = false;
  bool optional = false;
  bool computed = false;
  bool sensitive = false;
  bool write_only = false;  // given in configuration, kept nowhere

  std::string description{};  // Markdown
  std::string deprecation{};  // not empty: deprecated, and this is the reason

  // Planning.
  std::optional<Value> default_value{};    // where not configured; needs optional and computed
  bool use_state_for_unknown = false;      // computed: once known it stays, whatever else changes
  bool requires_replace = false;           // a change destroys the object and makes a new one
  SemanticEqual semantic_equal{};          // equal: the prior spelling is kept; where nesting is kNone
  SemanticEqual element_semantic_equal{};  // the same for each element of a list, set or map
  std::vector<AttributeValidator> validators{};
  std::vector<PlanModifier> plan_modifiers{};  // after the SDK's own planning, from the outside in

  // The type of a value of this attribute, nesting included.
  Type ImpliedType() const;
};

struct Schema {
  std::int64_t version = 0;   // of the stored state; raise it together with WithUpgrade
  std::string description{};  // Markdown
  std::string deprecation{};
  std::vector<Attribute> attributes{};
  std::vector<AttributeValidator> validators{};  // of the whole configuration, with an empty path
  std::optional<Timeouts> timeouts{};            // of resources and data sources: adds the attribute `timeouts`

  enum class Of { kProvider, kResource, kDataSource, kEphemeral };

  const Attribute* Find(std::string_view name) const;
  // An object with every attribute.
  Type ImpliedType() const;
  // What core, or Terraform's language, would refuse: all faults in one error.
  Status Check(Of of) const;
};

}  // namespace podwright::sdk
