#include "kinds/yaml_text.h"

#include <algorithm>
#include <array>

namespace podwright::kinds {
namespace {

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Words that some YAML readers take for a boolean, null or number.
bool IsSpecialWord(std::string_view text) {
  static constexpr std::array<std::string_view, 11> kWords = {"true", "false", "null", "yes", "no", "on",
                                                              "off",  "y",     "n",    "inf", "nan"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

}  // namespace

std::string QuoteYaml(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          out += "\\u00";
          out += kHex[byte >> 4U];
          out += kHex[byte & 0xfU];
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string YamlScalar(std::string_view text) {
  const bool starts = !text.empty() && (IsAlpha(text[0]) || text[0] == '/' || text[0] == '_');
  const bool plain = starts && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
                       return IsAlnum(c) || c == '/' || c == '_' || c == '.' || c == '-' || c == '@' || c == '+';
                     });
  return plain && !IsSpecialWord(text) ? std::string(text) : QuoteYaml(text);
}

bool FitsBlock(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n') return false;
  if (text.ends_with("\n\n")) return false;
  char before = '\n';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      if (before == ' ') return false;  // invisible at the end of a line
    } else if (byte < 0x20 || byte >= 0x7f) {
      return false;
    }
    before = c;
  }
  return true;
}

}  // namespace podwright::kinds
