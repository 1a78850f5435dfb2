#include "provider/sdk/value/msgpack.h"

#include <utility>

#include "provider/sdk/value/json_text.h"
#include "provider/sdk/value/msgpack_tokens.h"

namespace podwright::sdk {
namespace {

using Token = MsgpackToken;

std::string Place(const AttributePath& path) {
  return path.empty() ? "" : path.ToString() + ": ";
}

// Where the decoder or encoder is: a list of frames on the stack, made into text only for an error.
struct Frame {
  const Frame* parent = nullptr;
  std::string_view name{};
  std::size_t index = 0;
  enum class Kind { kRoot, kAttribute, kKey, kIndex } kind = Kind::kRoot;

  AttributePath Path() const {
    if (parent == nullptr) return {};
    const AttributePath outer = parent->Path();
    if (kind == Kind::kAttribute) return outer.Attribute(std::string(name));
    if (kind == Kind::kKey) return outer.Key(std::string(name));
    return outer.Index(static_cast<std::int64_t>(index));
  }
};

Error Bad(const Frame& frame, const std::string& what) {
  return InvalidArgument(Place(frame.Path()) + what);
}

class Decoder {
 public:
  Decoder(std::string_view bytes, const DecodeLimits& limits) : reader_(bytes), limits_(limits) {}

  Result<Value> Decode(const Type& type) {
    PW_ASSIGN(Value value, Any(type, Frame{}, 0));
    if (!reader_.done()) return InvalidArgument("msgpack: bytes after the value");
    return value;
  }

 private:
  Result<Value> Any(const Type& type, const Frame& frame, int depth) {
    if (depth > limits_.max_depth) return Bad(frame, "nested too deeply");
    if (++values_ > limits_.max_values) return ResourceExhausted("msgpack: too many values");
    PW_ASSIGN(const Token token, reader_.Next());
    if (token.kind == Token::Kind::kNil) return Value::Null();
    if (token.kind == Token::Kind::kExtension) return Value::Unknown();
    switch (type.kind()) {
      case Type::Kind::kDynamic: return Dynamic(token, frame, depth);
      case Type::Kind::kBool:
        if (token.kind != Token::Kind::kBool) return Bad(frame, "a bool is required");
        return Value::Bool(token.bool_value);
      case Type::Kind::kNumber: return Numeric(token, frame);
      case Type::Kind::kString: return Text(token, frame);
      case Type::Kind::kList:
      case Type::Kind::kSet:
      case Type::Kind::kTuple: return Sequence(token, type, frame, depth);
      case Type::Kind::kMap: return Map(token, type, frame, depth);
      case Type::Kind::kObject: return Object(token, type, frame, depth);
    }
    return Bad(frame, "no such type");
  }

  static Result<Value> Numeric(const Token& token, const Frame& frame) {
    Result<Number> number = InvalidArgument("a number is required");
    switch (token.kind) {
      case Token::Kind::kInt: return Value::Int(token.int_value);
      case Token::Kind::kUint: return Value::Number(Number::FromUint64(token.uint_value));
      case Token::Kind::kFloat: number = Number::FromExactDouble(token.float_value); break;
      case Token::Kind::kString: number = Number::Parse(token.bytes); break;
      default: break;
    }
    if (!number.ok()) return Bad(frame, number.error().message());
    return Value::Number(std::move(number).value());
  }

  static Result<Value> Text(const Token& token, const Frame& frame) {
    if (token.kind != Token::Kind::kString) return Bad(frame, "a string is required");
    if (!IsUtf8(token.bytes)) return Bad(frame, "a string that is not UTF-8");
    return Value::String(std::string(token.bytes));
  }

