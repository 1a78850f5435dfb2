// What the SDK does to every value that an author returns. Pure; any thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "provider/sdk/diagnostics.h"
#include "provider/sdk/resource.h"
#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk::logic {

using Attributes = std::vector<Attribute>;

// The value with every write-only attribute null, at any depth.
Value WithoutWriteOnly(const Attributes& attributes, const Value& value);

// The value with every unknown part null.
Value UnknownAsNull(const Value& value);

// The first place of an unknown value; nothing where all is known.
std::optional<AttributePath> FindUnknown(const Value& value);

// The value made to fit the type (lists for tuples, objects for maps, missing attributes null). What does
// not fit is an error diagnostic, and `fallback` is returned.
Value Fitted(const Value& value, const Type& type, const Value& fallback, Diagnostics& diagnostics);

// `value` in the spelling of `reference` wherever the two differ but mean the same by the attribute's or
// the resource's semantic equality. Elements of sets keep theirs.
Value KeepSpelling(const Attributes& attributes, const WithSemanticEquality* equality, const Value& reference,
                   const Value& value, const AttributePath& path = {});

// The elements of a nested attribute's value that lie at the same place: for kSingle the value itself, for
// lists by index, for maps by key. Not for sets.
Value MapNested(const Attribute& attribute, const Value& value, const AttributePath& path,
                const std::function<Value(const Value& object, const AttributePath& path)>& change);

}  // namespace podwright::sdk::logic
