#include "reconciler/auth/audit_text.h"

#include <cstdint>
#include <string_view>

namespace podwright::auth {

namespace {

constexpr std::size_t kMaxField = 256;
constexpr std::size_t kMaxDetail = 4096;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

// The length of the valid UTF-8 character at the beginning; 0: there is none.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  std::uint32_t code = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return overlong || surrogate || code > 0x10ffff ? 0 : size;
}

}  // namespace

std::string CleanText(const std::string& text, std::size_t most_bytes) {
  std::string out;
  std::size_t cut = 0;  // where it would end if there is too much
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = CharacterSize(rest);
    out += size == 0 ? kReplacement : rest.substr(0, size);
    rest.remove_prefix(size == 0 ? 1 : size);
    if (out.size() + kEllipsis.size() <= most_bytes) cut = out.size();
    if (out.size() > most_bytes) {
      out.resize(cut);
      out += kEllipsis;
      break;
    }
  }
  return out;
}

AuditEvent CleanEvent(AuditEvent event) {
  for (std::string* field : {&event.actor, &event.verb, &event.workspace, &event.object, &event.outcome}) {
    *field = CleanText(*field, kMaxField);
  }
  event.detail = CleanText(event.detail, kMaxDetail);
  return event;
}

}  // namespace podwright::auth
