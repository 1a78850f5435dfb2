#include "provider/sdk/value/value.h"

#include <algorithm>
#include <utility>

#include "provider/sdk/value/json_text.h"

namespace podwright::sdk {

struct Value::DynamicRep {
  Type type;
  Value value;
};

namespace {

int Sign(int order) {
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

int CompareElements(const Value::Elements& a, const Value::Elements& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (const int order = a[i].Compare(b[i]); order != 0) return order;
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

int CompareFields(const Value::Fields& a, const Value::Fields& b) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    if (const int order = left->first.compare(right->first); order != 0) return Sign(order);
    if (const int order = left->second.Compare(right->second); order != 0) return order;
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

// The part to write to: the value's own, or a copy where it is shared.
template <typename T>
T& Own(std::shared_ptr<T>& shared) {
  if (shared.use_count() != 1) shared = std::make_shared<T>(*shared);
  return *shared;
}

void AppendDisplay(std::string& out, const Value& value) {
  const auto sequence = [&](char open, char close) {
    out += open;
    const char* separator = "";
    for (const Value& element : value.elements()) {
      out += separator;
      AppendDisplay(out, element);
      separator = ", ";
    }
    out += close;
  };
  switch (value.kind()) {
    case Value::Kind::kNull: out += "null"; return;
    case Value::Kind::kUnknown: out += "(unknown)"; return;
    case Value::Kind::kBool: out += value.BoolOr(false) ? "true" : "false"; return;
    case Value::Kind::kNumber: out += value.AsNumber()->text(); return;
    case Value::Kind::kString: {
      const std::string& text = *value.AsString();
      AppendJsonString(out, text.size() <= 80 ? text : text.substr(0, 80) + "…");
      return;
    }
    case Value::Kind::kList:
    case Value::Kind::kSet:
    case Value::Kind::kTuple: sequence('[', ']'); return;
    case Value::Kind::kMap:
    case Value::Kind::kObject: {
      out += '{';
      const char* separator = "";
      for (const auto& [name, field] : value.fields()) {
        out += separator;
        AppendJsonString(out, name);
        out += ": ";
        AppendDisplay(out, field);
        separator = ", ";
      }
      out += '}';
      return;
    }
    case Value::Kind::kDynamic: AppendDisplay(out, value.dynamic_value()); return;
  }
}

}  // namespace

Value Value::Unknown() {
  Value value;
  value.kind_ = Kind::kUnknown;
  return value;
}

Value Value::Unknown(Refinement refinement) {
  Value value = Unknown();
  if (!refinement.empty()) value.data_ = std::make_shared<const Refinement>(std::move(refinement));
  return value;
}

Value Value::Bool(bool bool_value) {
  Value value;
  value.kind_ = Kind::kBool;
  value.data_ = bool_value;
  return value;
}

Value Value::Int(std::int64_t int_value) {
  return Number(sdk::Number::FromInt64(int_value));
}

Value Value::Double(double double_value) {
  Result<sdk::Number> number = sdk::Number::FromDouble(double_value);
  return number.ok() ? Number(std::move(number).value()) : Null();
}

Value Value::Number(sdk::Number number) {
  Value value;
  value.kind_ = Kind::kNumber;
  value.data_ = std::move(number);
  return value;
}

Value Value::String(std::string text) {
  Value value;
  value.kind_ = Kind::kString;
  value.data_ = std::move(text);
  return value;
}

Value Value::List(Elements elements) {
  Value value;
  value.kind_ = Kind::kList;
  value.data_ = std::make_shared<Elements>(std::move(elements));
  return value;
}

Value Value::Set(Elements elements) {
  std::sort(elements.begin(), elements.end(), [](const Value& a, const Value& b) { return a.Compare(b) < 0; });
  // Two unknown elements may turn out to differ.
  const auto same = [](const Value& a, const Value& b) { return a.Compare(b) == 0 && a.IsWhollyKnown(); };
  elements.erase(std::unique(elements.begin(), elements.end(), same), elements.end());
  Value value = List(std::move(elements));
  value.kind_ = Kind::kSet;
  return value;
}

Value Value::Tuple(Elements elements) {
  Value value = List(std::move(elements));
  value.kind_ = Kind::kTuple;
  return value;
}

Value Value::Map(Fields fields) {
  Value value;
  value.kind_ = Kind::kMap;
  value.data_ = std::make_shared<Fields>(std::move(fields));
  return value;
}

Value Value::Object(Fields fields) {
  Value value = Map(std::move(fields));
  value.kind_ = Kind::kObject;
  return value;
}

Value Value::Dynamic(Type type, Value inner) {
  Value value;
  value.kind_ = Kind::kDynamic;
  value.data_ = std::make_shared<const DynamicRep>(DynamicRep{std::move(type), std::move(inner)});
  return value;
}

bool Value::IsWhollyKnown() const {
  if (is_unknown()) return false;
  if (kind_ == Kind::kDynamic) return dynamic_value().IsWhollyKnown();
  return std::all_of(elements().begin(), elements().end(), [](const Value& v) { return v.IsWhollyKnown(); }) &&
         std::all_of(fields().begin(), fields().end(), [](const auto& f) { return f.second.IsWhollyKnown(); });
}

const Refinement* Value::refinement() const {
  const auto* shared = std::get_if<std::shared_ptr<const Refinement>>(&data_);
  return shared == nullptr ? nullptr : shared->get();
}

const std::string* Value::AsString() const {
  return std::get_if<std::string>(&data_);
}

std::optional<bool> Value::AsBool() const {
  const bool* value = std::get_if<bool>(&data_);
  return value == nullptr ? std::nullopt : std::optional<bool>(*value);
}

std::optional<std::int64_t> Value::AsInt64() const {
  const sdk::Number* number = AsNumber();
  return number == nullptr ? std::nullopt : number->int64();
}

std::optional<double> Value::AsDouble() const {
  const sdk::Number* number = AsNumber();
  return number == nullptr ? std::nullopt : std::optional<double>(number->ToDouble());
}

const sdk::Number* Value::AsNumber() const {
  return std::get_if<sdk::Number>(&data_);
}

std::string Value::StringOr(std::string_view fallback) const {
  const std::string* text = AsString();
  return text == nullptr ? std::string(fallback) : *text;
}

const Value::Elements& Value::elements() const {
  static const Elements none;
  const auto* shared = std::get_if<std::shared_ptr<Elements>>(&data_);
  return shared == nullptr ? none : **shared;
}

const Value::Fields& Value::fields() const {
  static const Fields none;
  const auto* shared = std::get_if<std::shared_ptr<Fields>>(&data_);
  return shared == nullptr ? none : **shared;
}

const Value& Value::Get(std::string_view name) const {
  static const Value null;
  const Fields& all = fields();
  const auto found = all.find(name);
  return found == all.end() ? null : found->second;
}

bool Value::Has(std::string_view name) const {
  return fields().find(name) != fields().end();
}

const Type& Value::dynamic_type() const {
  static const Type dynamic;
  const auto* shared = std::get_if<std::shared_ptr<const DynamicRep>>(&data_);
  return shared == nullptr ? dynamic : (*shared)->type;
}

const Value& Value::dynamic_value() const {
  static const Value null;
  const auto* shared = std::get_if<std::shared_ptr<const DynamicRep>>(&data_);
  return shared == nullptr ? null : (*shared)->value;
}

void Value::SetField(std::string name, Value value) {
  if (kind_ != Kind::kMap && kind_ != Kind::kObject) *this = Object({});
  Own(std::get<std::shared_ptr<Fields>>(data_)).insert_or_assign(std::move(name), std::move(value));
}

void Value::RemoveField(std::string_view name) {
  if (!Has(name)) return;
  Fields& own = Own(std::get<std::shared_ptr<Fields>>(data_));
  own.erase(own.find(name));
}

void Value::SetElement(std::size_t index, Value value) {
  if ((kind_ != Kind::kList && kind_ != Kind::kTuple) || index >= elements().size()) return;
  Own(std::get<std::shared_ptr<Elements>>(data_))[index] = std::move(value);
}

const Value* Value::At(const AttributePath& path) const {
  const Value* value = this;
  for (const AttributePath::Step& step : path.steps()) {
    if (const auto* index = std::get_if<AttributePath::IndexStep>(&step)) {
      if (index->index < 0 || static_cast<std::size_t>(index->index) >= value->elements().size()) return nullptr;
      value = &value->elements()[static_cast<std::size_t>(index->index)];
      continue;
    }
    const auto* attribute = std::get_if<AttributePath::AttributeStep>(&step);
    const std::string& name = attribute != nullptr ? attribute->name : std::get<AttributePath::KeyStep>(step).key;
    const auto found = value->fields().find(name);
    if (found == value->fields().end()) return nullptr;
    value = &found->second;
  }
  return value;
}

bool Value::SetAt(const AttributePath& path, Value value) {
  if (path.empty()) {
    *this = std::move(value);
    return true;
  }
  AttributePath parent;
  for (std::size_t i = 0; i + 1 < path.steps().size(); ++i) {
    const AttributePath::Step& step = path.steps()[i];
    if (const auto* attribute = std::get_if<AttributePath::AttributeStep>(&step)) {
      parent = parent.Attribute(attribute->name);
    } else if (const auto* key = std::get_if<AttributePath::KeyStep>(&step)) {
      parent = parent.Key(key->key);
    } else {
      parent = parent.Index(std::get<AttributePath::IndexStep>(step).index);
    }
  }
  const Value* found = At(parent);
  if (found == nullptr) return false;
  Value changed = *found;
  const AttributePath::Step& last = path.steps().back();
  if (const auto* index = std::get_if<AttributePath::IndexStep>(&last)) {
    const bool sequence = changed.kind_ == Kind::kList || changed.kind_ == Kind::kTuple;
    if (!sequence || index->index < 0 || static_cast<std::size_t>(index->index) >= changed.elements().size())
      return false;
    changed.SetElement(static_cast<std::size_t>(index->index), std::move(value));
  } else {
    if (changed.kind_ != Kind::kMap && changed.kind_ != Kind::kObject) return false;
    const auto* attribute = std::get_if<AttributePath::AttributeStep>(&last);
    changed.SetField(attribute != nullptr ? attribute->name : std::get<AttributePath::KeyStep>(last).key,
                     std::move(value));
  }
  return SetAt(parent, std::move(changed));
}

int Value::Compare(const Value& other) const {
  if (kind_ != other.kind_) return kind_ < other.kind_ ? -1 : 1;
  switch (kind_) {
    case Kind::kNull:
    case Kind::kUnknown: return 0;
    case Kind::kBool: return static_cast<int>(BoolOr(false)) - static_cast<int>(other.BoolOr(false));
    case Kind::kNumber: return AsNumber()->Compare(*other.AsNumber());
    case Kind::kString: return Sign(AsString()->compare(*other.AsString()));
    case Kind::kList:
    case Kind::kSet:
    case Kind::kTuple: return &elements() == &other.elements() ? 0 : CompareElements(elements(), other.elements());
    case Kind::kMap:
    case Kind::kObject: return &fields() == &other.fields() ? 0 : CompareFields(fields(), other.fields());
    case Kind::kDynamic:
      if (const int order = dynamic_type().ToJson().compare(other.dynamic_type().ToJson()); order != 0)
        return Sign(order);
      return dynamic_value().Compare(other.dynamic_value());
  }
  return 0;
}

std::string Value::ToDisplay() const {
  std::string out;
  AppendDisplay(out, *this);
  return out;
}

}  // namespace podwright::sdk
