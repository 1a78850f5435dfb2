// JSON text as values: numbers exact, whatever their size; hostile text is an error only.
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "provider/sdk/value/json.h"
#include "provider/sdk/value/json_text.h"

namespace podwright::sdk {
namespace {

constexpr int kMaxDepth = 128;
constexpr std::size_t kMaxValues = 4'000'000;
constexpr std::size_t kMaxDigits = 64U * 1024 * 1024;

void AppendUtf8(std::string& out, std::uint32_t point) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0U | (point >> 6U));
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0U | (point >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (point >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Value> Parse() {
    PW_ASSIGN(Value value, Any(0));
    Space();
    if (at_ != text_.size()) return Malformed();
    return value;
  }

 private:
  Error Malformed() const { return InvalidArgument("malformed JSON at byte " + std::to_string(at_ + 1)); }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (Peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void Space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }

  Result<Value> Any(int depth) {
    if (depth > kMaxDepth) return InvalidArgument("JSON nested too deeply");
    if (++values_ > kMaxValues) return ResourceExhausted("JSON with too many values");
    Space();
    switch (Peek()) {
      case '{': return Object(depth);
      case '[': return Array(depth);
      case '"': {
        PW_ASSIGN(std::string text, String());
        return Value::String(std::move(text));
      }
      case 't': return Word("true", Value::Bool(true));
      case 'f': return Word("false", Value::Bool(false));
      case 'n': return Word("null", Value::Null());
      default: return Numeric();
    }
  }

  Result<Value> Word(std::string_view word, Value value) {
    if (text_.substr(at_, word.size()) != word) return Malformed();
    at_ += word.size();
    return value;
  }

  bool Digits() {
    const std::size_t start = at_;
    while (Peek() >= '0' && Peek() <= '9') ++at_;
    return at_ != start;
  }

  Result<Value> Numeric() {
    const std::size_t start = at_;
    Take('-');
    const bool zero = Take('0');
    if (!zero && !Digits()) return Malformed();
    bool integer = true;
    if (Take('.')) {
      integer = false;
      if (!Digits()) return Malformed();
    }
    if (Take('e') || Take('E')) {
      integer = false;
      if (!Take('+')) Take('-');
      if (!Digits()) return Malformed();
    }
    const std::string_view text = text_.substr(start, at_ - start);
    std::int64_t small = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), small);
    if (integer && error == std::errc() && end == text.data() + text.size()) return Value::Int(small);
    PW_ASSIGN(Number number, Number::Parse(text));
    digits_ += number.text().size();
    if (digits_ > kMaxDigits) return ResourceExhausted("JSON with too many digits");
    return Value::Number(std::move(number));
  }

  Result<std::uint32_t> Hex4() {
    std::uint32_t unit = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() != 4 || error != std::errc() || end != digits.data() + 4) return Malformed();
    at_ += 4;
    return unit;
  }

  Status Escape(std::string& out) {
    const char c = Peek();
    if (at_ < text_.size()) ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/': out += c; return Ok();
      case 'b': out += '\b'; return Ok();
      case 'f': out += '\f'; return Ok();
      case 'n': out += '\n'; return Ok();
      case 'r': out += '\r'; return Ok();
      case 't': out += '\t'; return Ok();
      case 'u': break;
      default: return Malformed();
    }
    PW_ASSIGN(std::uint32_t point, Hex4());
    if (point >= 0xD800 && point <= 0xDBFF) {
      if (!Take('\\') || !Take('u')) return Malformed();
      PW_ASSIGN(const std::uint32_t low, Hex4());
      if (low < 0xDC00 || low > 0xDFFF) return Malformed();
      point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
    } else if (point >= 0xDC00 && point <= 0xDFFF) {
      return Malformed();
    }
    AppendUtf8(out, point);
    return Ok();
  }

  Result<std::string> String() {
    std::string out;
    ++at_;
    while (true) {
      const std::size_t start = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20)
        ++at_;
      const std::string_view plain = text_.substr(start, at_ - start);
      if (!IsUtf8(plain)) return Malformed();
      out.append(plain);
      if (Take('"')) return out;
      if (!Take('\\')) return Malformed();
      PW_TRY(Escape(out));
    }
  }

  Result<Value> Array(int depth) {
    ++at_;
    Value::Elements elements;
    Space();
    if (Take(']')) return Value::Tuple({});
    while (true) {
      PW_ASSIGN(Value element, Any(depth + 1));
      elements.push_back(std::move(element));
      Space();
      if (Take(']')) return Value::Tuple(std::move(elements));
      if (!Take(',')) return Malformed();
    }
  }

  Result<Value> Object(int depth) {
    ++at_;
    Value::Fields fields;
    Space();
    if (Take('}')) return Value::Object({});
    while (true) {
      Space();
      if (Peek() != '"') return Malformed();
      PW_ASSIGN(std::string name, String());
      Space();
      if (!Take(':')) return Malformed();
      PW_ASSIGN(Value field, Any(depth + 1));
      const std::size_t before = fields.size();
      const auto put = fields.emplace_hint(fields.end(), std::move(name), std::move(field));
      if (fields.size() == before) return InvalidArgument("repeated key \"" + put->first.substr(0, 80) + "\"");
      Space();
      if (Take('}')) return Value::Object(std::move(fields));
      if (!Take(',')) return Malformed();
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  std::size_t digits_ = 0;
};

}  // namespace

Result<Value> ParseJson(std::string_view json) {
  return Parser(json).Parse();
}

}  // namespace podwright::sdk
