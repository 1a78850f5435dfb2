#include "kinds/testing/pattern_text.h"

#include <algorithm>
#include <vector>

namespace podwright::kinds {
namespace {

// Reads the pattern and writes the text in one pass; a part that repeats is read again for each repetition.
class Generator {
 public:
  Generator(std::string_view pattern, SeededRandom* random) : pattern_(pattern), random_(*random) {}

  // Alternatives up to the closing parenthesis or the end; one of them is written.
  std::string Alternatives() {
    std::vector<std::string> texts{Sequence()};
    while (Peek() == '|') {
      ++at_;
      texts.push_back(Sequence());
    }
    return texts[random_.Below(texts.size())];
  }

 private:
  char Peek() const { return at_ < pattern_.size() ? pattern_[at_] : '\0'; }

  std::string Sequence() {
    std::string out;
    while (at_ < pattern_.size() && Peek() != '|' && Peek() != ')') {
      if (Peek() == '^' || Peek() == '$') {
        ++at_;
        continue;
      }
      const std::size_t begin = at_;
      std::string text = Atom();
      const std::size_t times = Times();
      const std::size_t next = at_;
      if (times == 0) continue;
      out += text;
      for (std::size_t i = 1; i < times; ++i) {
        at_ = begin;
        out += Atom();
      }
      at_ = next;
    }
    return out;
  }

  std::string Atom() {
    const char c = pattern_[at_++];
    if (c == '\\') return std::string(1, pattern_[at_++]);
    if (c == '[') return std::string(1, Class());
    if (c == '.') return "x";
    if (c != '(') return std::string(1, c);
    std::string text = Alternatives();
    ++at_;  // the closing parenthesis
    return text;
  }

  char Class() {
    std::vector<char> choices;
    while (Peek() != ']') {
      char first = pattern_[at_++];
      if (first == '\\') first = pattern_[at_++];
      char last = first;
      if (Peek() == '-' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        ++at_;
        last = pattern_[at_++];
      }
      for (int c = first; c <= last; ++c) choices.push_back(static_cast<char>(c));
    }
    ++at_;
    return choices[random_.Below(choices.size())];
  }

  std::size_t Times() {
    switch (Peek()) {
      case '?': ++at_; return random_.Below(2);
      case '*': ++at_; return random_.Below(5);
      case '+': ++at_; return 1 + random_.Below(5);
      case '{': break;
      default: return 1;
    }
    ++at_;
    const std::size_t least = Number();
    std::size_t most = least;
    if (Peek() == ',') {
      ++at_;
      most = Peek() == '}' ? least + 5 : Number();
    }
    ++at_;
    return least + random_.Below(std::min<std::size_t>(most - least, 12) + 1);
  }

  std::size_t Number() {
    std::size_t value = 0;
    while (Peek() >= '0' && Peek() <= '9') value = value * 10 + static_cast<std::size_t>(pattern_[at_++] - '0');
    return value;
  }

  std::string_view pattern_;
  SeededRandom& random_;
  std::size_t at_ = 0;
};

}  // namespace

std::string PatternText(std::string_view pattern, SeededRandom* random) {
  return Generator(pattern, random).Alternatives();
}

}  // namespace podwright::kinds
