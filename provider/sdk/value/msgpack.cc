#include "provider/sdk/value/msgpack.h"

#include <algorithm>
#include <utility>

#include "provider/sdk/value/json_text.h"
#include "provider/sdk/value/msgpack_scalars.h"
#include "provider/sdk/value/msgpack_tokens.h"

namespace podwright::sdk {
namespace {

using Token = MsgpackToken;

constexpr std::size_t kReserve = 1024;  // elements, before any of them has been seen

std::string Place(const AttributePath& path) {
  return path.empty() ? "" : path.ToString() + ": ";
}

// Where the decoder or encoder is: a list of frames on the stack, made into text only for an error.
struct Frame {
  const Frame* parent = nullptr;
  std::string_view name{};
  std::size_t index = 0;
  enum class Kind { kRoot, kAttribute, kKey, kIndex, kSetElement } kind = Kind::kRoot;

  AttributePath Path() const {
    if (parent == nullptr) return {};
    const AttributePath outer = parent->Path();
    if (kind == Kind::kAttribute) return outer.Attribute(std::string(name));
    if (kind == Kind::kKey) return outer.Key(std::string(name));
    return outer.Index(static_cast<std::int64_t>(index));
  }
  // Of the outermost set that this lies in, or of this.
  AttributePath Addressable() const {
    const Frame* end = this;
    for (const Frame* at = this; at->parent != nullptr; at = at->parent) {
      if (at->kind == Kind::kSetElement) end = at->parent;
    }
    return end->Path();
  }
};

Error Misfit(const Frame& frame, const std::string& what) {
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
    if (depth > limits_.max_depth) return Misfit(frame, "nested too deeply");
    if (++values_ > limits_.max_values) return ResourceExhausted("msgpack: too many values");
    PW_ASSIGN(const Token token, reader_.Next());
    if (token.kind == Token::Kind::kNil) return Value::Null();
    if (token.kind == Token::Kind::kExtension) return DecodeUnknown(token, type);
    switch (type.kind()) {
      case Type::Kind::kDynamic: return Dynamic(token, frame, depth);
      case Type::Kind::kBool:
        if (token.kind != Token::Kind::kBool) return Misfit(frame, "a bool is required");
        return Value::Bool(token.bool_value);
      case Type::Kind::kNumber: return Numeric(token, frame);
      case Type::Kind::kString: return Text(token, frame);
      case Type::Kind::kList:
      case Type::Kind::kSet:
      case Type::Kind::kTuple: return Sequence(token, type, frame, depth);
      case Type::Kind::kMap: return Map(token, type, frame, depth);
      case Type::Kind::kObject: return Object(token, type, frame, depth);
    }
    return Misfit(frame, "no such type");
  }

  Result<Value> Numeric(const Token& token, const Frame& frame) {
    Result<Number> number = NumberFromToken(token);
    if (!number.ok()) return Misfit(frame, number.error().message());
    digits_ += number->text().size();
    if (digits_ > limits_.max_digits) return ResourceExhausted("msgpack: too many digits");
    return Value::Number(std::move(number).value());
  }

  static Result<Value> Text(const Token& token, const Frame& frame) {
    if (token.kind != Token::Kind::kString) return Misfit(frame, "a string is required");
    if (!IsUtf8(token.bytes)) return Misfit(frame, "a string that is not UTF-8");
    return Value::String(std::string(token.bytes));
  }

  Result<Value> Sequence(const Token& token, const Type& type, const Frame& frame, int depth) {
    if (token.kind != Token::Kind::kArray) return Misfit(frame, "a list is required");
    const bool tuple = type.kind() == Type::Kind::kTuple;
    if (tuple && token.size != type.elements().size()) return Misfit(frame, "wrong number of elements");
    Value::Elements elements;
    elements.reserve(std::min<std::size_t>(token.size, kReserve));
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
    if (token.kind != Token::Kind::kString || !IsUtf8(token.bytes)) return Misfit(frame, "keys must be strings");
    return std::string(token.bytes);
  }

  Result<Value> Map(const Token& token, const Type& type, const Frame& frame, int depth) {
    if (token.kind != Token::Kind::kMap) return Misfit(frame, "a map is required");
    Value::Fields fields;
    for (std::size_t i = 0; i < token.size; ++i) {
      PW_ASSIGN(std::string key, Key(frame));
      const Frame inner{&frame, key, 0, Frame::Kind::kKey};
      PW_ASSIGN(Value value, Any(type.element(), inner, depth + 1));
      const std::size_t before = fields.size();
      fields.emplace_hint(fields.end(), key, std::move(value));
      if (fields.size() == before) return Misfit(inner, "repeated key");
    }
    return Value::Map(std::move(fields));
  }

