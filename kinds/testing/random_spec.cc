#include "kinds/testing/random_spec.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "kinds/registry.h"
#include "kinds/scalar.h"
#include "kinds/testing/pattern_text.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Message;

// What writers and readers of YAML and JSON stumble over.
constexpr std::array<std::string_view, 36> kPieces = {
    "off", "yes", "null",    "~",    "1.10",   "0x1f",  "007",    "-",  "- x",   "? y", ": z",   "a: b",
    "#c",  " #d", "\n",      "\n\n", "line\n", " lead", "trail ", "\t", "\"q\"", "'s'", "\\",    "\\n",
    "---", "...", "\n---\n", "%TAG", "&a",     "*b",    "!t",     "<<", "{x}",   "[y]", "grün€", "\xf0\x9f\x98\x80"};

class Generator {
 public:
  explicit Generator(SeededRandom* random) : random_(*random) {}

  void Fill(const Schema& schema, Message* message) {
    std::set<std::string> groups;
    for (const OneOfGroup& group : schema.groups()) {
      const std::size_t choice = Below(group.members.size() + (group.optional ? 1 : 0));
      if (choice < group.members.size()) SetField(*group.members[choice], message);
    }
    for (const Field& field : schema.fields()) {
      if (!field.rule.one_of_group.empty() || field.rule.write_only) continue;
      const bool needed =
          field.rule.required || (field.cardinality != Cardinality::kSingle && field.rule.min.value_or(0) > 0);
      if (needed || Below(3) > 0) SetField(field, message);
    }
  }

 private:
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(random_.Below(bound)); }

  void SetField(const Field& field, Message* message) {
    if (field.rule.write_only) return;
    if (field.cardinality == Cardinality::kSingle) {
      if (field.child != nullptr) {
        Fill(*field.child, message->GetReflection()->MutableMessage(message, field.descriptor));
      } else {
        SetScalar(message, field, Value(field));
      }
      return;
    }
    const auto least = static_cast<std::size_t>(field.rule.min.value_or(0));
    const auto most = std::min<std::size_t>(static_cast<std::size_t>(field.rule.max.value_or(6)), least + 6);
    const std::size_t count = least + Below(most - least + 1);
    std::set<std::string> used;
    for (std::size_t i = 0; i < count; ++i) {
      if (field.cardinality == Cardinality::kMap) {
        const std::string key = Key(field);
        if (!used.insert(key).second) continue;
        if (field.child != nullptr) {
          Fill(*field.child, AddMapEntry(message, field, key, nullptr));
        } else {
          const Scalar value = Value(field);
          AddMapEntry(message, field, key, &value);
        }
        continue;
      }
      const Scalar value = Value(field);
      const auto* text = std::get_if<std::string>(&value);
      if (!field.rule.references.empty() && !used.insert(*text).second) continue;
      AddElement(message, field, value);
    }
  }

  Scalar Value(const Field& field) {
    switch (field.type) {
      case FieldType::kBool: return Below(2) == 1;
      case FieldType::kInt64: return Integer(field);
      case FieldType::kDouble:
        return static_cast<double>(static_cast<std::int64_t>(Below(2000001)) - 1000000) / 64.0 * 1.1;
      case FieldType::kEnum: return EnumNumber{field.enum_values[Below(field.enum_values.size())].number};
      default: return Text(field);
    }
  }

  std::int64_t Integer(const Field& field) {
    const bool unit = field.rule.format != Format::kNone;
    const bool single = field.cardinality == Cardinality::kSingle;
    const std::int64_t least = single && field.rule.min ? *field.rule.min : (unit ? 0 : -1'000'000);
    const std::int64_t most = single && field.rule.max ? *field.rule.max : 1'000'000'000;
    const auto span = static_cast<std::uint64_t>(most - least) + 1;
    std::int64_t value = least + static_cast<std::int64_t>(random_.Below(span));
    if (unit && Below(2) == 0) value -= value % 1000;
    return std::max(value, least);
  }

  std::string Text(const Field& field) {
    const Rule& rule = field.rule;
    if (!rule.allowed.empty()) return rule.allowed[Below(rule.allowed.size())];
    if (!rule.pattern.empty()) return PatternText(rule.pattern.text(), &random_);
    if (rule.format != Format::kNone) return Formatted(rule.format);
    if (!rule.references.empty()) return ReferenceText(rule.references);
    std::string text;
    for (std::size_t i = Below(6); i > 0; --i) text += kPieces[Below(kPieces.size())];
    const std::size_t most = rule.max_length > 0 ? static_cast<std::size_t>(rule.max_length) : 1000;
    return text.size() > most ? std::string(most, 'x') : text;
  }

  std::string Key(const Field& field) {
    const Rule& rule = field.rule;
    if (!rule.key_pattern.empty()) return PatternText(rule.key_pattern.text(), &random_);
    if (rule.key_format != Format::kNone) return Formatted(rule.key_format);
    if (!rule.key_references.empty()) return ReferenceText(rule.key_references);
    std::string key = "k" + std::to_string(Below(100));
    for (std::size_t i = Below(3); i > 0; --i) key += kPieces[Below(kPieces.size())];
    if (Below(2) == 0) key = std::string(kPieces[Below(kPieces.size())]) + key;
    std::replace_if(
        key.begin(), key.end(), [](char c) { return c == '\n' || c == '\t'; }, '.');
    return key;
  }

  std::string ReferenceText(const std::vector<std::string>& kinds) {
    const std::string name = Formatted(Format::kName);
    return kinds.size() == 1 ? name : kinds[Below(kinds.size())] + "/" + name;
  }

  std::string Formatted(Format format) {
    switch (format) {
      case Format::kPath: return PatternText("^(/[A-Za-z0-9 :#_-]{1,12}){1,4}$", &random_);
      case Format::kFileMode: return PatternText("^[0-7]{4}$", &random_);
      case Format::kCidr: {
        const std::string byte = std::to_string(Below(256));
        return Below(2) == 0 ? "10." + byte + ".0.0/16" : "2001:db8:" + byte + "::/48";
      }
      default: return PatternText("^[a-z][a-z0-9-]{0,12}$", &random_);
    }
  }

  SeededRandom& random_;
};

}  // namespace

std::unique_ptr<Message> RandomSpec(const Kind& kind, SeededRandom* random) {
  std::unique_ptr<Message> spec = kind.NewSpec();
  Generator(random).Fill(kind.schema(), spec.get());
  return spec;
}

}  // namespace podwright::kinds
