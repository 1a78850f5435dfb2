#include "provider/attributes.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "kinds/text.h"

namespace podwright::provider {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using kinds::Cardinality;
using kinds::Field;
using kinds::FieldType;

bool IsText(const Field& field) {
  return field.type == FieldType::kString || field.type == FieldType::kEnum ||
         field.rule.format == kinds::Format::kDuration || field.rule.format == kinds::Format::kSize;
}

sdk::Type ScalarType(const Field& field) {
  if (field.type == FieldType::kBool) return sdk::Type::Bool();
  return IsText(field) ? sdk::Type::String() : sdk::Type::Number();
}

// The text of a scalar means the same number in another unit.
bool SameQuantity(const Field& field, const std::string& a, const std::string& b) {
  if (field.rule.format == kinds::Format::kDuration) {
    const auto x = kinds::ParseDuration(a);
    const auto y = kinds::ParseDuration(b);
    return x.ok() && y.ok() && *x == *y;
  }
  if (field.rule.format == kinds::Format::kSize) {
    const auto x = kinds::ParseSize(a);
    const auto y = kinds::ParseSize(b);
    return x.ok() && y.ok() && *x == *y;
  }
  return a == b;
}

std::string Description(const Field& field) {
  std::string text = field.rule.doc;
  if (!field.rule.default_text.empty()) text += " Default: `" + field.rule.default_text + "`.";
  if (field.type == FieldType::kEnum || !field.rule.allowed.empty()) {
    text += " One of";
    std::string separator = " ";
    for (const std::string& value : field.rule.allowed) {
      text += separator + "`" + value + "`";
      separator = ", ";
    }
    for (const kinds::EnumValue& value : field.enum_values) {
      text += separator + "`" + value.text + "`";
      separator = ", ";
    }
    text += ".";
  }
  return text;
}

bool InState(const Field& field, Fields fields) {
  return fields == Fields::kAll || !field.rule.volatile_fact;
}

// One scalar of a value into a message's field (or list element, or map value).
class ScalarWriter {
 public:
  ScalarWriter(const Field& field, sdk::Diagnostics& diagnostics) : field_(field), diagnostics_(diagnostics) {}

  // `target` holds `descriptor`; `repeated` adds instead of setting.
  void Write(const sdk::Value& value, Message* target, const FieldDescriptor* descriptor, bool repeated,
             const sdk::AttributePath& path) {
    const Reflection* reflection = target->GetReflection();
    switch (descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string text = value.StringOr("");
        repeated ? reflection->AddString(target, descriptor, text) : reflection->SetString(target, descriptor, text);
        break;
      }
      case FieldDescriptor::CPPTYPE_BOOL: {
        const bool flag = value.BoolOr(false);
        repeated ? reflection->AddBool(target, descriptor, flag) : reflection->SetBool(target, descriptor, flag);
        break;
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double number = value.AsDouble().value_or(0);
        repeated ? reflection->AddDouble(target, descriptor, number)
                 : reflection->SetDouble(target, descriptor, number);
        break;
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        const Result<std::int64_t> number = Integer(value);
        if (!number.ok()) {
          diagnostics_.AddError("Wrong value", number.error(), path);
          return;
        }
        repeated ? reflection->AddInt64(target, descriptor, *number)
                 : reflection->SetInt64(target, descriptor, *number);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const kinds::EnumValue* found = field_.FindEnum(value.StringOr(""));
        if (found == nullptr) {
          diagnostics_.AddError("Wrong value", "\"" + value.StringOr("") + "\" is not allowed here.", path);
          return;
        }
        repeated ? reflection->AddEnumValue(target, descriptor, found->number)
                 : reflection->SetEnumValue(target, descriptor, found->number);
        break;
      }
      default: diagnostics_.AddError("Wrong value", "this field has a type that has no form here", path);
    }
  }

 private:
  Result<std::int64_t> Integer(const sdk::Value& value) const {
    if (field_.rule.format == kinds::Format::kDuration) return kinds::ParseDuration(value.StringOr(""));
    if (field_.rule.format == kinds::Format::kSize) return kinds::ParseSize(value.StringOr(""));
    const auto number = value.AsInt64();
    if (!number) return InvalidArgument("a whole number is needed");
    return *number;
  }

  const Field& field_;
  sdk::Diagnostics& diagnostics_;
};

