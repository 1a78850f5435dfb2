#include <arpa/inet.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "kinds/names.h"
#include "kinds/scalar.h"
#include "kinds/text.h"
#include "kinds/validate.h"

namespace podwright::kinds {
namespace {

constexpr std::size_t kMaxKeyBytes = 512;
constexpr std::size_t kMaxPathBytes = 4095;
constexpr std::size_t kMaxStringBytes = 1 << 20;

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string JoinQuoted(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "`" : ", `") + text + "`";
  return out;
}

std::string NormalisedPath(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    at = end + 1;
  }
  std::string out;
  for (const std::string_view part : parts) out += "/" + std::string(part);
  return out.empty() ? "/" : out;
}

Problems CheckPath(std::string_view text) {
  if (HasControlCharacter(text)) return {{"a path has no control characters", ""}};
  if (text.size() > kMaxPathBytes) return {{"the path is longer than 4095 bytes", ""}};
  if (!text.starts_with('/')) return {{"the path is not absolute", "write it from the root: /etc/motd"}};
  const std::string normal = NormalisedPath(text);
  if (normal != text) return {{"the path is not in its normal form", "write " + normal}};
  return {};
}

Problems CheckFileMode(std::string_view text) {
  const bool octal = text.size() == 4 && text.find_first_not_of("01234567") == std::string_view::npos;
  if (octal) return {};
  const bool three = text.size() == 3 && text.find_first_not_of("01234567") == std::string_view::npos;
  return {
      {"a file mode is four octal digits", three ? "write \"0" + std::string(text) + "\"" : "for example \"0644\""}};
}

// Fills `bytes`, returns how many: 4, 16, or 0 for no address.
std::size_t ParseAddress(const std::string& text, std::array<unsigned char, 16>* bytes) {
  if (inet_pton(AF_INET, text.c_str(), bytes->data()) == 1) return 4;
  if (inet_pton(AF_INET6, text.c_str(), bytes->data()) == 1) return 16;
  return 0;
}

Problems CheckCidr(std::string_view text) {
  static const char kForm[] = "a network is an address and a prefix length: 10.0.0.0/8, 2001:db8::/32";
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, 16> bytes{};
  const std::size_t count = address.find('\0') == std::string::npos ? ParseAddress(address, &bytes) : 0;
  if (count == 0) return {{kForm, ""}};
  if (slash == std::string_view::npos) {
    return {{kForm, "for one address write " + address + (count == 4 ? "/32" : "/128")}};
  }
  const auto length = ParseInt64(text.substr(slash + 1));
  if (!length.ok() || *length < 0 || *length > static_cast<std::int64_t>(count) * 8) return {{kForm, ""}};
  const auto original = bytes;
  for (std::size_t bit = static_cast<std::size_t>(*length); bit < count * 8; ++bit) {
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  }
  if (bytes == original) return {};
  std::array<char, INET6_ADDRSTRLEN> network{};
  inet_ntop(count == 4 ? AF_INET : AF_INET6, bytes.data(), network.data(), static_cast<socklen_t>(network.size()));
  return {{"the address has bits beyond the prefix length",
           "write " + std::string(network.data()) + "/" + std::to_string(*length)}};
}

Problems CheckFormat(Format format, std::string_view text) {
  switch (format) {
    case Format::kPath: return CheckPath(text);
    case Format::kFileMode: return CheckFileMode(text);
    case Format::kCidr: return CheckCidr(text);
    case Format::kName:
      if (!IsValidName(text)) return {{"a name matches ^[a-z][a-z0-9-]{0,62}$", ""}};
      return {};
    default: return {};
  }
}

Problems CheckReference(const std::vector<std::string>& kinds, std::string_view text) {
  if (kinds.empty()) return {};
  if (kinds.size() == 1) {
    if (IsValidName(text)) return {};
    return {{"expected the name of a " + kinds[0] + ", which matches ^[a-z][a-z0-9-]{0,62}$", ""}};
  }
  std::string kind;
  std::string name;
  if (!SplitReference(text, &kind, &name) || !IsValidName(name)) {
    return {{"expected KIND/NAME of one of the kinds " + JoinQuoted(kinds), "for example " + kinds[0] + "/web-1"}};
  }
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    return {{"it cannot refer to a " + kind + ", only to " + JoinQuoted(kinds), ""}};
  }
  return {};
}

