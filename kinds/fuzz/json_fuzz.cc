// Any text at all as the JSON of a spec; what is taken comes back from our own JSON.
#include <google/protobuf/message.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kinds/canonical.h"
#include "kinds/testing/testing_kinds.h"
#include "kinds/text.h"
#include "kinds/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podwright::kinds;
  const Kind& kind = *TestingKinds().Find("widget");
  const auto spec = SpecFromJson(kind, std::string_view(reinterpret_cast<const char*>(data), size));
  if (!spec.ok() || Validate(kind, **spec).has_errors()) return 0;
  const auto back = SpecFromJson(kind, ToJson(**spec, {Secrets::kShow, -1}));
  if (!back.ok() || CanonicalBytes(**back) != CanonicalBytes(**spec)) std::abort();
  return 0;
}
