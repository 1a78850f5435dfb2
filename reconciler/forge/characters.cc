#include "reconciler/forge/characters.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace podwright::forge {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Range {
  char32_t first;
  char32_t last;
};

// Unicode 15: control (Cc), format (Cf) and line or paragraph separators, blank letters, variation selectors beyond
// the usual ones, noncharacters.
constexpr std::array<Range, 30> kHidden = {{
    {0x0000, 0x001F},   {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x0600, 0x0605},
    {0x061C, 0x061C},   {0x06DD, 0x06DD},   {0x070F, 0x070F},   {0x0890, 0x0891},   {0x08E2, 0x08E2},
    {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F},   {0x3164, 0x3164},   {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0E},   {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
    {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}, {0x10FFFE, 0x10FFFF},
}};

std::size_t LengthOf(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The code point at `at`, or nothing valid: then length is 0.
char32_t PointAt(std::string_view text, std::size_t at, std::size_t& length) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t wanted = LengthOf(byte(at));
  length = 0;
  if (wanted == 0 || at + wanted > text.size()) return kReplacement;
  constexpr std::array<unsigned char, 5> kMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t point = byte(at) & kMask[wanted];
  for (std::size_t i = 1; i < wanted; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return kReplacement;
    point = (point << 6U) | (byte(at + i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[wanted] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return kReplacement;
  length = wanted;
  return point;
}

}  // namespace

std::u32string Decode(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    out += PointAt(text, at, length);
    at += std::max<std::size_t>(1, length);
  }
  return out;
}

void Append(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6U));
    put(0x80 | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12U));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  } else {
    put(0xF0 | (c >> 18U));
    put(0x80 | ((c >> 12U) & 0x3FU));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  }
}

std::string Encode(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) Append(out, c);
  return out;
}

char32_t Visible(char32_t c) {
  const auto after =
      std::upper_bound(kHidden.begin(), kHidden.end(), c, [](char32_t v, const Range& r) { return v < r.first; });
  if (after == kHidden.begin()) return c;
  return c <= std::prev(after)->last ? kReplacement : c;
}

}  // namespace podwright::forge
