// Where the CLI reads and writes: streams, colours where a terminal wants them, questions.
//
// Colours are written only to a terminal and never when NO_COLOR is set. Threading: one thread.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

#include "core/result.h"

namespace podwright::cli {

enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// What the streams are attached to.
struct TerminalTraits {
  bool out_is_terminal = false;
  bool in_is_terminal = false;
  bool color = false;
  int width = 80;
  static TerminalTraits OfProcess();
};

class Terminal {
 public:
  // Borrows the streams.
  Terminal(std::istream& in, std::ostream& out, std::ostream& err, TerminalTraits traits)
      : in_(in), out_(out), err_(err), traits_(traits) {}

  std::istream& in() { return in_; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  const TerminalTraits& traits() const { return traits_; }
  void DisableColor() { traits_.color = false; }

  // The text, coloured where colours are on.
  std::string Paint(Style style, std::string_view text) const;

  // True for "y" and "yes". Without a terminal nobody can answer: failed-precondition with `hint`.
  Result<bool> Confirm(std::string_view question, std::string_view hint);
  // From a terminal without echo, else all of the input up to `limit` bytes; one newline at the end is
  // dropped from what was typed, not from what was piped.
  Result<std::string> ReadSecret(std::string_view question, std::size_t limit);

 private:
  std::istream& in_;
  std::ostream& out_;
  std::ostream& err_;
  TerminalTraits traits_;
};

// Text from outside made safe for a terminal: control characters but newline and tab as \xNN.
std::string Printable(std::string_view text);

}  // namespace podwright::cli
