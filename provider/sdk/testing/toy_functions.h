// The toy's functions: one for each form that a function can have, and one that breaks the rules.
#pragma once

#include <memory>
#include <vector>

#include "provider/sdk/function.h"

namespace podwright::sdk::testing {

// join(separator, parts...)   variadic
// seconds(text)               an argument error; "90s" or "2m"
// first(values)               null and unknown allowed; the first that is known and not null
// echo(any)                   dynamic in and out
// describe(object)            an object with an optional attribute; a map of strings
// wrong(fault)                "throw", "type", "unknown", "random"
std::vector<std::unique_ptr<Function>> ToyFunctions();

}  // namespace podwright::sdk::testing
