// Ready validators, for Attribute::validators and Schema::validators.
//
//   {.name = "port", .type = Type::Number(), .required = true, .validators = {validators::Between(1, 65535)}}
//   schema.validators = {validators::ExactlyOneOf({"image", AttributePath("build").Attribute("context")})};
//
// Each is called only with values that are neither null nor unknown; what is unknown within them is passed
// over, for it is judged once it is known. Messages never hold the value: it may be a secret. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "provider/sdk/schema/schema.h"

namespace podwright::sdk::validators {

// Of a string: characters. Of a list, set or map: elements.
AttributeValidator LengthBetween(std::int64_t min, std::int64_t max);
AttributeValidator LengthAtLeast(std::int64_t min);
AttributeValidator LengthAtMost(std::int64_t max);

// Of a number, however large or precise.
AttributeValidator Between(std::int64_t min, std::int64_t max);
AttributeValidator AtLeast(std::int64_t min);
AttributeValidator AtMost(std::int64_t max);
AttributeValidator Integer();

AttributeValidator OneOf(std::vector<Value> values);
AttributeValidator OneOf(std::vector<std::string> values);
AttributeValidator NoneOf(std::vector<std::string> values);

// The whole string matches the RE2 pattern, in time linear in its length. `meaning` completes "It must be …"; a
// pattern that is none is said when the value is checked.
AttributeValidator Matches(std::string_view pattern, std::string meaning);

// As Go writes them: "1h30m", "250ms".
AttributeValidator Duration();

// Of a list, set or map: each element, or each key.
AttributeValidator EachElement(std::vector<AttributeValidator> validators);
AttributeValidator EachKey(std::vector<AttributeValidator> validators);
AttributeValidator UniqueElements();

// One of these is enough.
AttributeValidator AnyOf(std::vector<AttributeValidator> validators);

// Of an object: the whole configuration, a nested attribute, or (within EachElement) an element. The paths start
// in the object. An empty list, set or map is not set: so is a block that is not written. Where it cannot be told yet
// whether a value is set, nothing is said.
AttributeValidator ConflictsWith(std::vector<AttributePath> paths);  // at most one of them
AttributeValidator RequiredWith(std::vector<AttributePath> paths);   // all or none
AttributeValidator ExactlyOneOf(std::vector<AttributePath> paths);
AttributeValidator AtLeastOneOf(std::vector<AttributePath> paths);
// Where the first is set, so are the others.
AttributeValidator Requires(AttributePath path, std::vector<AttributePath> others);

}  // namespace podwright::sdk::validators
