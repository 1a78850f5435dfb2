#include "provider/sdk/validators.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "provider/sdk/duration.h"

namespace podwright::sdk::validators {
namespace {

std::string Range(std::int64_t min, std::int64_t max, const std::string& unit) {
  if (max == INT64_MAX) return "at least " + std::to_string(min) + unit;
  if (min == INT64_MIN || (min == 0 && !unit.empty())) return "at most " + std::to_string(max) + unit;
  if (min == max) return "exactly " + std::to_string(min) + unit;
  return "from " + std::to_string(min) + " to " + std::to_string(max) + unit;
}

std::string List(const std::vector<std::string>& words, const char* last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? std::string(" ") + last + " " : std::string(", ");
    text += words[i];
  }
  return text;
}

std::int64_t Characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

const Value& Inner(const Value& value) {
  return value.kind() == Value::Kind::kDynamic ? value.dynamic_value() : value;
}

AttributeValidator InRange(std::int64_t min, std::int64_t max) {
  return [low = Number::FromInt64(min), high = Number::FromInt64(max), text = Range(min, max, "")](
             const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    const Number* number = Inner(value).AsNumber();
    if (number != nullptr && number->Compare(low) >= 0 && number->Compare(high) <= 0) return;
    diagnostics.AddError("Out of range", "It must be a number " + text + ".", path);
  };
}

}  // namespace

AttributeValidator LengthBetween(std::int64_t min, std::int64_t max) {
  return [min, max](const Value& outer, const AttributePath& path, Diagnostics& diagnostics) {
    const Value& value = Inner(outer);
    const std::string* text = value.AsString();
    const std::int64_t length = text != nullptr
                                    ? Characters(*text)
                                    : static_cast<std::int64_t>(value.elements().size() + value.fields().size());
    if (length >= min && length <= max) return;
    // A set of unknown elements may become smaller, never larger.
    if (value.kind() == Value::Kind::kSet && length > max && !value.IsWhollyKnown()) return;
    diagnostics.AddError(length < min ? "Too short" : "Too long",
                         "It must have " + Range(min, max, text != nullptr ? " characters" : " elements") +
                             "; it has " + std::to_string(length) + ".",
                         path);
  };
}

AttributeValidator LengthAtLeast(std::int64_t min) {
  return LengthBetween(min, INT64_MAX);
}

AttributeValidator LengthAtMost(std::int64_t max) {
  return LengthBetween(0, max);
}

AttributeValidator Between(std::int64_t min, std::int64_t max) {
  return InRange(min, max);
}

AttributeValidator AtLeast(std::int64_t min) {
  return [low = Number::FromInt64(min), min](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    const Number* number = Inner(value).AsNumber();
    if (number != nullptr && number->Compare(low) >= 0) return;
    diagnostics.AddError("Out of range", "It must be a number " + Range(min, INT64_MAX, "") + ".", path);
  };
}

AttributeValidator AtMost(std::int64_t max) {
  return [high = Number::FromInt64(max), max](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    const Number* number = Inner(value).AsNumber();
    if (number != nullptr && number->Compare(high) <= 0) return;
    diagnostics.AddError("Out of range", "It must be a number " + Range(INT64_MIN, max, "") + ".", path);
  };
}

AttributeValidator Integer() {
  return [](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    const Number* number = Inner(value).AsNumber();
    if (number != nullptr && number->is_integer()) return;
    diagnostics.AddError("Not an integer", "It must be a number without a fraction.", path);
  };
}

AttributeValidator OneOf(std::vector<Value> values) {
  return [values = std::move(values)](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    if (std::find(values.begin(), values.end(), Inner(value)) != values.end()) return;
    std::vector<std::string> words;
    for (const Value& allowed : values) words.push_back(allowed.ToDisplay());
    diagnostics.AddError("Not one of the values", "It must be " + List(words, "or") + ".", path);
  };
}