  Result<Value> Object(const Token& token, const Type& type, const Frame& frame, int depth) {
    if (token.kind != Token::Kind::kMap) return Misfit(frame, "an object is required");
    if (token.size != type.attributes().size()) return Misfit(frame, "an object needs exactly its attributes");
    Value::Fields fields;
    for (std::size_t i = 0; i < token.size; ++i) {
      PW_ASSIGN(std::string name, Key(frame));
      const Frame inner{&frame, name, 0, Frame::Kind::kAttribute};
      const auto attribute = type.attributes().find(name);
      if (attribute == type.attributes().end()) return Misfit(inner, "no such attribute");
      PW_ASSIGN(Value value, Any(attribute->second, inner, depth + 1));
      const std::size_t before = fields.size();
      fields.emplace_hint(fields.end(), name, std::move(value));
      if (fields.size() == before) return Misfit(inner, "repeated attribute");
    }
    return Value::Object(std::move(fields));
  }

  Result<Value> Dynamic(const Token& token, const Frame& frame, int depth) {
    if (token.kind != Token::Kind::kArray || token.size != 2)
      return Misfit(frame, "a dynamic value is an array of two");
    PW_ASSIGN(const Token json, reader_.Next());
    if (json.kind != Token::Kind::kBinary && json.kind != Token::Kind::kString) {
      return Misfit(frame, "a dynamic value needs its type");
    }
    PW_ASSIGN(Type type, Type::FromJson(json.bytes));
    PW_ASSIGN(Value value, Any(type, frame, depth + 1));
    if (type.kind() == Type::Kind::kDynamic) return value;
    return Value::Dynamic(std::move(type), std::move(value));
  }

  MsgpackReader reader_;
  const DecodeLimits& limits_;
  std::size_t values_ = 0;
  std::size_t digits_ = 0;
};

class Encoder {
 public:
  explicit Encoder(AttributePath* where) : where_(where) {}

  Status Any(const Value& value, const Type& type, const Frame& frame) {
    if (value.kind() == Value::Kind::kNull) return writer_.Nil(), Ok();
    if (value.kind() == Value::Kind::kUnknown) return EncodeUnknown(value.refinement(), type, writer_), Ok();
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
    WriteNumber(*number, writer_);
    return Ok();
  }

  Status Collection(const Value& value, const Type& type, const Frame& frame) {
    const bool set = type.kind() == Type::Kind::kSet;
    if (value.kind() != (set ? Value::Kind::kSet : Value::Kind::kList)) {
      return Bad(frame, set ? "a set is required" : "a list is required");
    }
    writer_.Array(value.elements().size());
    const Frame::Kind kind = set ? Frame::Kind::kSetElement : Frame::Kind::kIndex;
    for (std::size_t i = 0; i < value.elements().size(); ++i) {
      PW_TRY(Any(value.elements()[i], type.element(), Frame{&frame, {}, i, kind}));
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
    writer_.Map(type.attributes().size());
    // Both are in order of names; what the value lacks is null.
    auto field = value.fields().begin();
    for (const auto& [name, attribute] : type.attributes()) {
      if (field != value.fields().end() && field->first < name) break;
      writer_.String(name);
      const bool present = field != value.fields().end() && field->first == name;
      PW_TRY(Any(present ? field->second : kNull, attribute, Frame{&frame, name, 0, Frame::Kind::kAttribute}));
      if (present) ++field;
    }
    if (field == value.fields().end()) return Ok();
    return Bad(Frame{&frame, field->first, 0, Frame::Kind::kAttribute}, "no such attribute");
  }

  Status Dynamic(const Value& value, const Frame& frame) {
    if (value.kind() != Value::Kind::kDynamic) return Bad(frame, "a dynamic value needs its type");
    writer_.Array(2);
    writer_.Binary(value.dynamic_type().ToJson());
    return Any(value.dynamic_value(), value.dynamic_type(), frame);
  }

  Error Bad(const Frame& frame, const std::string& what) {
    if (where_ != nullptr) *where_ = frame.Addressable();
    return Misfit(frame, what);
  }

  inline static const Value kNull{};
  MsgpackWriter writer_;
  AttributePath* where_;  // may be null
};

}  // namespace

Result<Value> DecodeMsgpack(std::string_view bytes, const Type& type, const DecodeLimits& limits) {
  if (bytes.size() > limits.max_bytes) return ResourceExhausted("msgpack: message too large");
  return Decoder(bytes, limits).Decode(type);
}

Result<std::string> EncodeMsgpack(const Value& value, const Type& type, AttributePath* where) {
  Encoder encoder(where);
  PW_TRY(encoder.Any(value, type, Frame{}));
  return std::move(encoder).Take();
}

}  // namespace podwright::sdk