  Result<Value> Sequence(const Token& token, const Type& type, const Frame& frame, int depth) {
    if (token.kind != Token::Kind::kArray) return Bad(frame, "a list is required");
    const bool tuple = type.kind() == Type::Kind::kTuple;
    if (tuple && token.size != type.elements().size()) return Bad(frame, "wrong number of elements");
    Value::Elements elements;
    for (std::size_t i = 0; i < token.size; ++i) {
      const Frame inner{&frame, {}, i, Frame::Kind::kIndex};
      PW_ASSIGN(Value element, Any(tuple ? type.elements()[i] : type.element(), inner, depth + 1));
      elements.push_back(std::move(element));
    }
    if (tuple) return Value::Tuple(std::move(elements));
    return type.kind() == Type::Kind::kSet ? Value::Set(std::move(elements)) : Value::List(std::move(elements));
  }

  Result<std::string> Key(const Frame& frame) {
    PW_ASSIGN(const Token token, reader_.Next());
    if (token.kind != Token::Kind::kString || !IsUtf8(token.bytes)) return Bad(frame, "keys must be strings");
    return std::string(token.bytes);
  }

  Result<Value> Map(const Token& token, const Type& type, const Frame& frame, int depth) {
    if (token.kind != Token::Kind::kMap) return Bad(frame, "a map is required");
    Value::Fields fields;
    for (std::size_t i = 0; i < token.size; ++i) {
      PW_ASSIGN(std::string key, Key(frame));
      const Frame inner{&frame, key, 0, Frame::Kind::kKey};
      PW_ASSIGN(Value value, Any(type.element(), inner, depth + 1));
      if (!fields.emplace(key, std::move(value)).second) return Bad(inner, "repeated key");
    }
    return Value::Map(std::move(fields));
  }

  Result<Value> Object(const Token& token, const Type& type, const Frame& frame, int depth) {
    if (token.kind != Token::Kind::kMap) return Bad(frame, "an object is required");
    if (token.size != type.attributes().size()) return Bad(frame, "an object needs exactly its attributes");
    Value::Fields fields;
    for (std::size_t i = 0; i < token.size; ++i) {
      PW_ASSIGN(std::string name, Key(frame));
      const Frame inner{&frame, name, 0, Frame::Kind::kAttribute};
      const auto attribute = type.attributes().find(name);
      if (attribute == type.attributes().end()) return Bad(inner, "no such attribute");
      PW_ASSIGN(Value value, Any(attribute->second, inner, depth + 1));
      if (!fields.emplace(name, std::move(value)).second) return Bad(inner, "repeated attribute");
    }
    return Value::Object(std::move(fields));
  }

  Result<Value> Dynamic(const Token& token, const Frame& frame, int depth) {
    if (token.kind != Token::Kind::kArray || token.size != 2) return Bad(frame, "a dynamic value is an array of two");
    PW_ASSIGN(const Token json, reader_.Next());
    if (json.kind != Token::Kind::kBinary && json.kind != Token::Kind::kString) {
      return Bad(frame, "a dynamic value needs its type");
    }
    PW_ASSIGN(Type type, Type::FromJson(json.bytes));
    PW_ASSIGN(Value value, Any(type, frame, depth + 1));
    if (type.kind() == Type::Kind::kDynamic) return value;
    return Value::Dynamic(std::move(type), std::move(value));
  }

  MsgpackReader reader_;
  const DecodeLimits& limits_;
  std::size_t values_ = 0;
};

class Encoder {
 public:
  Status Any(const Value& value, const Type& type, const Frame& frame) {
    if (value.is_null()) return writer_.Nil(), Ok();
    if (value.is_unknown()) return writer_.Unknown(), Ok();
    switch (type.kind()) {
      case Type::Kind::kDynamic: return Dynamic(value, frame);
      case Type::Kind::kBool:
        if (!value.AsBool()) return Bad(frame, "a bool is required");
        return writer_.Bool(*value.AsBool()), Ok();
      case Type::Kind::kNumber: return Numeric(value, frame);
      case Type::Kind::kString:
        if (value.AsString() == nullptr) return Bad(frame, "a string is required");
        if (!IsUtf8(*value.AsString())) return Bad(frame, "a string that is not UTF-8");
        return writer_.String(*value.AsString()), Ok();
      case Type::Kind::kList:
      case Type::Kind::kSet: return Collection(value, type, frame);
      case Type::Kind::kTuple: return Tuple(value, type, frame);
      case Type::Kind::kMap: return Map(value, type, frame);
      case Type::Kind::kObject: return Object(value, type, frame);
    }
    return Bad(frame, "no such type");
  }

