#include "provider/sdk/value/json.h"

#include <utility>
#include <vector>

#include "provider/sdk/value/json_text.h"

namespace podwright::sdk {
namespace {

struct Conformer {
  ExtraAttributes extra;
  MissingAttributes missing;
  AttributePath* where;  // may be null

  Error Bad(const AttributePath& path, const std::string& what) const {
    if (where != nullptr) *where = path;
    return InvalidArgument(path.empty() ? what : path.ToString() + ": " + what);
  }

  Result<Value> Primitive(const Value& json, const Type& type, const AttributePath& path) const {
    if (type.kind() == Type::Kind::kString) {
      if (json.AsString() != nullptr) {
        if (!IsUtf8(*json.AsString())) return Bad(path, "a string that is not UTF-8");
        return json;
      }
      if (json.AsNumber() != nullptr) return Value::String(json.AsNumber()->text());
      if (json.AsBool()) return Value::String(*json.AsBool() ? "true" : "false");
      return Bad(path, "a string is required");
    }
    if (type.kind() == Type::Kind::kNumber) {
      if (json.AsNumber() != nullptr) return json;
      if (json.AsString() != nullptr) {
        if (Result<Number> number = Number::Parse(*json.AsString()); number.ok()) {
          return Value::Number(std::move(number).value());
        }
      }
      return Bad(path, "a number is required");
    }
    if (json.AsBool()) return json;
    if (json.StringOr("") == "true") return Value::Bool(true);
    if (json.StringOr("") == "false") return Value::Bool(false);
    return Bad(path, "a bool is required");
  }

  Result<Value> Sequence(const Value& json, const Type& type, const AttributePath& path) const {
    using Kind = Value::Kind;
    if (json.kind() != Kind::kTuple && json.kind() != Kind::kList && json.kind() != Kind::kSet) {
      return Bad(path, "a list is required");
    }
    const bool tuple = type.kind() == Type::Kind::kTuple;
    const bool set = type.kind() == Type::Kind::kSet;
    if (tuple && json.elements().size() != type.elements().size()) return Bad(path, "wrong number of elements");
    Value::Elements elements;
    elements.reserve(json.elements().size());
    for (std::size_t i = 0; i < json.elements().size(); ++i) {
      const AttributePath place = set ? path.EndAtSet() : path.Index(static_cast<std::int64_t>(i));
      PW_ASSIGN(Value element, Convert(json.elements()[i], tuple ? type.elements()[i] : type.element(), place));
      elements.push_back(std::move(element));
    }
    if (tuple) return Value::Tuple(std::move(elements));
    return set ? Value::Set(std::move(elements)) : Value::List(std::move(elements));
  }

  Result<Value> Map(const Value& json, const Type& type, const AttributePath& path) const {
    if (json.kind() != Value::Kind::kObject && json.kind() != Value::Kind::kMap) return Bad(path, "a map is required");
    Value::Fields fields;
    for (const auto& [name, field] : json.fields()) {
      if (!IsUtf8(name)) return Bad(path, "a key that is not UTF-8");
      PW_ASSIGN(Value value, Convert(field, type.element(), path.Key(name)));
      fields.emplace(name, std::move(value));
    }
    return Value::Map(std::move(fields));
  }

  Result<Value> Object(const Value& json, const Type& type, const AttributePath& path) const {
    if (json.kind() != Value::Kind::kObject && json.kind() != Value::Kind::kMap) {
      return Bad(path, "an object is required");
    }
    if (extra == ExtraAttributes::kRefuse) {
      for (const auto& [name, field] : json.fields()) {
        if (!type.attributes().contains(name)) return Bad(path.Attribute(name), "no such attribute");
      }
    }
    Value::Fields fields;
    for (const auto& [name, attribute] : type.attributes()) {
      const AttributePath place = path.Attribute(name);
      if (!json.Has(name) && missing == MissingAttributes::kRefuse) return Bad(place, "missing");
      PW_ASSIGN(Value value, Convert(json.Get(name), attribute, place));
      fields.emplace(name, std::move(value));
    }
    return Value::Object(std::move(fields));
  }

  Result<Value> Dynamic(const Value& json, const AttributePath& path) const {
    if (json.kind() == Value::Kind::kDynamic) return json;
    if (!json.Has("value") || !json.Has("type")) return Bad(path, "a dynamic value needs its type and value");
    PW_ASSIGN(const std::string type_json, EncodeJson(json.Get("type")));
    PW_ASSIGN(Type type, Type::FromJson(type_json));
    if (type.kind() == Type::Kind::kDynamic) return Value::Null();
    PW_ASSIGN(Value value, Convert(json.Get("value"), type, path));
    return Value::Dynamic(std::move(type), std::move(value));
  }

  Result<Value> Convert(const Value& json, const Type& type, const AttributePath& path) const {
    if (json.kind() == Value::Kind::kDynamic && type.kind() != Type::Kind::kDynamic) {
      return Convert(json.dynamic_value(), type, path);
    }
    if (!json.has_value()) return json;
    switch (type.kind()) {
      case Type::Kind::kDynamic: return Dynamic(json, path);
      case Type::Kind::kList:
      case Type::Kind::kSet:
      case Type::Kind::kTuple: return Sequence(json, type, path);
      case Type::Kind::kMap: return Map(json, type, path);
      case Type::Kind::kObject: return Object(json, type, path);
      default: return Primitive(json, type, path);
    }
  }
};

Status AppendJson(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull: out += "null"; return Ok();
    case Value::Kind::kUnknown: return InvalidArgument("an unknown value has no JSON form");
    case Value::Kind::kBool: out += value.BoolOr(false) ? "true" : "false"; return Ok();
    case Value::Kind::kNumber: out += value.AsNumber()->text(); return Ok();
    case Value::Kind::kString: AppendJsonString(out, *value.AsString()); return Ok();
    case Value::Kind::kList:
    case Value::Kind::kSet:
    case Value::Kind::kTuple: {
      out += '[';
      for (std::size_t i = 0; i < value.elements().size(); ++i) {
        if (i != 0) out += ',';
        PW_TRY(AppendJson(out, value.elements()[i]));
      }
      out += ']';
      return Ok();
    }
    case Value::Kind::kMap:
    case Value::Kind::kObject: {
      out += '{';
      const char* separator = "";
      for (const auto& [name, field] : value.fields()) {
        out += separator;
        AppendJsonString(out, name);
        out += ':';
        PW_TRY(AppendJson(out, field));
        separator = ",";
      }
      out += '}';
      return Ok();
    }
    case Value::Kind::kDynamic:
      out += "{\"value\":";
      PW_TRY(AppendJson(out, value.dynamic_value()));
      out += ",\"type\":" + value.dynamic_type().ToJson() + '}';
      return Ok();
  }
  return Ok();
}

}  // namespace

Result<Value> Conform(const Value& json, const Type& type, ExtraAttributes extra, MissingAttributes missing,
                      AttributePath* where) {
  return Conformer{extra, missing, where}.Convert(json, type, {});
}

Result<Value> DecodeJson(std::string_view json, const Type& type) {
  PW_ASSIGN(const Value value, ParseJson(json));
  return Conform(value, type, ExtraAttributes::kRefuse, MissingAttributes::kRefuse);
}

Result<std::string> EncodeJson(const Value& value) {
  std::string out;
  PW_TRY(AppendJson(out, value));
  return out;
}

}  // namespace podwright::sdk
