// MessagePack, exactly as cty (Terraform's type system) writes and reads it. Pure; any thread.
//
// Input is hostile until decoded: depth and the number of values are bounded, lengths are checked against
// the bytes that are there, and every fault is an Error that says where.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.h"
#include "provider/sdk/value/type.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct DecodeLimits {
  std::size_t max_bytes = 256U * 1024 * 1024;
  std::size_t max_values = 4'000'000;          // about 100 bytes each
  std::size_t max_digits = 64U * 1024 * 1024;  // of all numbers: seven bytes can stand for thousands
  int max_depth = 128;
};

// The value of `type` that `bytes` holds, all of them. Every extension is an unknown value.
Result<Value> DecodeMsgpack(std::string_view bytes, const Type& type, const DecodeLimits& limits = {});

// Fails where the value is not of the type (naming the place, also in `where`) or holds text that is not UTF-8.
Result<std::string> EncodeMsgpack(const Value& value, const Type& type, AttributePath* where = nullptr);

}  // namespace podwright::sdk
