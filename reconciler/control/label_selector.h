// "team=shop,tier!=db,canary,!old": all terms have to hold. Values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace podwright::control {

class LabelSelector {
 public:
  // kInvalidArgument names the term that is none.
  static Result<LabelSelector> Parse(std::string_view text);
  template <typename Map>
  bool Matches(const Map& labels) const {
    for (const Term& term : terms_) {
      const auto it = labels.find(term.key);
      const bool there = it != labels.end();
      const bool holds = term.has_value ? there && it->second == term.value : there;
      if (holds == term.negated) return false;
    }
    return true;
  }

 private:
  struct Term {
    std::string key;
    std::string value;
    bool has_value = false;
    bool negated = false;  // "tier!=db" holds too where there is no such label
  };
  std::vector<Term> terms_;
};

}  // namespace podwright::control
