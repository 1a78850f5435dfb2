// JSON: the form of stored states (RawState) and of the rare DynamicValue in JSON. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "provider/sdk/value/type.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

enum class ExtraAttributes { kRefuse, kDrop };
enum class MissingAttributes { kRefuse, kNull };

// JSON as values without a schema: objects, tuples, strings, numbers (exact), bools, nulls.
// Refused: malformed text, invalid UTF-8, repeated keys, nesting deeper than 128, more than 4 million values,
// numbers of more than 64 million digits together.
Result<Value> ParseJson(std::string_view json);

// Makes a value of `type` from one that came from JSON (or from an author): tuples become lists or sets,
// objects maps, and primitives are converted as Terraform does. A dynamic attribute is
// {"value": …, "type": …}. Errors name the place, also in `where`.
Result<Value> Conform(const Value& json, const Type& type, ExtraAttributes extra, MissingAttributes missing,
                      AttributePath* where = nullptr);

// ParseJson, then Conform with neither extra nor missing attributes.
Result<Value> DecodeJson(std::string_view json, const Type& type);

// Fails on unknown values, which JSON has not.
Result<std::string> EncodeJson(const Value& value);

}  // namespace podwright::sdk
