#include "cli/render/progress.h"

#include <algorithm>
#include <ostream>
#include <string_view>

#include "cli/output.h"
#include "cli/render/words.h"
#include "cli/terminal.h"

namespace podwright::cli {
namespace {

constexpr int kMostRunningLines = 8;

Style StateStyle(v1::ActionState state) {
  switch (state) {
    case v1::ACTION_STATE_SUCCEEDED: return Style::kGreen;
    case v1::ACTION_STATE_FAILED: return Style::kRed;
    case v1::ACTION_STATE_SKIPPED:
    case v1::ACTION_STATE_COMPENSATED: return Style::kYellow;
    default: return Style::kCyan;
  }
}

std::string Where(const v1::Action& action) {
  return Printable(action.server().empty() ? RefText(action.object()) : action.server());
}

// Cut to the terminal's width, so that one entry is one line.
std::string Cut(std::string text, int width) {
  const auto limit = static_cast<std::size_t>(std::max(width - 1, 20));
  if (DisplayWidth(text) <= limit) return text;
  std::size_t columns = 0;
  std::size_t end = 0;
  while (end < text.size() && columns < limit - 1) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    ++columns;
  }
  return text.substr(0, end) + "…";
}

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

void RunProgress::Announce(const v1::ActionRecord& record) {
  const v1::Action& action = record.action();
  std::string line = terminal_.Paint(StateStyle(record.state()), ActionStateWord(record.state()));
  line += std::string(9 - std::min<std::size_t>(ActionStateWord(record.state()).size(), 8), ' ');
  line += Where(action) + "  " + Printable(action.summary());
  if (record.state() == v1::ACTION_STATE_SENT && record.attempt() > 1) {
    line += " (attempt " + std::to_string(record.attempt()) + ")";
  }
  if (record.outcome().downtime_ms() > 0) line += " (down for " + DurationWords(record.outcome().downtime_ms()) + ")";
  terminal_.out() << OneLine(line) << "\n";
  if (record.state() == v1::ACTION_STATE_FAILED) {
    terminal_.out() << "         " << Printable(record.outcome().error()) << "\n";
    for (const std::string& text : record.outcome().log()) terminal_.out() << "         | " << Printable(text) << "\n";
  }
}

void RunProgress::ClearDrawn() {
  if (drawn_lines_ > 0) terminal_.out() << "\033[" << drawn_lines_ << "A\033[J";
  drawn_lines_ = 0;
}

void RunProgress::Redraw(const v1::Run& run) {
  int done = 0;
  std::string lines;
  int running = 0;
  for (const v1::ActionRecord& record : run.actions()) {
    if (record.state() == v1::ACTION_STATE_SENT) {
      if (++running > kMostRunningLines) continue;
      lines += Cut("  … " + Where(record.action()) + "  " + OneLine(Printable(record.action().summary())),
                   terminal_.traits().width) +
               "\n";
      ++drawn_lines_;
    } else if (record.state() != v1::ACTION_STATE_PENDING) {
      ++done;
    }
  }
  lines += Cut(std::to_string(done) + " of " + std::to_string(run.actions_size()) + " actions, run " + run.id() + " " +
                   std::string(RunStateWord(run.state())),
               terminal_.traits().width) +
           "\n";
  ++drawn_lines_;
  terminal_.out() << lines;
}

void RunProgress::Update(const v1::Run& run) {
  if (quiet_) return;
  const bool live = terminal_.traits().out_is_terminal;
  ClearDrawn();
  for (const v1::ActionRecord& record : run.actions()) {
    const bool waiting = record.state() == v1::ACTION_STATE_PENDING;
    // On a terminal the running ones stand in the part that is drawn again.
    if (waiting || (live && record.state() == v1::ACTION_STATE_SENT)) continue;
    std::string seen(ActionStateWord(record.state()));
    if (record.state() == v1::ACTION_STATE_SENT) seen += std::to_string(record.attempt());
    std::string& last = announced_[record.action().id()];
    if (last == seen) continue;
    last = std::move(seen);
    Announce(record);
  }
  for (const std::string& reason : run.waiting()) {
    if (!waited_for_.insert(reason).second) continue;
    terminal_.out() << terminal_.Paint(Style::kYellow, "waiting") << "  " << OneLine(Printable(reason)) << "\n";
  }
  if (live && !Ended(run.state())) Redraw(run);
  terminal_.out() << std::flush;
}

void RunProgress::Finish(const v1::Run& run) {
  if (quiet_) return;
  ClearDrawn();
  const Style style = run.state() == v1::RUN_STATE_SUCCEEDED ? Style::kGreen : Style::kRed;
  terminal_.out() << "Run " << run.id() << " " << terminal_.Paint(style, RunStateWord(run.state()))
                  << ". Downtime: estimated " << DurationWords(run.estimated_downtime_ms()) << ", measured "
                  << DurationWords(run.measured_downtime_ms()) << ".\n";
  if (!run.error().empty()) terminal_.out() << Printable(run.error()) << "\n";
  terminal_.out() << std::flush;
}

}  // namespace podwright::cli
