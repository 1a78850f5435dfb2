#include "reconciler/forge/markdown.h"

#include <algorithm>

#include "reconciler/forge/characters.h"

namespace podwright::forge {
namespace {

// Breaks what forges look for in the rendered text, where an entity is its character again: "@name", "#7", "://".
constexpr std::string_view kBreak = "&#8203;";
// One more, and "a5c3785" would be a commit.
constexpr int kMostHex = 6;

bool IsDigit(char32_t c) {
  return c >= '0' && c <= '9';
}
bool IsUpper(char32_t c) {
  return c >= 'A' && c <= 'Z';
}
bool IsLetter(char32_t c) {
  return IsUpper(c) || (c >= 'a' && c <= 'z');
}
bool IsHex(char32_t c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsWord(char32_t c) {
  return IsDigit(c) || IsLetter(c) || c > 0x7F;
}

// One line: spaces for line breaks and tabs, none at the ends, one where there were several.
std::u32string OneLine(std::string_view text, std::size_t most) {
  std::u32string line;
  for (const char32_t c : Decode(text)) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == 0x2028 || c == 0x2029 || c == 0x85;
    if (space) {
      if (!line.empty() && line.back() != ' ') line += ' ';
    } else {
      line += Visible(c);
    }
    if (most > 0 && line.size() > most) break;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (most > 0 && line.size() > most) {
    line.resize(most);
    line += U'…';
  }
  return line;
}

// Writes one character after the other, and knows of those before it what decides how the next one is written.
class InlineWriter {
 public:
  void Put(char32_t c, char32_t next) {
    if (IsWord(c)) {
      Word(c);
    } else {
      if (c == ' ') {
        out_ += ' ';
      } else {
        Punctuation(c, next);
      }
      word_.clear();
      hex_ = 0;
    }
  }
  std::string Take() { return std::move(out_); }

 private:
  void Word(char32_t c) {
    hex_ = IsHex(c) ? hex_ + 1 : 0;
    if (hex_ > kMostHex) {
      out_ += kBreak;
      hex_ = 1;
    }
    begun_ = begun_ || !IsDigit(c);
    word_ += c;
    Append(out_, c);
  }

  void Punctuation(char32_t c, char32_t next) {
    constexpr std::u32string_view kMild = U"-.,()?;=/'";
    const bool mild = kMild.find(c) != std::u32string_view::npos;
    if (c == '.' && EndsInWww()) out_ += kBreak;
    // At the beginning "1." would be a list, "---" a line, "/merge" a command.
    if (mild && begun_) {
      out_ += static_cast<char>(c);
    } else {
      out_ += "&#" + std::to_string(static_cast<unsigned>(c)) + ";";
    }
    begun_ = begun_ || !mild;
    if (Breaks(c, next)) out_ += kBreak;
  }

  bool Breaks(char32_t c, char32_t next) const {
    constexpr std::u32string_view kTriggers = U"@#!$%^~&:[{";
    if (kTriggers.find(c) != std::u32string_view::npos) return next != ' ';
    if (!IsDigit(next)) return false;
    // Trackers: "GH-7", "TICKET.7".
    if (c == '.') return std::any_of(word_.begin(), word_.end(), IsLetter);
    return c == '-' || c == '=' || c == '/' || c == '+' || c == '_';
  }

  bool EndsInWww() const {
    if (word_.size() < 3) return false;
    return std::all_of(word_.end() - 3, word_.end(), [](char32_t c) { return c == 'w' || c == 'W'; });
  }

  std::string out_;
  std::u32string word_;  // since the last character that is none of a word
  int hex_ = 0;          // hexadecimal digits in a row
  bool begun_ = false;   // something came that no list's number and no line can begin with
};

std::size_t LongestRun(std::u32string_view text, char32_t of) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char32_t c : text) {
    run = c == of ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::string Escape(std::u32string_view line) {
  InlineWriter writer;
  for (std::size_t i = 0; i < line.size(); ++i) writer.Put(line[i], i + 1 < line.size() ? line[i + 1] : 0);
  return writer.Take();
}

}  // namespace

std::string EscapeInline(std::string_view text, std::size_t most) {
  return Escape(OneLine(text, most));
}

std::string EscapeHtml(std::string_view text, std::size_t most) {
  return EscapeInline(text, most);
}

std::string CodeSpan(std::string_view text, std::size_t most) {
  const std::u32string line = OneLine(text, most);
  if (line.empty()) return "`\"\"`";
  // In a table a bar ends the cell even inside a code span.
  if (line.find(U'|') != std::u32string::npos) return "<code>" + Escape(line) + "</code>";
  const std::string fence(LongestRun(line, '`') + 1, '`');
  const bool padded = line.front() == '`' || line.back() == '`';
  return fence + (padded ? " " : "") + Encode(line) + (padded ? " " : "") + fence;
}

std::string CodeBlock(std::string_view text, std::string_view language) {
  std::u32string body;
  bool line_start = true;
  for (const char32_t c : Decode(text)) {
    if (c == '\r') continue;
    const char32_t shown = c == 0x2028 || c == 0x2029 ? U'\n' : c == '\n' || c == '\t' ? c : Visible(c);
    // GitLab carries out "/merge" at a line's beginning, and does not know every code block for one.
    if (line_start && shown == '/') body += U' ';
    body += shown;
    line_start = shown == '\n';
  }
  if (!body.empty() && body.back() != '\n') body += U'\n';
  const std::string fence(std::max<std::size_t>(3, LongestRun(body, '`') + 1), '`');
  return fence + std::string(language) + "\n" + Encode(body) + fence + "\n";
}

std::string PlainText(std::string_view text) {
  std::u32string out;
  for (const char32_t c : Decode(text)) {
    if (c != '\r') out += c == '\n' || c == '\t' ? c : Visible(c);
  }
  return Encode(out);
}

std::string PlainLine(std::string_view text, std::size_t most_bytes) {
  constexpr std::string_view kMore = "…";
  std::string line = Encode(OneLine(text, most_bytes));
  if (line.size() <= most_bytes) return line;
  if (most_bytes < kMore.size()) return "";
  std::size_t end = most_bytes - kMore.size();
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  return line.substr(0, end) + std::string(kMore);
}

}  // namespace podwright::forge
