// Schemas, and values for them, out of the bytes that the fuzzer invents. The same bytes make the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "provider/sdk/schema/schema.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk::fuzz {

// Takes bytes from the front; where there are no more, all is zero and empty.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : left_(bytes) {}
  unsigned Byte();
  unsigned Below(unsigned bound) { return Byte() % bound; }
  bool OneIn(unsigned many) { return Byte() % many == 1; }
  // At most 255 bytes, of which the first says how many.
  std::string_view Chunk();
  // All that is left.
  std::string_view Rest() const { return left_; }

 private:
  std::string_view left_;
};

Type PickType(Bytes& bytes, int depth);

enum class Making {
  kSound,       // what Check accepts for a resource
  kSoundWhole,  // with semantic equalities of whole lists, sets and maps, too: for configurations that are known
  kAny,         // names, types and flags of every kind
};
Schema PickSchema(Bytes& bytes, Making making);

// A configuration that core could send: required attributes set, computed ones null, blocks in their form; anything
// else null, known or unknown. Sets of objects have one element at the most.
enum class Parts { kKnown, kAny };
Value PickConfig(const std::vector<Attribute>& attributes, Bytes& bytes, Parts parts);

}  // namespace podwright::sdk::fuzz
