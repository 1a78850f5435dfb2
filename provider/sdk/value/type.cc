#include "provider/sdk/value/type.h"

#include <algorithm>
#include <utility>

#include "provider/sdk/value/json.h"
#include "provider/sdk/value/json_text.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {

struct Type::Rep {
  std::vector<Type> elements;  // a collection's one, a tuple's all
  Attributes attributes;
  std::set<std::string> optional;
};

namespace {

Result<Type> FromJsonValue(const Value& json, int depth);

Result<Type> PrimitiveFromName(const std::string& name) {
  if (name == "string") return Type::String();
  if (name == "number") return Type::Number();
  if (name == "bool") return Type::Bool();
  if (name == "dynamic") return Type::Dynamic();
  return InvalidArgument("unknown type \"" + name.substr(0, 40) + "\"");
}

Result<Type> ObjectFromJson(const Value::Elements& parts, int depth) {
  if (parts[1].kind() != Value::Kind::kObject) return InvalidArgument("an object type needs its attributes");
  Type::Attributes attributes;
  for (const auto& [name, json] : parts[1].fields()) {
    PW_ASSIGN(Type type, FromJsonValue(json, depth + 1));
    attributes.emplace(name, std::move(type));
  }
  std::set<std::string> optional;
  if (parts.size() == 3) {
    for (const Value& name : parts[2].elements()) {
      if (name.AsString() == nullptr) return InvalidArgument("names of optional attributes must be strings");
      optional.insert(*name.AsString());
    }
  }
  return Type::Object(std::move(attributes), std::move(optional));
}

Result<Type> FromJsonValue(const Value& json, int depth) {
  if (depth > Type::kMaxDepth) return InvalidArgument("type nested too deeply");
  if (const std::string* name = json.AsString()) return PrimitiveFromName(*name);
  const Value::Elements& parts = json.elements();
  if (parts.size() < 2 || parts[0].AsString() == nullptr) return InvalidArgument("malformed type");
  const std::string& kind = *parts[0].AsString();
  if (parts.size() > (kind == "object" ? 3U : 2U)) return InvalidArgument("malformed type");
  if (kind == "object") return ObjectFromJson(parts, depth);
  if (kind == "tuple") {
    if (parts[1].kind() != Value::Kind::kTuple) return InvalidArgument("a tuple type needs its elements");
    std::vector<Type> elements;
    for (const Value& element : parts[1].elements()) {
      PW_ASSIGN(Type type, FromJsonValue(element, depth + 1));
      elements.push_back(std::move(type));
    }
    return Type::Tuple(std::move(elements));
  }
  PW_ASSIGN(Type element, FromJsonValue(parts[1], depth + 1));
  if (kind == "list") return Type::List(std::move(element));
  if (kind == "set") return Type::Set(std::move(element));
  if (kind == "map") return Type::Map(std::move(element));
  return InvalidArgument("unknown type \"" + kind.substr(0, 40) + "\"");
}

void AppendJson(std::string& out, const Type& type);

void AppendObject(std::string& out, const Type& type) {
  out += "[\"object\",{";
  const char* separator = "";
  for (const auto& [name, attribute] : type.attributes()) {
    out += separator;
    AppendJsonString(out, name);
    out += ':';
    AppendJson(out, attribute);
    separator = ",";
  }
  out += '}';
  if (!type.optional_attributes().empty()) {
    out += ",[";
    separator = "";
    for (const std::string& name : type.optional_attributes()) {
      out += separator;
      AppendJsonString(out, name);
      separator = ",";
    }
    out += ']';
  }
  out += ']';
}

void AppendJson(std::string& out, const Type& type) {
  switch (type.kind()) {
    case Type::Kind::kDynamic: out += "\"dynamic\""; return;
    case Type::Kind::kBool: out += "\"bool\""; return;
    case Type::Kind::kNumber: out += "\"number\""; return;
    case Type::Kind::kString: out += "\"string\""; return;
    case Type::Kind::kList: out += "[\"list\","; break;
    case Type::Kind::kSet: out += "[\"set\","; break;
    case Type::Kind::kMap: out += "[\"map\","; break;
    case Type::Kind::kObject: AppendObject(out, type); return;
    case Type::Kind::kTuple: {
      out += "[\"tuple\",[";
      const char* separator = "";
      for (const Type& element : type.elements()) {
        out += separator;
        AppendJson(out, element);
        separator = ",";
      }
      out += "]]";
      return;
    }
  }
  AppendJson(out, type.element());
  out += ']';
}

}  // namespace

Type Type::List(Type element) {
  return {Kind::kList, std::make_shared<const Rep>(Rep{{std::move(element)}, {}, {}})};
}

Type Type::Set(Type element) {
  return {Kind::kSet, std::make_shared<const Rep>(Rep{{std::move(element)}, {}, {}})};
}

Type Type::Map(Type element) {
  return {Kind::kMap, std::make_shared<const Rep>(Rep{{std::move(element)}, {}, {}})};
}

Type Type::Tuple(std::vector<Type> elements) {
  return {Kind::kTuple, std::make_shared<const Rep>(Rep{std::move(elements), {}, {}})};
}

Type Type::Object(Attributes attributes, std::set<std::string> optional) {
  return {Kind::kObject, std::make_shared<const Rep>(Rep{{}, std::move(attributes), std::move(optional)})};
}

const Type& Type::element() const {
  static const Type dynamic;
  return is_collection() ? rep_->elements.front() : dynamic;
}

const std::vector<Type>& Type::elements() const {
  static const std::vector<Type> none;
  return kind_ == Kind::kTuple ? rep_->elements : none;
}

const Type::Attributes& Type::attributes() const {
  static const Attributes none;
  return kind_ == Kind::kObject ? rep_->attributes : none;
}

const std::set<std::string>& Type::optional_attributes() const {
  static const std::set<std::string> none;
  return kind_ == Kind::kObject ? rep_->optional : none;
}

bool Type::HasDynamic() const {
  if (kind_ == Kind::kDynamic) return true;
  if (rep_ == nullptr) return false;
  return std::any_of(rep_->elements.begin(), rep_->elements.end(), [](const Type& t) { return t.HasDynamic(); }) ||
         std::any_of(rep_->attributes.begin(), rep_->attributes.end(),
                     [](const auto& a) { return a.second.HasDynamic(); });
}

bool Type::operator==(const Type& other) const {
  if (kind_ != other.kind_) return false;
  if (rep_ == other.rep_) return true;
  if (rep_ == nullptr || other.rep_ == nullptr) return false;
  return rep_->elements == other.rep_->elements && rep_->attributes == other.rep_->attributes &&
         rep_->optional == other.rep_->optional;
}

std::string Type::ToJson() const {
  std::string out;
  AppendJson(out, *this);
  return out;
}

Result<Type> Type::FromJson(std::string_view json) {
  PW_ASSIGN(const Value value, ParseJson(json));
  return FromJsonValue(value, 0);
}

}  // namespace podwright::sdk
