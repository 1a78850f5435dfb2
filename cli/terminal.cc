#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <istream>
#include <ostream>

namespace podwright::cli {
namespace {

const char* Code(Style style) {
  switch (style) {
    case Style::kPlain: return "";
    case Style::kBold: return "1";
    case Style::kDim: return "2";
    case Style::kRed: return "31";
    case Style::kGreen: return "32";
    case Style::kYellow: return "33";
    case Style::kCyan: return "36";
  }
  return "";
}

// Turns the echo off while it lives.
class NoEcho {
 public:
  NoEcho() : known_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!known_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~NoEcho() {
    if (known_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool known_;
};

}  // namespace

TerminalTraits TerminalTraits::OfProcess() {
  TerminalTraits traits;
  traits.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  traits.in_is_terminal = isatty(STDIN_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  traits.color = traits.out_is_terminal && (no_color == nullptr || *no_color == '\0') && !dumb;
  winsize size{};
  if (traits.out_is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    traits.width = size.ws_col;
  }
  return traits;
}

std::string Terminal::Paint(Style style, std::string_view text) const {
  if (!traits_.color || style == Style::kPlain || text.empty()) return std::string(text);
  return std::string("\033[") + Code(style) + "m" + std::string(text) + "\033[0m";
}

Result<bool> Terminal::Confirm(std::string_view question, std::string_view hint) {
  if (!traits_.in_is_terminal) return FailedPrecondition("nobody is there to answer: " + std::string(hint));
  out_ << question << " [y/N] " << std::flush;
  std::string answer;
  if (!std::getline(in_, answer)) return Cancelled("no answer");
  return answer == "y" || answer == "Y" || answer == "yes";
}

Result<std::string> Terminal::ReadSecret(std::string_view question, std::size_t limit) {
  std::string value;
  if (traits_.in_is_terminal) {
    err_ << question << ": " << std::flush;
    {
      const NoEcho quiet;
      if (!std::getline(in_, value)) return Cancelled("no value was given");
    }
    err_ << "\n";
  } else {
    char buffer[4096];
    while (value.size() <= limit && (in_.read(buffer, sizeof buffer) || in_.gcount() > 0)) {
      value.append(buffer, static_cast<std::size_t>(in_.gcount()));
    }
  }
  if (value.empty()) return InvalidArgument("the value is empty");
  if (value.size() > limit) return InvalidArgument("the value is longer than " + std::to_string(limit) + " bytes");
  return value;
}

std::string Printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) {
      safe += "\\x";
      safe += kHex[byte >> 4];
      safe += kHex[byte & 15];
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace podwright::cli
