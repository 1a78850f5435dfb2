// Any text at all as the JSON of a type: an error, or a type whose own JSON is the same type.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "provider/sdk/value/type.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podwright::sdk;
  const auto type = Type::FromJson(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!type.ok()) return 0;
  const auto again = Type::FromJson(type->ToJson());
  if (!again.ok() || !(*again == *type)) std::abort();
  return 0;
}