Problems CheckString(const Field& field, std::string_view text) {
  const Rule& rule = field.rule;
  if (FindInvalidUtf8(text) != std::string_view::npos) return {{"the text is not UTF-8", ""}};
  if (text.find('\0') != std::string_view::npos) return {{"the text holds a NUL character", ""}};
  Problems problems;
  const std::size_t most = rule.max_length > 0 ? static_cast<std::size_t>(rule.max_length) : kMaxStringBytes;
  if (text.size() > most) {
    problems.push_back(
        {"the text has " + std::to_string(text.size()) + " bytes; at most " + std::to_string(most) + " are allowed",
         ""});
    return problems;
  }
  if (!rule.allowed.empty() && std::find(rule.allowed.begin(), rule.allowed.end(), text) == rule.allowed.end()) {
    const std::string near = Nearest(text, rule.allowed);
    problems.push_back(
        {"expected one of " + JoinQuoted(rule.allowed), near.empty() ? "" : "did you mean `" + near + "`?"});
  }
  if (!rule.pattern.Matches(text)) problems.push_back({"the text does not match " + rule.pattern.text(), ""});
  for (Problem& problem : CheckFormat(rule.format, text)) problems.push_back(std::move(problem));
  for (Problem& problem : CheckReference(rule.references, text)) problems.push_back(std::move(problem));
  return problems;
}

Problems CheckInt64(const Field& field, std::int64_t value) {
  const Rule& rule = field.rule;
  const bool unit = rule.format == Format::kDuration || rule.format == Format::kSize;
  const auto text = [&](std::int64_t number) { return FormatScalar(field, Scalar(number)); };
  if (unit && value < 0) return {{"it cannot be negative", ""}};
  if (field.cardinality != Cardinality::kSingle) return {};  // min and max are the size's
  if (rule.min && value < *rule.min)
    return {{text(value) + " is less than the smallest value, " + text(*rule.min), ""}};
  if (rule.max && value > *rule.max) return {{text(value) + " is more than the largest value, " + text(*rule.max), ""}};
  return {};
}

Problems CheckDouble(const Field& field, double value) {
  const Rule& rule = field.rule;
  if (!std::isfinite(value)) return {{"the number is not finite", ""}};
  if (field.cardinality != Cardinality::kSingle) return {};
  if (rule.min && value < static_cast<double>(*rule.min)) {
    return {{FormatDouble(value) + " is less than the smallest value, " + std::to_string(*rule.min), ""}};
  }
  if (rule.max && value > static_cast<double>(*rule.max)) {
    return {{FormatDouble(value) + " is more than the largest value, " + std::to_string(*rule.max), ""}};
  }
  return {};
}

}  // namespace

Problems CheckScalar(const Field& field, const Scalar& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return CheckString(field, *text);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return CheckInt64(field, *integer);
  if (const auto* number = std::get_if<double>(&value)) return CheckDouble(field, *number);
  if (const auto* number = std::get_if<EnumNumber>(&value)) {
    if (field.FindEnum(number->number) == nullptr) {
      return {{"the value " + std::to_string(number->number) + " is not known here: a newer program is needed", ""}};
    }
  }
  return {};
}

Problems CheckKey(const Field& field, std::string_view key) {
  const Rule& rule = field.rule;
  if (FindInvalidUtf8(key) != std::string_view::npos) return {{"the key is not UTF-8", ""}};
  if (key.empty()) return {{"the key is empty", ""}};
  if (HasControlCharacter(key)) return {{"the key has control characters", ""}};
  if (key.size() > kMaxKeyBytes) return {{"the key is longer than " + std::to_string(kMaxKeyBytes) + " bytes", ""}};
  Problems problems;
  if (!rule.key_pattern.Matches(key)) problems.push_back({"the key does not match " + rule.key_pattern.text(), ""});
  for (Problem& problem : CheckFormat(rule.key_format, key)) problems.push_back(std::move(problem));
  for (Problem& problem : CheckReference(rule.key_references, key)) problems.push_back(std::move(problem));
  return problems;
}

bool SplitReference(std::string_view text, std::string* kind, std::string* name) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  *kind = text.substr(0, slash);
  *name = text.substr(slash + 1);
  return !kind->empty() && !name->empty();
}

std::size_t FindInvalidUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || i + length > text.size()) return i;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80U) return i;
    }
    const auto second = static_cast<unsigned char>(text[i + 1]);
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f)) {
      return i;
    }
    i += length;
  }
  return std::string_view::npos;
}

}  // namespace podwright::kinds
