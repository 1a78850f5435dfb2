// UTF-8 from outside as code points, and which of them a person can see.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace podwright::forge {

// Invalid sequences (also surrogates and overlong ones) become U+FFFD, one each.
std::u32string Decode(std::string_view text);
void Append(std::string& out, char32_t c);
std::string Encode(std::u32string_view text);

// The character, or U+FFFD for one that shows nothing or changes how others show: control, bidi, zero-width, tags,
// line separators.
char32_t Visible(char32_t c);

}  // namespace podwright::forge
