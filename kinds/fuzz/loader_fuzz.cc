// Any text at all: the loader answers with documents and diagnostics, and what it took comes back from its own YAML.
#include <google/protobuf/message.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kinds/canonical.h"
#include "kinds/loader.h"
#include "kinds/testing/testing_kinds.h"
#include "kinds/text.h"
#include "kinds/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podwright::kinds;
  LoadOptions options;
  options.allow_dangling = true;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const LoadedFolder loaded = LoadText(TestingKinds(), text, "fuzz.yaml", options);
  for (const LoadedDocument& document : loaded.documents) {
    const Kind& kind = *TestingKinds().Find(document.object.kind());
    const auto spec = DecodeSpec(kind, document.object.spec());
    if (!spec.ok()) std::abort();
    const std::string yaml = ToYaml(kind, document.object.name(), {}, **spec, Secrets::kShow);
    const LoadedFolder again = LoadText(TestingKinds(), yaml, "again.yaml", options);
    if (again.documents.size() != 1) std::abort();
    const auto back = DecodeSpec(kind, again.documents[0].object.spec());
    if (!back.ok() || CanonicalBytes(**back) != CanonicalBytes(**spec)) std::abort();
  }
  return 0;
}
