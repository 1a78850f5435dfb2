// The part of a page that lists attributes: required, optional, read-only, and below them what is nested. Pure.
#pragma once

#include <string>

#include "tfplugin/tfplugin6.pb.h"

namespace podwright::docgen {

std::string SchemaMarkdown(const tfplugin6::Schema& schema);

// One line, for front matter and lists: the first paragraph of a description.
std::string FirstParagraph(const std::string& text);

}  // namespace podwright::docgen
