#include "provider/sdk/fuzz/schema_source.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "provider/sdk/logic/made_up.h"
#include "provider/sdk/plan_modifiers.h"
#include "provider/sdk/validators.h"

namespace podwright::sdk::fuzz {
namespace {

constexpr int kMaxDepth = 3;

bool SameLength(const Value& a, const Value& b) {
  return a.StringOr("").size() == b.StringOr("").size();
}

void PickFlags(Bytes& bytes, Making making, bool in_set, Attribute& attribute) {
  if (making == Making::kAny) {
    const unsigned flags = bytes.Byte();
    attribute.required = (flags & 1U) != 0;
    attribute.optional = (flags & 2U) != 0;
    attribute.computed = (flags & 4U) != 0;
    attribute.sensitive = (flags & 8U) != 0;
    attribute.write_only = (flags & 16U) != 0;
    attribute.use_state_for_unknown = (flags & 32U) != 0;
    attribute.block = (flags & 64U) != 0;
    attribute.min_items = static_cast<std::int64_t>(bytes.Byte()) - 2;
    attribute.max_items = static_cast<std::int64_t>(bytes.Byte()) - 2;
    return;
  }
  switch (bytes.Below(6)) {
    case 0: attribute.required = true; break;
    case 1: attribute.optional = true; break;
    case 2: attribute.computed = true; break;
    case 3: attribute.write_only = !in_set; [[fallthrough]];
    default: attribute.optional = true; break;
  }
  attribute.computed = attribute.computed || (attribute.optional && !attribute.write_only && bytes.OneIn(3));
  attribute.use_state_for_unknown = attribute.computed && bytes.OneIn(3);
}

void PickRules(Bytes& bytes, Making making, Attribute& attribute) {
  const unsigned rules = bytes.Byte();
  if ((rules & 1U) != 0) attribute.requires_replace = true;
  const bool whole = making != Making::kSound && attribute.nesting == Nesting::kNone;
  if ((rules & 2U) != 0 && (whole || attribute.type.is_primitive())) attribute.semantic_equal = SameLength;
  if ((rules & 4U) != 0 && whole && attribute.type.is_collection()) attribute.element_semantic_equal = SameLength;
  if ((rules & 8U) != 0) attribute.validators.push_back(validators::LengthAtMost(3));
  if ((rules & 16U) != 0) attribute.plan_modifiers.push_back(plan_modifiers::RequiresReplaceIfConfigured());
  if (!attribute.computed || attribute.nesting != Nesting::kNone) return;
  if ((rules & 32U) != 0) attribute.plan_modifiers.push_back(plan_modifiers::RefineUnknown({.not_null = true}));
  if ((rules & 64U) != 0) attribute.plan_modifiers.push_back(plan_modifiers::KeepUnlessChanged({"a0"}));
  if ((rules & 128U) != 0 && attribute.optional && !attribute.use_state_for_unknown) {
    const auto made = logic::MadeUp({attribute}, Value::Object({{attribute.name, Value::Unknown()}}));
    if (made) attribute.default_value = made->Get(attribute.name);
  }
}

struct Place {
  int depth = 0;
  bool in_set = false;
  bool in_nested = false;
};

std::vector<Attribute> PickAttributes(Bytes& bytes, Making making, Place place);

Attribute PickAttribute(Bytes& bytes, Making making, Place place, unsigned number) {
  Attribute attribute{.name = "a" + std::to_string(number)};
  if (making == Making::kAny && bytes.OneIn(4)) attribute.name = bytes.Chunk();
  const unsigned form = place.depth < kMaxDepth ? bytes.Below(12) : 0;
  if (form < 6) {
    PickFlags(bytes, making, place.in_set, attribute);
    attribute.type = PickType(bytes, place.in_set || making != Making::kAny ? 2 : 0);
    if (making != Making::kAny && attribute.type.HasDynamic() && (place.in_set || place.depth > 0)) {
      attribute.type = Type::String();
    }
  } else {
    constexpr std::array kNestings = {Nesting::kSingle, Nesting::kList, Nesting::kSet, Nesting::kMap, Nesting::kGroup};
    attribute.nesting = kNestings[bytes.Below(kNestings.size())];
    attribute.block = form > 8 && !place.in_nested;
    if (!attribute.block && attribute.nesting == Nesting::kGroup) attribute.nesting = Nesting::kSingle;
    if (!attribute.block || making == Making::kAny) PickFlags(bytes, making, place.in_set, attribute);
    attribute.attributes = PickAttributes(bytes, making,
                                          {.depth = place.depth + 1,
                                           .in_set = place.in_set || attribute.nesting == Nesting::kSet,
                                           .in_nested = place.in_nested || !attribute.block});
  }
  PickRules(bytes, making, attribute);
  return attribute;
}

std::vector<Attribute> PickAttributes(Bytes& bytes, Making making, Place place) {
  std::vector<Attribute> attributes;
  const unsigned count = bytes.Below(5);
  for (unsigned i = 0; i < count; ++i) attributes.push_back(PickAttribute(bytes, making, place, i));
  return attributes;
}

Value PickKnown(const Type& type, Bytes& bytes) {
  const auto elements = [&](unsigned most) {
    Value::Elements values;
    for (unsigned left = bytes.Below(most + 1); left > 0; --left) values.push_back(PickKnown(type.element(), bytes));
    return values;
  };
  switch (type.kind()) {
    case Type::Kind::kBool: return Value::Bool(bytes.OneIn(2));
    case Type::Kind::kNumber: return Value::Double(static_cast<double>(bytes.Byte()) / 4 - 3);
    case Type::Kind::kString:
      return Value::String(std::string(bytes.Below(4), static_cast<char>('a' + bytes.Below(3))));
    case Type::Kind::kList: return Value::List(elements(3));
    case Type::Kind::kSet: return Value::Set(elements(3));
    case Type::Kind::kMap: {
      Value::Fields fields;
      for (Value& value : elements(3)) fields.emplace("k" + std::to_string(fields.size()), std::move(value));
      return Value::Map(std::move(fields));
    }
    case Type::Kind::kTuple: {
      Value::Elements values;
      for (const Type& element : type.elements()) values.push_back(PickKnown(element, bytes));
      return Value::Tuple(std::move(values));
    }
    case Type::Kind::kObject: {
      Value::Fields fields;
      for (const auto& [name, field] : type.attributes()) fields.emplace(name, PickKnown(field, bytes));
      return Value::Object(std::move(fields));
    }
    case Type::Kind::kDynamic: break;
  }
  const Type inner = bytes.OneIn(2) ? Type::Number() : Type::List(Type::Bool());
  return Value::Dynamic(inner, PickKnown(inner, bytes));
}

Value PickNested(const Attribute& attribute, Bytes& bytes, Parts parts) {
  const auto object = [&] { return PickConfig(attribute.attributes, bytes, parts); };
  const unsigned count = bytes.Below(attribute.nesting == Nesting::kSet ? 2 : 4);
  Value::Elements elements;
  Value::Fields fields;
  switch (attribute.nesting) {
    case Nesting::kList:
    case Nesting::kSet:
      for (unsigned i = 0; i < count; ++i) elements.push_back(object());
      return attribute.nesting == Nesting::kList ? Value::List(std::move(elements)) : Value::Set(std::move(elements));
    case Nesting::kMap:
      for (unsigned i = 0; i < count; ++i) fields.emplace("k" + std::to_string(bytes.Below(5)), object());
      return Value::Map(std::move(fields));
    default: return object();
  }
}

Value PickField(const Attribute& attribute, Bytes& bytes, Parts parts) {
  if (attribute.block) {
    if (attribute.nesting == Nesting::kSingle && bytes.OneIn(2)) return Value::Null();
    return PickNested(attribute, bytes, parts);
  }
  if (attribute.computed && !attribute.optional) return Value::Null();
  const unsigned choice = bytes.Below(8);
  if (choice == 0 && !attribute.required) return Value::Null();
  if (choice == 1 && parts == Parts::kAny) return Value::Unknown();
  return attribute.nesting == Nesting::kNone ? PickKnown(attribute.type, bytes) : PickNested(attribute, bytes, parts);
}

}  // namespace

unsigned Bytes::Byte() {
  if (left_.empty()) return 0;
  const unsigned byte = static_cast<unsigned char>(left_.front());
  left_.remove_prefix(1);
  return byte;
}

std::string_view Bytes::Chunk() {
  const std::size_t size = std::min<std::size_t>(Byte(), left_.size());
  const std::string_view chunk = left_.substr(0, size);
  left_.remove_prefix(size);
  return chunk;
}

Type PickType(Bytes& bytes, int depth) {
  const unsigned choice = bytes.Below(depth < 4 ? 10 : 3);
  switch (choice) {
    case 1: return Type::Bool();
    case 2: return Type::Number();
    case 3: return Type::List(PickType(bytes, depth + 1));
    case 4: return Type::Set(PickType(bytes, 4));
    case 5: return Type::Map(PickType(bytes, depth + 1));
    case 6: return Type::Tuple({PickType(bytes, depth + 1), PickType(bytes, depth + 1)});
    case 7: return Type::Object({{"a", PickType(bytes, depth + 1)}, {"b", PickType(bytes, depth + 1)}}, {"b"});
    case 8: return Type::Dynamic();
    case 9: {
      const auto type = depth == 0 ? Type::FromJson(bytes.Chunk()) : Result<Type>(Type::String());
      return type.ok() ? *type : Type::String();
    }
    default: return Type::String();
  }
}

Schema PickSchema(Bytes& bytes, Making making) {
  Schema schema;
  schema.version = making == Making::kAny ? static_cast<std::int64_t>(bytes.Byte()) - 2 : 3;
  if (making == Making::kAny) schema.description = bytes.Chunk();
  schema.attributes = PickAttributes(bytes, making, {});
  if (bytes.OneIn(8)) schema.timeouts = Timeouts{.create = std::chrono::hours(1), .block = bytes.OneIn(2)};
  return schema;
}

Value PickConfig(const std::vector<Attribute>& attributes, Bytes& bytes, Parts parts) {
  Value::Fields fields;
  for (const Attribute& attribute : attributes) fields.emplace(attribute.name, PickField(attribute, bytes, parts));
  return Value::Object(std::move(fields));
}

}  // namespace podwright::sdk::fuzz
