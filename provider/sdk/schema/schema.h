// Schema: what a provider, resource or data source takes and gives.
//
// Plain data, so that schemas can be made at run time (from descriptors, say). Check() finds what core
// would refuse. Attributes only; no blocks: nested attributes say the same in every nesting mode.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "provider/sdk/diagnostics.h"
#include "provider/sdk/value/type.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

enum class Nesting { kNone, kSingle, kList, kSet, kMap };

// Adds errors (with `path`) for a configured value. Called only for values that are neither null nor
// unknown themselves; parts may be unknown. Must not throw or block; any thread.
using AttributeValidator = std::function<void(const Value& value, const AttributePath& path, Diagnostics& diagnostics)>;

// Whether two values mean the same though spelt differently ("1h" and "60m"). Both are known.
using SemanticEqual = std::function<bool(const Value& a, const Value& b)>;

struct Attribute {
  std::string name{};
  Type type = Type::Dynamic();       // where nesting is kNone
  Nesting nesting = Nesting::kNone;  // else the attribute holds objects of `attributes`
  std::vector<Attribute> attributes{};

  bool required = false;
  bool optional = false;
  bool computed = false;
  bool sensitive = false;
  bool write_only = false;  // given in configuration, kept nowhere

  std::string description{};  // Markdown
  std::string deprecation{};  // not empty: deprecated, and this is the reason

  // Planning.
  std::optional<Value> default_value{};  // where not configured; needs optional and computed
  bool use_state_for_unknown = false;    // computed: once known it stays, whatever else changes
  bool requires_replace = false;         // a change destroys the object and makes a new one
  SemanticEqual semantic_equal{};        // equal: the prior spelling is kept
  std::vector<AttributeValidator> validators{};

  // The type of a value of this attribute, nesting included.
  Type ImpliedType() const;
};

struct Schema {
  std::int64_t version = 0;   // of the stored state; raise it together with WithUpgrade
  std::string description{};  // Markdown
  std::string deprecation{};
  std::vector<Attribute> attributes{};

  enum class Of { kProvider, kResource, kDataSource, kEphemeral };

  const Attribute* Find(std::string_view name) const;
  // An object with every attribute.
  Type ImpliedType() const;
  // What core, or Terraform's language, would refuse: all faults in one error.
  Status Check(Of of) const;
};

}  // namespace podwright::sdk
