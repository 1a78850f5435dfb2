#include "reconciler/control/label_selector.h"

#include <algorithm>

namespace podwright::control {
namespace {

bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '/';
  });
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<LabelSelector> LabelSelector::Parse(std::string_view text) {
  LabelSelector out;
  while (!Trim(text).empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = Trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    Term term;
    std::string_view key = part;
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos) {
      term.has_value = true;
      term.negated = equals > 0 && part[equals - 1] == '!';
      key = Trim(part.substr(0, term.negated ? equals - 1 : equals));
      std::string_view value = part.substr(equals + 1);
      if (value.starts_with('=')) value.remove_prefix(1);
      value = Trim(value);
      if (!value.empty() && !IsWord(value)) key = {};
      term.value = std::string(value);
    } else if (part.starts_with('!')) {
      term.negated = true;
      key = Trim(part.substr(1));
    }
    if (!IsWord(key)) {
      return InvalidArgument("\"" + std::string(part.substr(0, 100)) +
                             "\" is no term of a label selector; write `team=shop`, `tier!=db`, `canary` or `!canary`");
    }
    term.key = std::string(key);
    out.terms_.push_back(std::move(term));
  }
  return out;
}

}  // namespace podwright::control
