#include "cli/render/event.h"

#include <algorithm>

#include "cli/render/words.h"
#include "cli/terminal.h"

namespace podwright::cli {

std::string EventLine(const v1::Event& event, const Terminal& terminal) {
  std::string line = terminal.Paint(Style::kDim, TimeText(event.unix_ms())) + "  ";
  line += terminal.Paint(Style::kCyan, Printable(event.type()));
  if (!event.object().kind().empty()) line += "  " + Printable(RefText(event.object()));
  if (!event.server().empty() && event.server() != event.object().name()) line += "  @" + Printable(event.server());
  if (!event.message().empty()) line += "  " + Printable(event.message());
  if (!event.run().empty()) line += terminal.Paint(Style::kDim, "  run " + Printable(event.run()));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace podwright::cli
