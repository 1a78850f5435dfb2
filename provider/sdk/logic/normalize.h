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

// What may go back to core: the value with every write-only attribute null, and with blocks that are not there
// as core wants them (an empty list, a group of nulls), at any depth.
Value Returnable(const Attributes& attributes, const Value& value);

// The value with every unknown part null.
Value UnknownAsNull(const Value& value);

// The first place of an unknown value; nothing where all is known.
std::optional<AttributePath> FindUnknown(const Value& value);

// The value made to fit the type (lists for tuples, objects for maps, missing attributes null). What does
// not fit is an error diagnostic with its path, and `fallback` is returned.
Value Fitted(const Value& value, const Type& type, const Value& fallback, Diagnostics& diagnostics);

// kWhole: a list, set or map of values keeps its prior spelling only where all of it means the same, as a plan
// must; kEach: each element by itself, as a result may.
enum class Spelling { kWhole, kEach };

// `value` in the spelling of `reference` wherever the two differ but mean the same by the attribute's or
// the resource's semantic equality. Elements of sets are compared each with each.
Value KeepSpelling(const Attributes& attributes, const WithSemanticEquality* equality, const Value& reference,
                   const Value& value, Spelling spelling, const AttributePath& path = {});

// Calls `see` with each object of a nested attribute's value and its place; those of sets have the path of their set.
void ForEachNested(const Attribute& attribute, const Value& value, const AttributePath& path,
                   const std::function<void(const Value& object, const AttributePath& path)>& see);

// The elements of a nested attribute's value that lie at the same place: for kSingle and kGroup the value itself,
// for lists by index, for maps by key. Elements of sets have the path of their set.
Value MapNested(const Attribute& attribute, const Value& value, const AttributePath& path,
                const std::function<Value(const Value& object, const AttributePath& path)>& change);

}  // namespace podwright::sdk::logic
