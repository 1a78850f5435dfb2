// Any text at all as JSON: an error, or a value whose own text is read as the same value.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "provider/sdk/value/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podwright::sdk;
  const auto value = ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value.ok()) return 0;
  const auto text = EncodeJson(*value);
  if (!text.ok()) std::abort();
  const auto again = ParseJson(*text);
  if (!again.ok() || !(*again == *value)) std::abort();
  return 0;
}