// One scalar of a message as a value. `index` counts where the field is repeated.
sdk::Value ReadScalar(const Field& field, const Message& source, const FieldDescriptor* descriptor, int index,
                      const sdk::Value& prior) {
  const Reflection* reflection = source.GetReflection();
  const bool repeated = index >= 0;
  switch (descriptor->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return sdk::Value::Bool(repeated ? reflection->GetRepeatedBool(source, descriptor, index)
                                       : reflection->GetBool(source, descriptor));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return sdk::Value::Double(repeated ? reflection->GetRepeatedDouble(source, descriptor, index)
                                         : reflection->GetDouble(source, descriptor));
    case FieldDescriptor::CPPTYPE_INT64: {
      const std::int64_t number =
          repeated ? reflection->GetRepeatedInt64(source, descriptor, index) : reflection->GetInt64(source, descriptor);
      if (!IsText(field)) return sdk::Value::Int(number);
      std::string text =
          field.rule.format == kinds::Format::kSize ? kinds::FormatSize(number) : kinds::FormatDuration(number);
      if (const std::string* spelt = prior.AsString(); spelt != nullptr && SameQuantity(field, *spelt, text))
        return prior;
      return sdk::Value::String(std::move(text));
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = repeated ? reflection->GetRepeatedEnumValue(source, descriptor, index)
                                  : reflection->GetEnumValue(source, descriptor);
      const kinds::EnumValue* value = field.FindEnum(number);
      return value == nullptr ? sdk::Value::Null() : sdk::Value::String(value->text);
    }
    default:
      return sdk::Value::String(repeated ? reflection->GetRepeatedString(source, descriptor, index)
                                         : reflection->GetString(source, descriptor));
  }
}

sdk::Value ReadList(const Field& field, const Message& message, const sdk::Value& prior) {
  const int size = message.GetReflection()->FieldSize(message, field.descriptor);
  if (size == 0)
    return prior.kind() == sdk::Value::Kind::kList && prior.elements().empty() ? prior : sdk::Value::Null();
  sdk::Value::Elements elements;
  for (int i = 0; i < size; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const sdk::Value before = at < prior.elements().size() ? prior.elements()[at] : sdk::Value::Null();
    elements.push_back(ReadScalar(field, message, field.descriptor, i, before));
  }
  return sdk::Value::List(std::move(elements));
}

sdk::Value ReadMap(const Field& field, const Message& message, const sdk::Value& prior, Fields fields) {
  const Reflection* reflection = message.GetReflection();
  const int size = reflection->FieldSize(message, field.descriptor);
  if (size == 0) return prior.kind() == sdk::Value::Kind::kMap && prior.fields().empty() ? prior : sdk::Value::Null();
  sdk::Value::Fields entries;
  for (int i = 0; i < size; ++i) {
    const Message& entry = reflection->GetRepeatedMessage(message, field.descriptor, i);
    const std::string key = entry.GetReflection()->GetString(entry, field.map_key);
    entries[key] = field.type == FieldType::kMessage
                       ? FromMessage(*field.child, entry.GetReflection()->GetMessage(entry, field.map_value),
                                     prior.Get(key), fields)
                       : ReadScalar(field, entry, field.map_value, -1, prior.Get(key));
  }
  return sdk::Value::Map(std::move(entries));
}

}  // namespace

std::string AttributeName(const kinds::Schema& schema, const Field& field) {
  if (field.rule.write_only) return field.name + "_wo";
  static constexpr std::string_view kSuffix = "_version";
  if (field.name.ends_with(kSuffix)) {
    const std::string of = field.name.substr(0, field.name.size() - kSuffix.size());
    if (const Field* companion = schema.Find(of); companion != nullptr && companion->rule.write_only) {
      return of + "_wo_version";
    }
  }
  return field.name;
}

std::vector<sdk::Attribute> AttributesOf(const kinds::Schema& schema, Use use, Fields fields) {
  std::vector<sdk::Attribute> attributes;
  for (const Field& field : schema.fields()) {
    if (!InState(field, fields)) continue;
    if (use == Use::kComputed && field.rule.write_only) continue;
    sdk::Attribute attribute;
    attribute.name = AttributeName(schema, field);
    attribute.description = Description(field);
    attribute.sensitive = field.rule.sensitive;
    if (use == Use::kComputed) {
      attribute.computed = true;
    } else {
      attribute.required = field.rule.required;
      attribute.optional = !field.rule.required;
      attribute.write_only = field.rule.write_only;
    }
    if (field.type == FieldType::kMessage) {
      attribute.nesting = field.cardinality == Cardinality::kMap ? sdk::Nesting::kMap : sdk::Nesting::kSingle;
      attribute.attributes = AttributesOf(*field.child, use, fields);
    } else {
      const sdk::Type scalar = ScalarType(field);
      attribute.type = field.cardinality == Cardinality::kList  ? sdk::Type::List(scalar)
                       : field.cardinality == Cardinality::kMap ? sdk::Type::Map(scalar)
                                                                : scalar;
      if (field.cardinality == Cardinality::kSingle && IsText(field) && field.type == FieldType::kInt64) {
        attribute.semantic_equal = [&field](const sdk::Value& a, const sdk::Value& b) {
          return SameQuantity(field, a.StringOr(""), b.StringOr(""));
        };
      }
    }
    attributes.push_back(std::move(attribute));
  }
  return attributes;
}

