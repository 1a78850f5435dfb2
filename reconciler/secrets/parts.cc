#include "reconciler/secrets/parts.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace podwright::secrets {

using crypto::SecretString;

namespace {

constexpr std::size_t kMaxNameBytes = 63;
constexpr std::size_t kLengthBytes = 4;

char* PutText(char* at, std::string_view text) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) *at++ = static_cast<char>(text.size() >> (8 * (kLengthBytes - 1 - i)));
  std::copy(text.begin(), text.end(), at);
  return at + text.size();
}

// Takes one text off the front.
std::optional<std::string_view> TakeText(std::string_view& rest) {
  if (rest.size() < kLengthBytes) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length = length << 8U | static_cast<unsigned char>(rest[i]);
  rest.remove_prefix(kLengthBytes);
  if (rest.size() < length) return std::nullopt;
  const std::string_view text = rest.substr(0, length);
  rest.remove_prefix(length);
  return text;
}

}  // namespace

bool IsPartName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

Result<SecretString> EncodeParts(const Parts& parts) {
  if (parts.empty() || parts.size() > kMaxParts) {
    return InvalidArgument("a secret has 1 to " + std::to_string(kMaxParts) + " parts");
  }
  std::size_t size = 0;
  for (const auto& [name, value] : parts) {
    if (!IsPartName(name)) {
      return InvalidArgument("\"" + name.substr(0, 100) +
                             "\" is no name of a part: lower-case letters, digits, \"_\", \"-\" and \".\", at most 63, "
                             "beginning with a letter");
    }
    size += 2 * kLengthBytes + name.size() + value.size();
  }
  SecretString out(size);
  char* at = out.data();
  for (const auto& [name, value] : parts) at = PutText(PutText(at, name), value.Reveal());
  return out;
}

Result<Parts> DecodeParts(const SecretString& encoded) {
  Parts out;
  std::string_view rest = encoded.Reveal();
  while (!rest.empty()) {
    const auto name = TakeText(rest);
    const auto value = name ? TakeText(rest) : std::nullopt;
    if (!value) return DataLoss("the parts of a secret are damaged");
    out[std::string(*name)] = SecretString(*value);
  }
  return out;
}

Result<SecretString> PartOf(const SecretString& encoded, const std::string& name) {
  PW_ASSIGN(Parts parts, DecodeParts(encoded));
  const auto it = parts.find(name);
  if (it == parts.end()) return NotFound("there is no part \"" + name + "\"");
  return std::move(it->second);
}

Status CheckNames(const Parts& parts, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!parts.contains(name)) return InvalidArgument("the part \"" + name + "\" is missing");
  }
  for (const auto& [name, value] : parts) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return InvalidArgument("the secret has no part \"" + name.substr(0, 100) + "\": `parts` of its spec names them");
    }
    if (value.empty()) return InvalidArgument("the part \"" + name + "\" is empty");
  }
  return Ok();
}

Result<Parts> PartsFromJson(std::string_view json, const std::vector<std::string>& names) {
  nlohmann::json object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) {
    return InvalidArgument("the value of a secret with parts is a JSON object with their names and texts");
  }
  Parts parts;
  Status wrong = Ok();
  for (auto& [name, value] : object.items()) {
    if (!value.is_string()) {
      wrong = InvalidArgument("the part \"" + name.substr(0, 100) + "\" is no text");
      continue;
    }
    auto& text = value.get_ref<std::string&>();
    parts[name] = SecretString(std::string_view(text));
    text.assign(text.size(), '\0');
  }
  PW_TRY(wrong);
  PW_TRY(CheckNames(parts, names));
  return parts;
}

std::vector<std::string> NamesOf(const Parts& parts) {
  std::vector<std::string> names;
  for (const auto& [name, value] : parts) names.push_back(name);
  return names;
}

}  // namespace podwright::secrets
