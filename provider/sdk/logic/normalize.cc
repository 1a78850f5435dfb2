#include "provider/sdk/logic/normalize.h"

#include <utility>

#include "provider/sdk/value/json.h"

namespace podwright::sdk::logic {

Value MapNested(const Attribute& attribute, const Value& value, const AttributePath& path,
                const std::function<Value(const Value& object, const AttributePath& path)>& change) {
  if (!value.has_value()) return value;
  if (attribute.nesting == Nesting::kSingle) return change(value, path);
  if (attribute.nesting == Nesting::kMap) {
    Value::Fields fields;
    for (const auto& [key, element] : value.fields()) {
      fields.emplace(key, element.has_value() ? change(element, path.Key(key)) : element);
    }
    return Value::Map(std::move(fields));
  }
  const bool set = attribute.nesting == Nesting::kSet;
  Value::Elements elements;
  for (const Value& element : value.elements()) {
    const AttributePath place = set ? path : path.Index(static_cast<std::int64_t>(elements.size()));
    elements.push_back(element.has_value() ? change(element, place) : element);
  }
  return set ? Value::Set(std::move(elements)) : Value::List(std::move(elements));
}

Value WithoutWriteOnly(const Attributes& attributes, const Value& value) {
  if (!value.has_value()) return value;
  Value result = value;
  for (const Attribute& attribute : attributes) {
    const Value& field = value.Get(attribute.name);
    if (!field.is_null() && attribute.write_only) result.SetField(attribute.name, Value::Null());
    if (!field.has_value() || attribute.write_only || attribute.nesting == Nesting::kNone) continue;
    result.SetField(attribute.name, MapNested(attribute, field, {}, [&](const Value& object, const AttributePath&) {
                      return WithoutWriteOnly(attribute.attributes, object);
                    }));
  }
  return result;
}

Value UnknownAsNull(const Value& value) {
  if (value.IsWhollyKnown()) return value;
  switch (value.kind()) {
    case Value::Kind::kList:
    case Value::Kind::kSet:
    case Value::Kind::kTuple: {
      Value::Elements elements;
      for (const Value& element : value.elements()) elements.push_back(UnknownAsNull(element));
      if (value.kind() == Value::Kind::kSet) return Value::Set(std::move(elements));
      if (value.kind() == Value::Kind::kTuple) return Value::Tuple(std::move(elements));
      return Value::List(std::move(elements));
    }
    case Value::Kind::kMap:
    case Value::Kind::kObject: {
      Value::Fields fields;
      for (const auto& [name, field] : value.fields()) fields.emplace(name, UnknownAsNull(field));
      return value.kind() == Value::Kind::kMap ? Value::Map(std::move(fields)) : Value::Object(std::move(fields));
    }
    case Value::Kind::kDynamic: return Value::Dynamic(value.dynamic_type(), UnknownAsNull(value.dynamic_value()));
    default: return Value::Null();
  }
}

namespace {

std::optional<AttributePath> FindUnknownAt(const Value& value, const AttributePath& path) {
  if (value.is_unknown()) return path;
  if (value.kind() == Value::Kind::kDynamic) return FindUnknownAt(value.dynamic_value(), path);
  for (const auto& [name, field] : value.fields()) {
    const bool map = value.kind() == Value::Kind::kMap;
    if (auto found = FindUnknownAt(field, map ? path.Key(name) : path.Attribute(name))) return found;
  }
  for (std::size_t i = 0; i < value.elements().size(); ++i) {
    const bool set = value.kind() == Value::Kind::kSet;
    if (auto found = FindUnknownAt(value.elements()[i], set ? path : path.Index(static_cast<std::int64_t>(i))))
      return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<AttributePath> FindUnknown(const Value& value) {
  if (value.IsWhollyKnown()) return std::nullopt;
  return FindUnknownAt(value, {});
}

Value Fitted(const Value& value, const Type& type, const Value& fallback, Diagnostics& diagnostics) {
  Result<Value> fitted = Conform(value, type, ExtraAttributes::kRefuse, MissingAttributes::kNull);
  if (fitted.ok()) return std::move(fitted).value();
  diagnostics.AddError("The provider returned a value that does not fit its schema",
                       fitted.error().message() + "\n\nThis is a bug of the provider; please report it.");
  return fallback;
}

Value KeepSpelling(const Attributes& attributes, const WithSemanticEquality* equality, const Value& reference,
                   const Value& value, const AttributePath& path) {
  if (!reference.has_value() || !value.has_value()) return value;
  Value result = value;
  for (const Attribute& attribute : attributes) {
    const Value& now = value.Get(attribute.name);
    const Value& before = reference.Get(attribute.name);
    if (!now.has_value() || !before.has_value() || attribute.write_only) continue;
    const AttributePath place = path.Attribute(attribute.name);
    if (now.IsWhollyKnown() && before.IsWhollyKnown() && !(now == before)) {
      const bool same = (attribute.semantic_equal && attribute.semantic_equal(before, now)) ||
                        (equality != nullptr && equality->SemanticallyEqual(place, before, now));
      if (same) {
        result.SetField(attribute.name, before);
        continue;
      }
    }
    if (attribute.nesting == Nesting::kNone || attribute.nesting == Nesting::kSet) continue;
    result.SetField(attribute.name, MapNested(attribute, now, {}, [&](const Value& object, const AttributePath& inner) {
                      const Value* other = before.At(inner);
                      if (other == nullptr) return object;
                      AttributePath full = place;
                      for (const AttributePath::Step& step : inner.steps()) {
                        const auto* key = std::get_if<AttributePath::KeyStep>(&step);
                        full = key != nullptr ? full.Key(key->key)
                                              : full.Index(std::get<AttributePath::IndexStep>(step).index);
                      }
                      return KeepSpelling(attribute.attributes, equality, *other, object, full);
                    }));
  }
  return result;
}

}  // namespace podwright::sdk::logic