void ToMessage(const kinds::Schema& schema, const sdk::Value& object, Message* message, bool* has_unknown,
               sdk::Diagnostics& diagnostics, const sdk::AttributePath& base) {
  const auto unknown = [has_unknown] {
    if (has_unknown != nullptr) *has_unknown = true;
  };
  const Reflection* reflection = message->GetReflection();
  for (const Field& field : schema.fields()) {
    const std::string name = AttributeName(schema, field);
    const sdk::Value& value = object.Get(name);
    const sdk::AttributePath path = base.Attribute(name);
    if (value.is_unknown()) unknown();
    if (!value.has_value()) continue;
    ScalarWriter writer(field, diagnostics);
    if (field.cardinality == Cardinality::kList) {
      std::int64_t index = 0;
      for (const sdk::Value& element : value.elements()) {
        const sdk::AttributePath at = path.Index(index++);
        if (element.is_unknown()) unknown();
        if (element.is_null()) diagnostics.AddError("Wrong value", "an element of a list may not be null", at);
        if (element.has_value()) writer.Write(element, message, field.descriptor, true, at);
      }
    } else if (field.cardinality == Cardinality::kMap) {
      for (const auto& [key, element] : value.fields()) {
        const sdk::AttributePath at = path.Key(key);
        if (element.is_unknown()) unknown();
        if (element.is_null())
          diagnostics.AddError("Wrong value", "a value of a map may not be null; leave the key out", at);
        if (!element.has_value()) continue;
        Message* entry = reflection->AddMessage(message, field.descriptor);
        entry->GetReflection()->SetString(entry, field.map_key, key);
        if (field.type == FieldType::kMessage) {
          ToMessage(*field.child, element, entry->GetReflection()->MutableMessage(entry, field.map_value), has_unknown,
                    diagnostics, at);
        } else {
          writer.Write(element, entry, field.map_value, false, at);
        }
      }
    } else if (field.type == FieldType::kMessage) {
      ToMessage(*field.child, value, reflection->MutableMessage(message, field.descriptor), has_unknown, diagnostics,
                path);
    } else {
      writer.Write(value, message, field.descriptor, false, path);
    }
  }
}

sdk::Value FromMessage(const kinds::Schema& schema, const Message& message, const sdk::Value& prior, Fields fields) {
  const Reflection* reflection = message.GetReflection();
  sdk::Value::Fields object;
  for (const Field& field : schema.fields()) {
    if (!InState(field, fields)) continue;
    const std::string name = AttributeName(schema, field);
    sdk::Value& value = object[name];
    if (field.rule.write_only) continue;
    if (field.cardinality == Cardinality::kList) {
      value = ReadList(field, message, prior.Get(name));
    } else if (field.cardinality == Cardinality::kMap) {
      value = ReadMap(field, message, prior.Get(name), fields);
    } else if (reflection->HasField(message, field.descriptor)) {
      value =
          field.type == FieldType::kMessage
              ? FromMessage(*field.child, reflection->GetMessage(message, field.descriptor), prior.Get(name), fields)
              : ReadScalar(field, message, field.descriptor, -1, prior.Get(name));
    }
  }
  return sdk::Value::Object(std::move(object));
}

sdk::AttributePath ToAttributePath(const kinds::Schema& schema, const kinds::Path& path) {
  sdk::AttributePath result;
  const kinds::Schema* at = &schema;
  for (const kinds::Path::Step& step : path.steps()) {
    switch (step.kind) {
      case kinds::Path::StepKind::kAttribute: {
        const Field* field = at == nullptr ? nullptr : at->Find(step.name);
        result = result.Attribute(field == nullptr ? step.name : AttributeName(*at, *field));
        at = field == nullptr ? nullptr : field->child;
        break;
      }
      case kinds::Path::StepKind::kKey: result = result.Key(step.name); break;
      case kinds::Path::StepKind::kIndex: result = result.Index(static_cast<std::int64_t>(step.index)); break;
    }
  }
  return result;
}

void AddKindDiagnostics(const kinds::Schema& schema, const kinds::Diagnostics& from, std::string_view object,
                        sdk::Diagnostics& to) {
  for (const kinds::Diagnostic& item : from) {
    sdk::Diagnostic diagnostic;
    diagnostic.severity = item.severity == kinds::Severity::kError ? sdk::Severity::kError : sdk::Severity::kWarning;
    diagnostic.summary = std::string(object) + ": " + item.message;
    diagnostic.detail = item.suggestion;
    diagnostic.path = ToAttributePath(schema, item.path);
    to.Add(std::move(diagnostic));
  }
}

}  // namespace podwright::provider
