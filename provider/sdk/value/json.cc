#include "provider/sdk/value/json.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "provider/sdk/value/json_text.h"

namespace podwright::sdk {
namespace {

constexpr std::size_t kMaxDepth = 128;

// Builds a Value from nlohmann's SAX events, which keep the source text of numbers.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Put(Value::Null()); }
  bool boolean(bool value) override { return Put(Value::Bool(value)); }
  bool number_integer(number_integer_t value) override { return Put(Value::Int(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Put(Value::Number(Number::FromUint64(value))); }
  bool number_float(number_float_t, const string_t& text) override {
    Result<Number> number = Number::Parse(text);
    if (!number.ok()) return Fail(number.error().message());
    return Put(Value::Number(std::move(number).value()));
  }
  bool string(string_t& value) override { return Put(Value::String(std::move(value))); }
  bool binary(binary_t&) override { return Fail("binary is not JSON"); }
  bool start_object(std::size_t) override { return Open(true); }
  bool start_array(std::size_t) override { return Open(false); }
  bool key(string_t& name) override {
    if (open_.back().fields.contains(name)) return Fail("repeated key \"" + name.substr(0, 80) + "\"");
    open_.back().key = std::move(name);
    return true;
  }
  bool end_object() override {
    Value value = Value::Object(std::move(open_.back().fields));
    open_.pop_back();
    return Put(std::move(value));
  }
  bool end_array() override {
    Value value = Value::Tuple(std::move(open_.back().elements));
    open_.pop_back();
    return Put(std::move(value));
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return Fail("malformed JSON at byte " + std::to_string(position));
  }

  Result<Value> Take() && {
    if (!error_.empty()) return InvalidArgument(error_);
    return std::move(root_);
  }

 private:
  struct Level {
    bool object = false;
    std::string key{};
    Value::Fields fields{};
    Value::Elements elements{};
  };

  bool Open(bool object) {
    if (open_.size() >= kMaxDepth) return Fail("JSON nested too deeply");
    open_.push_back(Level{.object = object});
    return true;
  }
  bool Put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().object) {
      open_.back().fields.emplace(std::move(open_.back().key), std::move(value));
    } else {
      open_.back().elements.push_back(std::move(value));
    }
    return true;
  }
  bool Fail(std::string message) {
    error_ = std::move(message);
    return false;
  }

  std::vector<Level> open_;
  Value root_;
  std::string error_;
};

struct Conformer {
  ExtraAttributes extra;
  MissingAttributes missing;

  Error Bad(const AttributePath& path, const std::string& what) const {
    return InvalidArgument(path.empty() ? what : path.ToString() + ": " + what);
  }

  Result<Value> Primitive(const Value& json, const Type& type, const AttributePath& path) const {
    if (type.kind() == Type::Kind::kString) {
      if (json.AsString() != nullptr) return json;
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
    if (tuple && json.elements().size() != type.elements().size()) return Bad(path, "wrong number of elements");
    Value::Elements elements;
    elements.reserve(json.elements().size());
    for (std::size_t i = 0; i < json.elements().size(); ++i) {
      PW_ASSIGN(Value element, Convert(json.elements()[i], tuple ? type.elements()[i] : type.element(),
                                       path.Index(static_cast<std::int64_t>(i))));
      elements.push_back(std::move(element));
    }
    if (tuple) return Value::Tuple(std::move(elements));
    return type.kind() == Type::Kind::kSet ? Value::Set(std::move(elements)) : Value::List(std::move(elements));
  }

  Result<Value> Map(const Value& json, const Type& type, const AttributePath& path) const {
    if (json.kind() != Value::Kind::kObject && json.kind() != Value::Kind::kMap) return Bad(path, "a map is required");
    Value::Fields fields;
    for (const auto& [name, field] : json.fields()) {
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

Result<Value> ParseJson(std::string_view json) {
  Builder builder;
  try {
    nlohmann::json::sax_parse(json, &builder);
  } catch (const std::exception& e) {
    return InvalidArgument(std::string("malformed JSON: ") + e.what());
  }
  return std::move(builder).Take();
}

Result<Value> Conform(const Value& json, const Type& type, ExtraAttributes extra, MissingAttributes missing) {
  return Conformer{extra, missing}.Convert(json, type, {});
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
