#include "provider/sdk/logic/made_up.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "provider/sdk/logic/normalize.h"

namespace podwright::sdk::logic {
namespace {

constexpr char kText[] = "x";

class Maker {
 public:
  bool found_all() const { return found_all_; }

  Value Object(const Attributes& attributes, const Value& object) {
    if (!object.has_value()) return object;
    Value result = object;
    for (const Attribute& attribute : attributes) {
      const Value& field = object.Get(attribute.name);
      if (!field.IsWhollyKnown()) result.SetField(attribute.name, Field(attribute, field));
    }
    return result;
  }

 private:
  Value Field(const Attribute& attribute, const Value& field) {
    if (attribute.nesting == Nesting::kNone) return Plain(attribute.type, field);
    if (field.is_unknown()) return Kept(field.refinement(), Nested(attribute));
    const auto make = [&](const Value& object, const AttributePath&) { return Object(attribute.attributes, object); };
    Value made = MapNested(attribute, field, {}, make);
    // What is left are elements that are unknown as a whole.
    Value::Elements elements;
    for (const Value& element : made.elements()) {
      elements.push_back(element.is_unknown() ? NewObject(attribute.attributes) : element);
    }
    if (made.kind() == Value::Kind::kList) return Value::List(std::move(elements));
    if (made.kind() == Value::Kind::kSet) return Value::Set(std::move(elements));
    if (made.kind() != Value::Kind::kMap) return made;
    Value::Fields fields = made.fields();
    for (auto& [key, element] : fields) {
      if (element.is_unknown()) element = NewObject(attribute.attributes);
    }
    return Value::Map(std::move(fields));
  }

  Value Nested(const Attribute& attribute) {
    Value object = NewObject(attribute.attributes);
    switch (attribute.nesting) {
      case Nesting::kList: return Value::List({std::move(object)});
      case Nesting::kSet: return Value::Set({std::move(object)});
      case Nesting::kMap: return Value::Map({{kText, std::move(object)}});
      default: return object;
    }
  }

  // With what must be there and nothing else.
  Value NewObject(const Attributes& attributes) {
    Value::Fields fields;
    for (const Attribute& attribute : attributes) {
      const bool needed = attribute.required || attribute.min_items > 0;
      fields.emplace(attribute.name, needed ? Field(attribute, Value::Unknown()) : Value::Null());
    }
    return Returnable(attributes, Value::Object(std::move(fields)));
  }

  Value Plain(const Type& type, const Value& value) {
    if (value.is_unknown()) return Kept(value.refinement(), New(type, value.refinement()));
    if (value.IsWhollyKnown()) return value;
    if (value.kind() == Value::Kind::kDynamic) {
      return Value::Dynamic(value.dynamic_type(), Plain(value.dynamic_type(), value.dynamic_value()));
    }
    Value::Elements elements;
    for (const Value& element : value.elements()) {
      const std::size_t at = elements.size();
      const bool own = type.kind() == Type::Kind::kTuple && at < type.elements().size();
      elements.push_back(Plain(own ? type.elements()[at] : type.element(), element));
    }
    Value::Fields fields;
    for (const auto& [name, field] : value.fields()) {
      const auto own = type.attributes().find(name);
      fields.emplace(name, Plain(own == type.attributes().end() ? type.element() : own->second, field));
    }
    switch (value.kind()) {
      case Value::Kind::kList: return Value::List(std::move(elements));
      case Value::Kind::kSet: return Value::Set(std::move(elements));
      case Value::Kind::kTuple: return Value::Tuple(std::move(elements));
      case Value::Kind::kMap: return Value::Map(std::move(fields));
      default: return Value::Object(std::move(fields));
    }
  }

  Value New(const Type& type, const Refinement* promised) {
    switch (type.kind()) {
      case Type::Kind::kDynamic: return Value::Dynamic(Type::String(), Value::String(kText));
      case Type::Kind::kBool: return Value::Bool(true);
      case Type::Kind::kNumber:
        if (promised != nullptr && promised->min) return Value::Number(promised->min->value);
        if (promised != nullptr && promised->max) return Value::Number(promised->max->value);
        return Value::Int(1);
      case Type::Kind::kString: return Value::String((promised != nullptr ? promised->prefix : "") + kText);
      case Type::Kind::kList: return Value::List({New(type.element(), nullptr)});
      case Type::Kind::kSet: return Value::Set({New(type.element(), nullptr)});
      case Type::Kind::kMap: return Value::Map({{kText, New(type.element(), nullptr)}});
      case Type::Kind::kTuple: {
        Value::Elements elements;
        for (const Type& element : type.elements()) elements.push_back(New(element, nullptr));
        return Value::Tuple(std::move(elements));
      }
      case Type::Kind::kObject: break;
    }
    Value::Fields fields;
    for (const auto& [name, field] : type.attributes()) fields.emplace(name, New(field, nullptr));
    return Value::Object(std::move(fields));
  }

  Value Kept(const Refinement* promised, Value made) {
    found_all_ = found_all_ && (promised == nullptr || promised->Holds(made));
    return made;
  }

  bool found_all_ = true;
};

}  // namespace

std::optional<Value> MadeUp(const Attributes& attributes, const Value& object) {
  Maker maker;
  Value made = maker.Object(attributes, object);
  if (!maker.found_all()) return std::nullopt;
  return made;
}

}  // namespace podwright::sdk::logic
