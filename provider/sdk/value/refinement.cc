#include "provider/sdk/value/refinement.h"

#include <algorithm>

#include "provider/sdk/value/json_text.h"
#include "provider/sdk/value/value.h"

namespace podwright::sdk {
namespace {

bool Within(const Refinement& refinement, const Number& number) {
  if (refinement.min) {
    const int order = number.Compare(refinement.min->value);
    if (order < 0 || (order == 0 && !refinement.min->inclusive)) return false;
  }
  if (!refinement.max) return true;
  const int order = number.Compare(refinement.max->value);
  return order < 0 || (order == 0 && refinement.max->inclusive);
}

}  // namespace

bool Refinement::Holds(const Value& value) const {
  if (value.kind() == Value::Kind::kDynamic) return Holds(value.dynamic_value());
  if (value.is_unknown()) return true;
  if (value.is_null()) return !not_null;
  if (const std::string* text = value.AsString()) return text->starts_with(prefix);
  if (const Number* number = value.AsNumber()) return Within(*this, *number);
  const auto size = static_cast<std::int64_t>(std::max(value.elements().size(), value.fields().size()));
  const bool collection =
      value.kind() == Value::Kind::kList || value.kind() == Value::Kind::kSet || value.kind() == Value::Kind::kMap;
  return !collection || (size >= min_length.value_or(size) && size <= max_length.value_or(size));
}

std::string Refinement::ToDisplay() const {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (not_null) add("not null");
  if (!prefix.empty()) {
    std::string quoted = "begins with ";
    AppendJsonString(quoted, prefix);
    add(quoted);
  }
  if (min) add((min->inclusive ? "at least " : "more than ") + min->value.text());
  if (max) add((max->inclusive ? "at most " : "less than ") + max->value.text());
  if (min_length) add("at least " + std::to_string(*min_length) + " elements");
  if (max_length) add("at most " + std::to_string(*max_length) + " elements");
  return text;
}

}  // namespace podwright::sdk
