#include "provider/sdk/logic/normalize.h"

#include <algorithm>
#include <utility>

#include "provider/sdk/logic/wording.h"
#include "provider/sdk/value/json.h"

namespace podwright::sdk::logic {

Value MapNested(const Attribute& attribute, const Value& value, const AttributePath& path,
                const std::function<Value(const Value& object, const AttributePath& path)>& change) {
  if (!value.has_value()) return value;
  if (attribute.nesting == Nesting::kSingle || attribute.nesting == Nesting::kGroup) return change(value, path);
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
    const AttributePath place = set ? path.EndAtSet() : path.Index(static_cast<std::int64_t>(elements.size()));
    elements.push_back(element.has_value() ? change(element, place) : element);
  }
  return set ? Value::Set(std::move(elements)) : Value::List(std::move(elements));
}

void ForEachNested(const Attribute& attribute, const Value& value, const AttributePath& path,
                   const std::function<void(const Value& object, const AttributePath& path)>& see) {
  if (!value.has_value()) return;
  if (attribute.nesting == Nesting::kSingle || attribute.nesting == Nesting::kGroup) return see(value, path);
  for (const auto& [key, element] : value.fields()) {
    if (element.has_value()) see(element, path.Key(key));
  }
  std::int64_t index = 0;
  for (const Value& element : value.elements()) {
    const AttributePath place = attribute.nesting == Nesting::kSet ? path.EndAtSet() : path.Index(index++);
    if (element.has_value()) see(element, place);
  }
}

namespace {

// A block that is not written, as core wants it.
Value AbsentBlock(const Attribute& block) {
  switch (block.nesting) {
    case Nesting::kList: return Value::List({});
    case Nesting::kSet: return Value::Set({});
    case Nesting::kMap: return Value::Map({});
    case Nesting::kGroup: {
      Value::Fields fields;
      for (const Attribute& inner : block.attributes) {
        fields.emplace(inner.name, inner.block ? AbsentBlock(inner) : Value::Null());
      }
      return Value::Object(std::move(fields));
    }
    default: return Value::Null();
  }
}

// Whether anything in a value of these attributes may have to be changed.
bool MayNeedChange(const Attributes& attributes) {
  return std::any_of(attributes.begin(), attributes.end(), [](const Attribute& attribute) {
    return attribute.write_only || attribute.block || MayNeedChange(attribute.attributes);
  });
}

}  // namespace

