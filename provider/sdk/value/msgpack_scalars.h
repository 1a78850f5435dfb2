// Numbers and unknown values (plain, or with what is known of them) in MessagePack. Internal to the codec.
#pragma once

#include "core/result.h"
#include "provider/sdk/value/msgpack_tokens.h"
#include "provider/sdk/value/type.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

// A number in any of its forms, and in the one that core writes.
Result<Number> NumberFromToken(const MsgpackToken& token);
void WriteNumber(const Number& number, MsgpackWriter& writer);

// The value that an extension means: unknown, with its refinement where it has one that fits the type. What
// is not known of refinements (a key of the future) is passed over; a malformed one is an error. One that
// says "null" is the null value.
Result<Value> DecodeUnknown(const MsgpackToken& token, const Type& type);

// Writes an unknown value as core does: what does not fit the type is left out.
void EncodeUnknown(const Refinement* refinement, const Type& type, MsgpackWriter& writer);

}  // namespace podwright::sdk
