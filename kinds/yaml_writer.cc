#include <google/protobuf/message.h>

#include "kinds/loader.h"
#include "kinds/registry.h"
#include "kinds/scalar.h"
#include "kinds/text.h"
#include "kinds/yaml_text.h"

namespace podwright::kinds {
namespace {

using google::protobuf::Message;

constexpr std::size_t kLongestLine = 100;

class YamlWriter {
 public:
  YamlWriter(Secrets secrets, std::string* out) : secrets_(secrets), out_(*out) {}

  // False when nothing is set.
  bool Fields(const Schema& schema, const Message& message, std::size_t indent) {
    bool any = false;
    for (const Field& field : schema.fields()) {
      if (!IsSet(message, field) || (field.rule.write_only && secrets_ == Secrets::kShow)) continue;
      if (!any) out_ += '\n';
      any = true;
      out_.append(indent, ' ');
      out_ += field.name + ":";
      if (field.rule.write_only || (field.rule.sensitive && secrets_ == Secrets::kHide)) {
        out_ += " " + QuoteYaml(kSensitive) + "\n";
      } else if (field.cardinality == Cardinality::kList) {
        List(field, message, indent + 2);
      } else if (field.cardinality == Cardinality::kMap) {
        Map(field, message, indent + 2);
      } else if (field.child != nullptr) {
        Child(field, message.GetReflection()->GetMessage(message, field.descriptor), indent + 2);
      } else {
        Value(field, GetScalar(message, field), indent + 2);
      }
    }
    return any;
  }

 private:
  void Child(const Field& field, const Message& child, std::size_t indent) {
    if (!Fields(*field.child, child, indent)) out_ += " {}\n";
  }

  void Map(const Field& field, const Message& message, std::size_t indent) {
    out_ += '\n';
    for (const auto& [key, entry] : SortedEntries(message, field)) {
      out_.append(indent, ' ');
      out_ += YamlScalar(key) + ":";
      if (field.child != nullptr) {
        Child(field, EntryMessage(*entry, field), indent + 2);
      } else {
        Value(field, GetMapValue(*entry, field), indent + 2);
      }
    }
  }

  void List(const Field& field, const Message& message, std::size_t indent) {
    const int size = message.GetReflection()->FieldSize(message, field.descriptor);
    std::vector<std::string> elements;
    std::size_t length = 0;
    for (int i = 0; i < size; ++i) {
      elements.push_back(Inline(field, GetElement(message, field, i)));
      length += elements.back().size() + 2;
    }
    if (indent + length <= kLongestLine) {
      std::string line;
      for (const std::string& element : elements) line += (line.empty() ? "" : ", ") + element;
      out_ += " [" + line + "]\n";
      return;
    }
    out_ += '\n';
    for (const std::string& element : elements) {
      out_.append(indent, ' ');
      out_ += "- " + element + "\n";
    }
  }

  static std::string Inline(const Field& field, const Scalar& value) {
    const std::string text = FormatScalar(field, value);
    return field.type == FieldType::kString || field.type == FieldType::kEnum ? YamlScalar(text) : text;
  }

  void Value(const Field& field, const Scalar& value, std::size_t indent) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || !FitsBlock(*text)) {
      out_ += " " + Inline(field, value) + "\n";
      return;
    }
    out_ += text->ends_with('\n') ? " |\n" : " |-\n";
    for (std::size_t at = 0; at < text->size();) {
      const std::size_t end = std::min(text->find('\n', at), text->size());
      if (end > at) {
        out_.append(indent, ' ');
        out_.append(*text, at, end - at);
      }
      out_ += '\n';
      at = end + 1;
    }
  }

  Secrets secrets_;
  std::string& out_;
};

}  // namespace

std::string ToYaml(const Kind& kind, std::string_view name, const std::map<std::string, std::string>& labels,
                   const Message& spec, Secrets secrets) {
  std::string out = "apiVersion: " + std::string(kApiVersion) + "\nkind: " + kind.yaml_name() +
                    "\nmetadata:\n  name: " + YamlScalar(name) + "\n";
  if (!labels.empty()) out += "  labels:\n";
  for (const auto& [key, value] : labels) out += "    " + YamlScalar(key) + ": " + YamlScalar(value) + "\n";
  out += "spec:";
  if (!YamlWriter(secrets, &out).Fields(kind.schema(), spec, 2)) out += " {}\n";
  return out;
}

}  // namespace podwright::kinds
