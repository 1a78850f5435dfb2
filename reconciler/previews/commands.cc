#include "reconciler/previews/commands.h"

#include <algorithm>
#include <vector>

namespace podwright::previews {
namespace {

constexpr std::size_t kLongestBody = 64U << 10;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == ' ' || line[i] == '\t') {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < line.size() && line[end] != ' ' && line[end] != '\t') ++end;
    std::string word(line.substr(i, end - i));
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    out.push_back(std::move(word));
    i = end;
  }
  return out;
}

std::optional<Command> ParseLine(std::string_view line) {
  const std::vector<std::string> words = Words(line);
  if (words.size() < 2 || words.size() > 3 || words[0] != "podwright") return std::nullopt;
  Command command;
  if (words[1] == "approve") {
    command.verb = Verb::kApprove;
  } else if (words[1] != "plan") {
    return std::nullopt;
  }
  if (words.size() == 3) {
    if (words[2].find_first_not_of("0123456789abcdef") != std::string::npos || words[2].size() > 64)
      return std::nullopt;
    command.argument = words[2];
  }
  return command;
}

}  // namespace

std::optional<Command> ParseCommand(std::string_view body) {
  body = body.substr(0, kLongestBody);
  bool fenced = false;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    const std::string_view raw = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const std::string_view line = Trim(raw);
    if (line.starts_with("```") || line.starts_with("~~~")) fenced = !fenced;
    if (fenced || raw.starts_with("    ") || raw.starts_with("\t")) continue;
    if (auto command = ParseLine(line)) return command;
  }
  return std::nullopt;
}

}  // namespace podwright::previews
