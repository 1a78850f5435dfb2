// The documentation page of a kind, in Markdown, made from its descriptor. Pure; any thread.
#pragma once

#include <string>

namespace podwright::kinds {

class Kind;

std::string ReferencePage(const Kind& kind);

}  // namespace podwright::kinds
