// A regular expression (RE2) of a field's rule. It is compiled when it is first asked for: a program that shows a
// schema and checks nothing with it, as a provider at its start, does not pay for it.
//
// Threading: any thread. Ownership: copies share what was compiled.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace podwright::kinds {

class Pattern {
 public:
  Pattern() = default;  // none: matches everything
  explicit Pattern(std::string text);

  bool empty() const { return state_ == nullptr; }
  const std::string& text() const;
  // Whether it matches somewhere in `value`; a pattern that cannot be compiled matches nothing.
  bool Matches(std::string_view value) const;
  // Why it cannot be compiled; empty where it can. The lint asks, so that no kind has such a pattern.
  std::string Error() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace podwright::kinds
