// Writing JSON text. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace podwright::sdk {

// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

bool IsUtf8(std::string_view text);
// `text` with every byte that is not UTF-8 replaced by U+FFFD.
std::string ToUtf8(std::string_view text);

}  // namespace podwright::sdk
