#include "kinds/diff.h"

#include <google/protobuf/message.h>

#include <map>
#include <utility>

#include "kinds/scalar.h"
#include "kinds/yaml_text.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Message;

constexpr std::size_t kLongest = 200;  // a difference is a line for people, not the whole file

std::string Shown(const Field& field, const Scalar& value) {
  std::string text = FormatScalar(field, value);
  if (field.type != FieldType::kString) return text;
  std::size_t cut = text.size();
  if (cut > kLongest) {
    cut = kLongest;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0U) == 0x80U) --cut;
  }
  const std::size_t left_out = text.size() - cut;
  text = QuoteYaml(std::string_view(text).substr(0, cut));
  if (left_out > 0) text += " … and " + std::to_string(left_out) + " bytes more";
  return text;
}

class Differ {
 public:
  explicit Differ(std::vector<Difference>* out) : out_(*out) {}

  // Null is unset.
  void Walk(const Schema& schema, const Message* before, const Message* after, const Path& path) {
    for (const Field& field : schema.fields()) {
      const Message* old_side = before != nullptr && IsSet(*before, field) ? before : nullptr;
      const Message* new_side = after != nullptr && IsSet(*after, field) ? after : nullptr;
      if (old_side == nullptr && new_side == nullptr) continue;
      const Path at = path.Attribute(field.name);
      switch (field.cardinality) {
        case Cardinality::kSingle: Single(field, old_side, new_side, at); break;
        case Cardinality::kList: Leaf(field, ListText(field, old_side), ListText(field, new_side), at); break;
        case Cardinality::kMap: Map(field, old_side, new_side, at); break;
      }
    }
  }

 private:
  void Single(const Field& field, const Message* before, const Message* after, const Path& at) {
    if (field.child == nullptr) {
      const std::string old_full = before != nullptr ? "=" + FormatScalar(field, GetScalar(*before, field)) : "";
      const std::string new_full = after != nullptr ? "=" + FormatScalar(field, GetScalar(*after, field)) : "";
      if (old_full == new_full) return;
      Add(field, before != nullptr ? Shown(field, GetScalar(*before, field)) : "",
          after != nullptr ? Shown(field, GetScalar(*after, field)) : "", at);
      return;
    }
    const auto side = [&](const Message* message) {
      return message == nullptr ? nullptr : &message->GetReflection()->GetMessage(*message, field.descriptor);
    };
    Child(field, side(before), side(after), at);
  }

  void Child(const Field& field, const Message* before, const Message* after, const Path& at) {
    const std::size_t count = out_.size();
    Walk(*field.child, before, after, at);
    // An empty object that comes or goes has no field to show it.
    if (out_.size() == count && (before == nullptr) != (after == nullptr)) {
      Add(field, before != nullptr ? "{}" : "", after != nullptr ? "{}" : "", at);
    }
  }

  void Map(const Field& field, const Message* before, const Message* after, const Path& at) {
    std::map<std::string, std::pair<const Message*, const Message*>> sides;
    if (before != nullptr) {
      for (const auto& [key, entry] : SortedEntries(*before, field)) sides[key].first = entry;
    }
    if (after != nullptr) {
      for (const auto& [key, entry] : SortedEntries(*after, field)) sides[key].second = entry;
    }
    for (const auto& [key, entries] : sides) {
      const auto& [old_entry, new_entry] = entries;
      if (field.child != nullptr) {
        Child(field, old_entry != nullptr ? &EntryMessage(*old_entry, field) : nullptr,
              new_entry != nullptr ? &EntryMessage(*new_entry, field) : nullptr, at.Key(key));
        continue;
      }
      if (old_entry != nullptr && new_entry != nullptr &&
          GetMapValue(*old_entry, field) == GetMapValue(*new_entry, field)) {
        continue;
      }
      Add(field, old_entry != nullptr ? Shown(field, GetMapValue(*old_entry, field)) : "",
          new_entry != nullptr ? Shown(field, GetMapValue(*new_entry, field)) : "", at.Key(key));
    }
  }

  static std::string ListText(const Field& field, const Message* message) {
    if (message == nullptr) return {};
    std::string text;
    const int size = message->GetReflection()->FieldSize(*message, field.descriptor);
    for (int i = 0; i < size; ++i) {
      const std::string element = FormatScalar(field, GetElement(*message, field, i));
      text += (text.empty() ? "[" : ", ") + (field.type == FieldType::kString ? QuoteYaml(element) : element);
    }
    return text + "]";
  }

  void Leaf(const Field& field, std::string before, std::string after, const Path& at) {
    if (before != after) Add(field, std::move(before), std::move(after), at);
  }

  void Add(const Field& field, std::string before, std::string after, const Path& at) {
    const bool sensitive = field.rule.sensitive || field.rule.write_only;
    if (sensitive && !before.empty()) before = kSensitive;
    if (sensitive && !after.empty()) after = kSensitive;
    out_.push_back({at, std::move(before), std::move(after), sensitive});
  }

  std::vector<Difference>& out_;
};

}  // namespace

std::string Difference::ToString() const {
  const auto shown = [](const std::string& text) { return text.empty() ? std::string("(unset)") : text; };
  if (sensitive && before == after) return path.ToString() + ": (sensitive, changed)";
  return path.ToString() + ": " + shown(before) + " → " + shown(after);
}

std::vector<Difference> Diff(const Schema& schema, const Message& before, const Message& after) {
  std::vector<Difference> out;
  Differ(&out).Walk(schema, &before, &after, Path());
  return out;
}

}  // namespace podwright::kinds
