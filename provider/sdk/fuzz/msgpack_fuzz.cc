// Any bytes at all as msgpack of a type that the first bytes choose: an error, or a value whose own bytes are
// read as the same value and written as the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "provider/sdk/value/msgpack.h"

namespace {

using podwright::sdk::Type;

Type Pick(std::string_view& bytes, int depth) {
  const unsigned choice = bytes.empty() ? 0U : static_cast<unsigned char>(bytes.front()) % 9U;
  if (!bytes.empty()) bytes.remove_prefix(1);
  if (depth > 4) return Type::String();
  switch (choice) {
    case 1: return Type::Bool();
    case 2: return Type::Number();
    case 3: return Type::List(Pick(bytes, depth + 1));
    case 4: return Type::Set(Pick(bytes, depth + 1));
    case 5: return Type::Map(Pick(bytes, depth + 1));
    case 6: return Type::Tuple({Pick(bytes, depth + 1), Pick(bytes, depth + 1)});
    case 7: return Type::Object({{"a", Pick(bytes, depth + 1)}, {"b", Pick(bytes, depth + 1)}});
    case 8: return Type::Dynamic();
    default: return Type::String();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podwright::sdk;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Type type = Pick(bytes, 0);
  const auto value = DecodeMsgpack(bytes, type);
  if (!value.ok()) return 0;
  const auto written = EncodeMsgpack(*value, type);
  if (!written.ok()) std::abort();
  const auto again = DecodeMsgpack(*written, type);
  if (!again.ok() || !(*again == *value)) std::abort();
  const auto rewritten = EncodeMsgpack(*again, type);
  if (!rewritten.ok() || *rewritten != *written) std::abort();
  return 0;
}
