// JSON Schema (draft 2020-12) of documents, for editors. Pure; any thread.
#pragma once

#include <string>

namespace podwright::kinds {

class Kind;
class Registry;

// Of one document of the kind, indented.
std::string JsonSchema(const Kind& kind);
// Of a document of any kind.
std::string JsonSchema(const Registry& registry);

}  // namespace podwright::kinds