Value Returnable(const Attributes& attributes, const Value& value) {
  if (!value.has_value()) return value;
  Value result = value;
  for (const Attribute& attribute : attributes) {
    const Value& field = value.Get(attribute.name);
    if (attribute.write_only) {
      if (!field.is_null()) result.SetField(attribute.name, Value::Null());
    } else if (field.is_null()) {
      if (attribute.block) result.SetField(attribute.name, AbsentBlock(attribute));
    } else if (field.has_value() && attribute.nesting != Nesting::kNone && MayNeedChange(attribute.attributes)) {
      result.SetField(attribute.name, MapNested(attribute, field, {}, [&](const Value& object, const AttributePath&) {
                        return Returnable(attribute.attributes, object);
                      }));
    }
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
    if (auto found =
            FindUnknownAt(value.elements()[i], set ? path.EndAtSet() : path.Index(static_cast<std::int64_t>(i))))
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
  AttributePath where;
  Result<Value> fitted = Conform(value, type, ExtraAttributes::kRefuse, MissingAttributes::kNull, &where);
  if (fitted.ok()) return std::move(fitted).value();
  diagnostics.AddError("The provider returned a value that does not fit its schema",
                       fitted.error().message() + "." + kBug, where);
  return fallback;
}

namespace {

// `elements` with those of `before` for which `spell` makes the same of them. Neither has an order.
Value SpellSet(const Value::Elements& before, const Value::Elements& elements,
               const std::function<Value(const Value& reference, const Value& element)>& spell) {
  std::vector<const Value*> free;  // of `before`, not in `elements`
  for (const Value& old : before) {
    if (std::find(elements.begin(), elements.end(), old) == elements.end()) free.push_back(&old);
  }
  Value::Elements result = elements;
  for (Value& element : result) {
    if (free.empty()) break;
    if (std::find(before.begin(), before.end(), element) != before.end()) continue;
    const auto same =
        std::find_if(free.begin(), free.end(), [&](const Value* old) { return spell(*old, element) == *old; });
    if (same == free.end()) continue;
    element = **same;
    free.erase(same);
  }
  return Value::Set(std::move(result));
}

// The elements of a list, set or map of plain values.
Value SpellElements(const SemanticEqual& equal, const Value& before, const Value& now) {
  const auto spell = [&](const Value& reference, const Value& element) {
    const bool comparable = reference.has_value() && element.has_value() && reference.IsWhollyKnown() &&
                            element.IsWhollyKnown() && !(reference == element);
    return comparable && equal(reference, element) ? reference : element;
  };
  if (now.kind() == Value::Kind::kSet) return SpellSet(before.elements(), now.elements(), spell);
  if (now.kind() == Value::Kind::kMap) {
    Value::Fields fields;
    for (const auto& [key, element] : now.fields()) {
      fields.emplace(key, before.Has(key) ? spell(before.Get(key), element) : element);
    }
    return Value::Map(std::move(fields));
  }
  Value::Elements elements = now.elements();
  for (std::size_t i = 0; i < std::min(elements.size(), before.elements().size()); ++i) {
    elements[i] = spell(before.elements()[i], elements[i]);
  }
  return Value::List(std::move(elements));
}

struct Speller {
  const WithSemanticEquality* equality;
  Spelling spelling;

  Value Object(const Attributes& attributes, const Value& reference, const Value& value,
               const AttributePath& path) const {
    if (!reference.has_value() || !value.has_value() || value == reference) return value;
    Value result = value;
    for (const Attribute& attribute : attributes) {
      const Value& now = value.Get(attribute.name);
      const Value& before = reference.Get(attribute.name);
      if (!now.has_value() || !before.has_value() || attribute.write_only || now == before) continue;
      result.SetField(attribute.name, One(attribute, before, now, path.Attribute(attribute.name)));
    }
    return result;
  }

 private:
  Value One(const Attribute& attribute, const Value& before, const Value& now, const AttributePath& place) const {
    // Of nested attributes and blocks core compares each attribute, and wants as many as are configured.
    const bool plain = attribute.nesting == Nesting::kNone;
    if (plain && now.IsWhollyKnown() && before.IsWhollyKnown()) {
      const bool same = (attribute.semantic_equal && attribute.semantic_equal(before, now)) ||
                        (equality != nullptr && equality->SemanticallyEqual(place, before, now));
      if (same) return before;
    }
    if (plain) {
      if (!attribute.element_semantic_equal || before.kind() != now.kind()) return now;
      Value spelt = SpellElements(attribute.element_semantic_equal, before, now);
      return spelling == Spelling::kEach || spelt == before ? spelt : now;
    }
    if (attribute.nesting == Nesting::kSet) {
      return SpellSet(before.elements(), now.elements(), [&](const Value& reference, const Value& element) {
        return Object(attribute.attributes, reference, element, place);
      });
    }
    return MapNested(attribute, now, {}, [&](const Value& object, const AttributePath& inner) {
      const Value* other = before.At(inner);
      return other == nullptr ? object : Object(attribute.attributes, *other, object, place.Then(inner));
    });
  }
};

}  // namespace

Value KeepSpelling(const Attributes& attributes, const WithSemanticEquality* equality, const Value& reference,
                   const Value& value, Spelling spelling, const AttributePath& path) {
  return Speller{equality, spelling}.Object(attributes, reference, value, path);
}

}  // namespace podwright::sdk::logic