  std::string Take() && { return std::move(writer_).Take(); }

 private:
  Status Numeric(const Value& value, const Frame& frame) {
    const Number* number = value.AsNumber();
    if (number == nullptr) return Bad(frame, "a number is required");
    if (number->int64()) return writer_.Int(*number->int64()), Ok();
    if (!number->is_integer()) {
      if (const std::optional<double> exact = number->ExactDouble()) return writer_.Float(*exact), Ok();
    }
    return writer_.String(number->text()), Ok();
  }

  Status Collection(const Value& value, const Type& type, const Frame& frame) {
    const bool set = type.kind() == Type::Kind::kSet;
    if (value.kind() != (set ? Value::Kind::kSet : Value::Kind::kList)) {
      return Bad(frame, set ? "a set is required" : "a list is required");
    }
    writer_.Array(value.elements().size());
    for (std::size_t i = 0; i < value.elements().size(); ++i) {
      PW_TRY(Any(value.elements()[i], type.element(), Frame{&frame, {}, i, Frame::Kind::kIndex}));
    }
    return Ok();
  }

  Status Tuple(const Value& value, const Type& type, const Frame& frame) {
    if (value.kind() != Value::Kind::kTuple || value.elements().size() != type.elements().size()) {
      return Bad(frame, "a tuple of " + std::to_string(type.elements().size()) + " is required");
    }
    writer_.Array(value.elements().size());
    for (std::size_t i = 0; i < value.elements().size(); ++i) {
      PW_TRY(Any(value.elements()[i], type.elements()[i], Frame{&frame, {}, i, Frame::Kind::kIndex}));
    }
    return Ok();
  }

  Status Map(const Value& value, const Type& type, const Frame& frame) {
    if (value.kind() != Value::Kind::kMap) return Bad(frame, "a map is required");
    writer_.Map(value.fields().size());
    for (const auto& [key, field] : value.fields()) {
      const Frame inner{&frame, key, 0, Frame::Kind::kKey};
      if (!IsUtf8(key)) return Bad(frame, "a key that is not UTF-8");
      writer_.String(key);
      PW_TRY(Any(field, type.element(), inner));
    }
    return Ok();
  }

  Status Object(const Value& value, const Type& type, const Frame& frame) {
    if (value.kind() != Value::Kind::kObject) return Bad(frame, "an object is required");
    for (const auto& [name, field] : value.fields()) {
      if (!type.attributes().contains(name)) {
        return Bad(Frame{&frame, name, 0, Frame::Kind::kAttribute}, "no such attribute");
      }
    }
    writer_.Map(type.attributes().size());
    for (const auto& [name, attribute] : type.attributes()) {
      writer_.String(name);
      PW_TRY(Any(value.Get(name), attribute, Frame{&frame, name, 0, Frame::Kind::kAttribute}));
    }
    return Ok();
  }

  Status Dynamic(const Value& value, const Frame& frame) {
    if (value.kind() != Value::Kind::kDynamic) return Bad(frame, "a dynamic value needs its type");
    writer_.Array(2);
    writer_.Binary(value.dynamic_type().ToJson());
    return Any(value.dynamic_value(), value.dynamic_type(), frame);
  }

  MsgpackWriter writer_;
};

}  // namespace

Result<Value> DecodeMsgpack(std::string_view bytes, const Type& type, const DecodeLimits& limits) {
  if (bytes.size() > limits.max_bytes) return ResourceExhausted("msgpack: message too large");
  return Decoder(bytes, limits).Decode(type);
}

Result<std::string> EncodeMsgpack(const Value& value, const Type& type) {
  Encoder encoder;
  PW_TRY(encoder.Any(value, type, Frame{}));
  return std::move(encoder).Take();
}

}  // namespace podwright::sdk
