// What the options of a field say, in words: shared by the pages, `explain` and the JSON Schema. For the files of
// kinds/ only.
#pragma once

#include <string>
#include <vector>

#include "kinds/schema.h"

namespace podwright::kinds {

// "map of objects", "list of durations", "string".
std::string TypeText(const Field& field);
// One sentence a rule, Markdown: "Default `0644`.", "One of `tcp`, `udp`."
std::vector<std::string> RuleSentences(const Field& field);

}  // namespace podwright::kinds
