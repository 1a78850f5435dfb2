#include "kinds/pattern.h"

#include <re2/re2.h>

#include <mutex>
#include <optional>
#include <utility>

namespace podwright::kinds {

struct Pattern::State {
  explicit State(std::string pattern) : text(std::move(pattern)) {}

  const re2::RE2& Compiled() {
    std::call_once(once, [this] {
      re2::RE2::Options options;
      options.set_log_errors(false);
      compiled.emplace(text, options);
    });
    return *compiled;
  }

  const std::string text;
  std::once_flag once;
  std::optional<re2::RE2> compiled;
};

Pattern::Pattern(std::string text) {
  if (!text.empty()) state_ = std::make_shared<State>(std::move(text));
}

const std::string& Pattern::text() const {
  static const std::string kNone;
  return empty() ? kNone : state_->text;
}

bool Pattern::Matches(std::string_view value) const {
  return empty() || re2::RE2::PartialMatch(re2::StringPiece(value.data(), value.size()), state_->Compiled());
}

std::string Pattern::Error() const {
  return empty() ? "" : state_->Compiled().error();
}

}  // namespace podwright::kinds
