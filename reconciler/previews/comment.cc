#include "reconciler/previews/comment.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "reconciler/forge/markdown.h"

namespace podwright::previews {
namespace {

using forge::CodeSpan;
using forge::EscapeInline;

constexpr std::size_t kLongestCell = 400;
constexpr std::size_t kLongestLine = 1000;
constexpr std::size_t kDigitsShown = 12;
constexpr std::size_t kDigitsToApprove = 16;
constexpr std::size_t kReserve = 700;  // for the lines that say what was cut

std::string Count(int count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// A list of lines, of which only the first may fit.
struct Block {
  std::string before;
  std::vector<std::string> lines;
  std::string after;
  std::string what;  // "actions", for what does not fit
};

std::string Elsewhere(const Content& content) {
  if (!content.page.empty()) return "[the whole preview](" + content.page + ")";
  return CodeSpan("podwright source pull-request " + content.source + " " + std::to_string(content.number));
}

// At most `budget` bytes.
std::string Fit(const Content& content, const Block& block, std::size_t budget) {
  if (block.lines.empty()) return "";
  std::string out = block.before;
  std::size_t i = 0;
  const std::size_t ends = block.after.size() + kReserve;
  for (; i < block.lines.size() && out.size() + block.lines[i].size() + ends <= budget; ++i) out += block.lines[i];
  if (out.size() + ends > budget) return "";
  const bool cut = i < block.lines.size();
  const std::string more =
      "\n… and " + std::to_string(block.lines.size() - i) + " more " + block.what + ": " + Elsewhere(content) + "\n";
  out += block.after;
  return cut ? out + more : out;
}

Block Actions(const Content& content) {
  Block out;
  out.what = "actions";
  out.before = "\n| # | Where | What | Disruption |\n|--:|---|---|---|\n";
  std::size_t number = 0;
  for (const v1::Action* action : Ordered(content.plan)) {
    const std::string disruption = DisruptionText(*action);
    out.lines.push_back("| " + std::to_string(++number) + " | " + CodeSpan(WhereText(*action), kLongestCell) + " | " +
                        (action->deletes() ? "**deletes** " : "") + CodeSpan(action->summary(), kLongestCell) + " | " +
                        (action->disruption() >= v1::DISRUPTION_RESTART ? "**" + disruption + "**" : disruption) +
                        " |\n");
  }
  return out;
}

Block Errors(const Content& content) {
  Block out;
  out.what = "errors";
  out.before = "\n";
  for (const std::string& detail : content.details) out.lines.push_back("- " + CodeSpan(detail, kLongestLine) + "\n");
  for (const v1::Slice& slice : content.plan.slices()) {
    if (slice.error().empty()) continue;
    out.lines.push_back("- **error** " + CodeSpan(ObjectText(slice.object())) + ": " +
                        CodeSpan(slice.error(), kLongestLine) + "\n");
  }
  return out;
}

Block Deletions(const Content& content) {
  Block out;
  out.what = "objects";
  out.before = "\n**Deletes** something of:\n";
  for (const std::string& object : Summarize(content.plan).deletions) {
    out.lines.push_back("- " + CodeSpan(object) + "\n");
  }
  return out;
}

Block Policy(const Content& content) {
  Block out;
  out.what = "lines";
  out.before = content.allowed ? "\n**Policy**\n" : "\n**Policy does not let this pass**\n";
  for (const std::string& line : content.policy) out.lines.push_back("- " + EscapeInline(line, kLongestLine) + "\n");
  return out;
}

Block Warnings(const Content& content) {
  Block out;
  out.what = "warnings";
  out.before = "\n**Warnings**\n";
  for (const std::string& line : content.warnings) out.lines.push_back("- " + CodeSpan(line, kLongestLine) + "\n");
  return out;
}

// What people look at when they wonder: requirements and notes of each object.
Block Details(const Content& content) {
  Block out;
  out.what = "lines";
  out.before = "\n<details><summary>Details by object</summary>\n\n";
  out.after = "\n</details>\n";
  for (const v1::Slice& slice : content.plan.slices()) {
    const std::string object = CodeSpan(ObjectText(slice.object()));
    if (slice.actions_size() > 0) {
      std::string line = "- " + object + ": " + Count(slice.actions_size(), "action");
      if (slice.reads_size() > 0) line += ", from " + Count(slice.reads_size(), "observed fact");
      out.lines.push_back(line + "\n");
    }
    for (const std::string& need : slice.requirements()) {
      out.lines.push_back("- " + object + " requires " + CodeSpan(need, kLongestLine) + "\n");
    }
    for (const std::string& note : slice.notes()) {
      out.lines.push_back("- " + object + ": " + CodeSpan(note, kLongestLine) + "\n");
    }
  }
  return out;
}

std::string Title(const Content& content) {
  const std::string workspace = content.workspace == "default" ? "" : content.workspace + "/";
  return "### Podwright " + CodeSpan(workspace + content.source) + "\n\n**" +
         EscapeInline(Headline(content), kLongestLine) + "**\n\nMerging " +
         CodeSpan(content.head.substr(0, kDigitsShown)) + " into " + CodeSpan(content.branch) + ".\n";
}

std::string HowToGoOn(const Content& content) {
  if (content.state == State::kUntrusted) {
    return "\nThis comes from another repository, so nothing of it was fetched. Who may write here and has looked at "
           "it can have this head planned, and no other: comment " +
           CodeSpan("podwright plan " + content.head.substr(0, kDigitsShown)) + "\n";
  }
  std::string out;
  const std::string digest = DigestText(content);
  if (content.state == State::kPlanned && !digest.empty()) {
    out += "\nDigest: " + CodeSpan(digest) + "\n";
    out += Mergeable(content) ? "\nA merge (also squashed or rebased) runs just this, or stops and says what changed.\n"
                              : "\nA merge would be stopped.\n";
    if (content.can_approve) {
      out += "\nTo approve it, without merging it: comment " +
             CodeSpan("podwright approve " + content.approve.substr(0, kDigitsToApprove)) + "\n";
    }
  }
  return out + "\nTo have it planned again: comment " + CodeSpan("podwright plan") +
         (content.page.empty() ? "" : " · [the whole preview](" + content.page + ")") + "\n";
}

}  // namespace

std::string CommentText(const Content& content, std::size_t most) {
  const std::string head = Title(content);
  std::string tail = HowToGoOn(content);
  if (!content.answer.empty()) tail += "\n" + EscapeInline(content.answer, kLongestLine) + "\n";
  std::size_t left = most > head.size() + tail.size() ? most - head.size() - tail.size() : 0;
  std::string out = head;
  // What is small and must not be missed comes first and may take a quarter each; the table has what is left.
  const auto add = [&](const Block& block, std::size_t share) {
    const std::string text = Fit(content, block, left / share);
    left -= std::min(left, text.size());
    return text;
  };
  out += add(Errors(content), 2);
  out += add(Deletions(content), 4);
  out += add(Policy(content), 4);
  const std::string warnings = add(Warnings(content), 4);
  const std::string details = add(Details(content), 4);
  out += add(Actions(content), 1);
  return out + warnings + details + tail;
}

forge::CommitStatus StatusOf(const Content& content, std::size_t most_description) {
  forge::CommitStatus status;
  status.context = "podwright/" + (content.workspace == "default" ? "" : content.workspace + "/") + content.source;
  status.description = forge::PlainLine(Headline(content), most_description);
  status.target_url = content.page;
  switch (content.state) {
    case State::kWaiting:
    case State::kOutdated:
    case State::kUntrusted: status.state = forge::StatusState::kPending; break;
    case State::kFailed: status.state = forge::StatusState::kFailure; break;
    case State::kPlanned:
      status.state = Mergeable(content)    ? forge::StatusState::kSuccess
                     : content.can_approve ? forge::StatusState::kPending
                                           : forge::StatusState::kFailure;
      break;
  }
  return status;
}

}  // namespace podwright::previews
