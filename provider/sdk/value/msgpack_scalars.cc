#include "provider/sdk/value/msgpack_scalars.h"

#include <optional>
#include <string>
#include <utility>

#include "provider/sdk/value/json_text.h"
#include "provider/sdk/value/msgpack.h"

namespace podwright::sdk {
namespace {

using Kind = MsgpackToken::Kind;

constexpr std::int8_t kRefined = 12;
constexpr std::size_t kMaxPayload = 1024;
enum Key : std::int64_t { kNullness = 1, kPrefix = 2, kMin = 3, kMax = 4, kMinLength = 5, kMaxLength = 6 };

Error Malformed() {
  return InvalidArgument("msgpack: malformed refinement of an unknown value");
}

std::optional<std::int64_t> Integer(const MsgpackToken& token) {
  constexpr std::uint64_t kLargest = INT64_MAX;
  if (token.kind == Kind::kInt) return token.int_value;
  if (token.kind == Kind::kUint && token.uint_value <= kLargest) return static_cast<std::int64_t>(token.uint_value);
  return std::nullopt;
}

class PayloadReader {
 public:
  PayloadReader(std::string_view payload, const Type& type) : reader_(payload), type_(type) {}

  Result<Value> Read() {
    PW_ASSIGN(const MsgpackToken map, reader_.Next());
    if (map.kind != Kind::kMap) return Malformed();
    for (std::uint32_t i = 0; i < map.size; ++i) {
      PW_ASSIGN(const MsgpackToken token, reader_.Next());
      const std::optional<std::int64_t> key = Integer(token);
      if (!key) return Malformed();
      PW_TRY(One(*key));
    }
    if (!reader_.done()) return Malformed();
    return null_ ? Value::Null() : Value::Unknown(std::move(found_));
  }

 private:
  Status One(std::int64_t key) {
    const bool number = type_.kind() == Type::Kind::kNumber;
    if (key == kNullness) return Nullness();
    if (key == kPrefix && type_.kind() == Type::Kind::kString) return Prefix();
    if ((key == kMin || key == kMax) && number) return Bound(key == kMin ? found_.min : found_.max);
    if ((key == kMinLength || key == kMaxLength) && type_.is_collection()) {
      return Length(key == kMinLength ? found_.min_length : found_.max_length);
    }
    return reader_.Skip();
  }

  Status Nullness() {
    PW_ASSIGN(const MsgpackToken token, reader_.Next());
    if (token.kind != Kind::kBool) return Malformed();
    null_ = token.bool_value;
    found_.not_null = !token.bool_value;
    return Ok();
  }

  Status Prefix() {
    PW_ASSIGN(const MsgpackToken token, reader_.Next());
    if (token.kind != Kind::kString || !IsUtf8(token.bytes)) return Malformed();
    found_.prefix = std::string(token.bytes);
    return Ok();
  }

  Status Bound(std::optional<Refinement::Bound>& bound) {
    PW_ASSIGN(const MsgpackToken pair, reader_.Next());
    if (pair.kind != Kind::kArray || pair.size != 2) return Malformed();
    PW_ASSIGN(const MsgpackToken token, reader_.Next());
    PW_ASSIGN(const MsgpackToken inclusive, reader_.Next());
    if (inclusive.kind != Kind::kBool) return Malformed();
    Result<Number> number = NumberFromToken(token);
    if (!number.ok()) return Malformed();
    bound = Refinement::Bound{std::move(number).value(), inclusive.bool_value};
    return Ok();
  }

  Status Length(std::optional<std::int64_t>& length) {
    PW_ASSIGN(const MsgpackToken token, reader_.Next());
    length = Integer(token);
    if (!length || *length < 0) return Malformed();
    return Ok();
  }

  MsgpackReader reader_;
  const Type& type_;
  Refinement found_;
  bool null_ = false;
};

class PayloadWriter {
 public:
  void Add(std::int64_t key) {
    ++size_;
    body_.Int(key);
  }
  void AddBound(std::int64_t key, const std::optional<Refinement::Bound>& bound) {
    if (!bound || bound->value.text().size() > Refinement::kMaxPrefix) return;
    Add(key);
    body_.Array(2);
    WriteNumber(bound->value, body_);
    body_.Bool(bound->inclusive);
  }
  MsgpackWriter& body() { return body_; }
  std::size_t size() const { return size_; }
  std::string Take() && {
    MsgpackWriter whole;
    whole.Map(size_);
    return std::move(whole).Take() + std::move(body_).Take();
  }

 private:
  MsgpackWriter body_;
  std::size_t size_ = 0;
};

std::string_view CutPrefix(std::string_view prefix) {
  if (prefix.size() <= Refinement::kMaxPrefix) return prefix;
  std::size_t size = Refinement::kMaxPrefix;
  while (size > 0 && (static_cast<unsigned char>(prefix[size]) & 0xC0U) == 0x80U) --size;
  return prefix.substr(0, size);
}

}  // namespace

Result<Number> NumberFromToken(const MsgpackToken& token) {
  switch (token.kind) {
    case Kind::kInt: return Number::FromInt64(token.int_value);
    case Kind::kUint: return Number::FromUint64(token.uint_value);
    case Kind::kFloat: return Number::FromExactDouble(token.float_value);
    case Kind::kString: return Number::Parse(token.bytes);
    default: return InvalidArgument("a number is required");
  }
}

void WriteNumber(const Number& number, MsgpackWriter& writer) {
  if (number.int64()) return writer.Int(*number.int64());
  if (!number.is_integer()) {
    if (const std::optional<double> exact = number.ExactDouble()) return writer.Float(*exact);
  }
  writer.String(number.text());
}

Result<Value> DecodeUnknown(const MsgpackToken& token, const Type& type) {
  if (token.extension != kRefined || token.bytes.empty()) return Value::Unknown();
  if (token.bytes.size() > kMaxPayload) return Malformed();
  return PayloadReader(token.bytes, type).Read();
}

void EncodeUnknown(const Refinement* refinement, const Type& type, MsgpackWriter& writer) {
  if (refinement == nullptr) return writer.Unknown();
  PayloadWriter payload;
  if (refinement->not_null) {
    payload.Add(kNullness);
    payload.body().Bool(false);
  }
  const std::string_view prefix = CutPrefix(refinement->prefix);
  if (type.kind() == Type::Kind::kString && !prefix.empty() && IsUtf8(prefix)) {
    payload.Add(kPrefix);
    payload.body().String(prefix);
  }
  if (type.kind() == Type::Kind::kNumber) {
    payload.AddBound(kMin, refinement->min);
    payload.AddBound(kMax, refinement->max);
  }
  if (type.is_collection()) {
    // From nothing on is what every collection has.
    if (refinement->min_length.value_or(0) > 0) {
      payload.Add(kMinLength);
      payload.body().Int(*refinement->min_length);
    }
    if (refinement->max_length && *refinement->max_length >= 0) {
      payload.Add(kMaxLength);
      payload.body().Int(*refinement->max_length);
    }
  }
  if (payload.size() == 0) return writer.Unknown();
  writer.Extension(kRefined, std::move(payload).Take());
}

}  // namespace podwright::sdk