AttributeValidator OneOf(std::vector<std::string> values) {
  std::vector<Value> wrapped;
  for (std::string& value : values) wrapped.push_back(Value::String(std::move(value)));
  return OneOf(std::move(wrapped));
}

AttributeValidator NoneOf(std::vector<std::string> values) {
  return [values = std::move(values)](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    const std::string* text = Inner(value).AsString();
    if (text == nullptr || std::find(values.begin(), values.end(), *text) == values.end()) return;
    std::vector<std::string> words;
    for (const std::string& refused : values) words.push_back(Value::String(refused).ToDisplay());
    diagnostics.AddError("A value that is not allowed", "It must not be " + List(words, "or") + ".", path);
  };
}

AttributeValidator Matches(std::string_view pattern, std::string meaning) {
  RE2::Options options;
  options.set_log_errors(false);
  // Shared: validators are copied with their schema, and a pattern cannot be.
  auto compiled = std::make_shared<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  return [compiled = std::move(compiled), meaning = std::move(meaning)](const Value& value, const AttributePath& path,
                                                                        Diagnostics& diagnostics) {
    if (!compiled->ok()) {
      diagnostics.AddError("The provider's pattern is wrong",
                           compiled->error() + "\n\nThis is a bug of the provider; please report it.", path);
      return;
    }
    const std::string* text = Inner(value).AsString();
    if (text != nullptr && RE2::FullMatch(*text, *compiled)) return;
    diagnostics.AddError("Not of the right form", "It must be " + meaning + ".", path);
  };
}

AttributeValidator Duration() {
  return [](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    const std::string* text = Inner(value).AsString();
    if (text != nullptr && ParseDuration(*text).ok()) return;
    diagnostics.AddError("Not a duration", "Write it as \"90s\", \"1h30m\" or \"250ms\".", path);
  };
}

AttributeValidator EachElement(std::vector<AttributeValidator> validators) {
  return [validators = std::move(validators)](const Value& outer, const AttributePath& path, Diagnostics& diagnostics) {
    const Value& value = Inner(outer);
    const auto check = [&](const Value& element, const AttributePath& place) {
      if (!element.has_value()) return;
      for (const AttributeValidator& validator : validators) validator(element, place, diagnostics);
    };
    const bool set = value.kind() == Value::Kind::kSet;
    for (std::size_t i = 0; i < value.elements().size(); ++i) {
      check(value.elements()[i], set ? path.EndAtSet() : path.Index(static_cast<std::int64_t>(i)));
    }
    for (const auto& [key, element] : value.fields()) check(element, path.Key(key));
  };
}

AttributeValidator EachKey(std::vector<AttributeValidator> validators) {
  return [validators = std::move(validators)](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    for (const auto& [key, element] : Inner(value).fields()) {
      for (const AttributeValidator& validator : validators) validator(Value::String(key), path.Key(key), diagnostics);
    }
  };
}

AttributeValidator UniqueElements() {
  return [](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    const Value::Elements& elements = Inner(value).elements();
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (elements[i].IsWhollyKnown()) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return elements[a].Compare(elements[b]) < 0; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (elements[order[i - 1]] == elements[order[i]]) {
        diagnostics.AddError("An element is there twice", "Every element must differ from the others.",
                             path.Index(static_cast<std::int64_t>(order[i])));
      }
    }
  };
}

AttributeValidator AnyOf(std::vector<AttributeValidator> validators) {
  return [validators = std::move(validators)](const Value& value, const AttributePath& path, Diagnostics& diagnostics) {
    std::string reasons;
    for (const AttributeValidator& validator : validators) {
      Diagnostics said;
      validator(value, path, said);
      if (!said.HasError()) return diagnostics.Append(said);
      for (const Diagnostic& item : said.items()) reasons += (reasons.empty() ? "" : " Or: ") + item.detail;
    }
    diagnostics.AddError("None of the forms", reasons, path);
  };
}

}  // namespace podwright::sdk::validators
