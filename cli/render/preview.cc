#include "cli/render/preview.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/render/message.h"
#include "cli/render/plan.h"
#include "cli/render/policy.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/digest.h"

namespace podwright::cli {
namespace {

constexpr std::size_t kLongestComment = 60000;  // GitHub takes 65,536 characters
constexpr std::size_t kLongestCell = 500;

std::string Title(const StackPreview& stack) {
  const std::string& workspace = stack.planned.request.workspace();
  const std::string title = stack.title.empty() ? "stack " + stack.planned.stack : stack.title;
  return title + (workspace.empty() ? "" : ", workspace " + workspace);
}

std::string Where(const v1::Action& action) {
  return action.server().empty() ? RefText(action.object()) : action.server();
}

std::string ResourceText(const PlannedResource& resource) {
  const std::string object = resource.object.name().empty() ? resource.object.kind() : RefText(resource.object);
  return resource.change + " " + resource.address + " (" + object + ")";
}

// A code span of GitHub's Markdown, also inside a table: one line, a fence longer than every run of backticks.
std::string Code(std::string_view text) {
  std::size_t length = std::min(text.size(), kLongestCell);
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  const std::string line = Printable(text.substr(0, length));
  std::size_t longest = 0;
  std::size_t run = 0;
  std::string safe;
  for (const char c : line) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    if (c == '|') safe += '\\';
    safe += c == '\n' || c == '\t' ? ' ' : c;
  }
  if (length < text.size()) safe += " …";
  const std::string fence(longest + 1, '`');
  const bool pad = safe.empty() || safe.front() == '`' || safe.back() == '`';
  return pad ? fence + " " + safe + " " + fence : fence + safe + fence;
}

std::string HeadlineMarkdown(const StackPreview& stack) {
  const PlanSummary summary = Summarize(stack.response.plan());
  if (summary.actions == 0) {
    return stack.planned.resources.empty() ? "No changes: what runs is what was declared.\n"
                                           : "No actions: nothing changes on servers.\n";
  }
  std::string text = "**" + std::to_string(summary.actions) + (summary.actions == 1 ? " action**" : " actions**");
  if (summary.servers > 0) {
    text += " on " + std::to_string(summary.servers) + (summary.servers == 1 ? " server" : " servers");
  }
  text += ". Worst disruption: **" + std::string(DisruptionWord(summary.worst)) + "**.";
  return text + " Estimated downtime: " + (summary.downtime_ms > 0 ? DurationWords(summary.downtime_ms) : "none") +
         ".\n";
}

std::string ActionRow(const v1::Action& action) {
  const std::string disruption = DisruptionText(action.disruption(), action.downtime_ms());
  return "| " + Code(std::string(1, ActionSign(action))) + " | " + Code(Where(action)) + " | " +
         Code(action.summary()) + " | " + disruption + " |\n";
}

// The lines below the table.
std::string NotesMarkdown(const StackPreview& stack) {
  std::string out;
  for (const v1::Slice& slice : stack.response.plan().slices()) {
    const std::string object = Code(RefText(slice.object()));
    if (!slice.error().empty()) out += "- **error** " + object + ": " + Code(slice.error()) + "\n";
    for (const std::string& need : slice.requirements()) out += "- requires " + object + ": " + Code(need) + "\n";
    for (const std::string& note : slice.notes()) out += "- note " + object + ": " + Code(note) + "\n";
  }
  for (const std::string& line : PolicyLines(stack.response.policy())) out += "- policy: " + Code(line) + "\n";
  for (const std::string& warning : stack.response.warnings()) out += "- warning: " + Code(warning) + "\n";
  for (const Unbound& open : stack.planned.unbound) {
    out += "- cannot be bound: " + Code(open.address) + ": " + Code(open.reason) + "\n";
  }
  return out;
}

std::string DigestMarkdown(const StackPreview& stack) {
  if (!stack.bound()) return "Digest: cannot be bound, because not everything is known before the apply.\n";
  return "Digest: `" + HexEncode(stack.response.plan().digest()) + "`\n";
}

// At most `budget` bytes of lines; `more` says how many were left out.
std::string Fitting(const std::vector<std::string>& lines, std::size_t budget, std::size_t* more) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (out.size() + lines[i].size() > budget) {
      *more = lines.size() - i;
      return out;
    }
    out += lines[i];
  }
  *more = 0;
  return out;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size() - 1) + 1;
    lines.push_back(text.substr(start, end - start));
    start = end;
  }
  return lines;
}

// What is declared otherwise: what goes for everybody to see, the rest folded.
std::string ChangesMarkdown(const StackPreview& stack, std::size_t budget) {
  std::vector<std::string> deletions;
  std::vector<std::string> others;
  for (const PlannedResource& resource : stack.planned.resources) {
    const std::string object = resource.object.name().empty() ? resource.object.kind() : RefText(resource.object);
    const bool deletion = resource.change == "delete" || resource.change == "replace";
    const std::string verb = deletion ? "**" + resource.change + "**" : resource.change;
    (deletion ? deletions : others).push_back("- " + verb + " " + Code(object) + ": " + Code(resource.address) + "\n");
  }
  std::size_t more = 0;
  std::string out;
  if (!deletions.empty()) out += "\n" + Fitting(deletions, budget / 2, &more);
  if (more > 0) out += "- and **" + std::to_string(more) + " more deletions**\n";
  if (others.empty()) return out;
  out += "\n<details><summary>" + std::to_string(others.size()) + " created or changed</summary>\n\n" +
         Fitting(others, budget / 2, &more);
  if (more > 0) out += "- and " + std::to_string(more) + " more\n";
  return out + "\n</details>\n";
}

std::string StackMarkdown(const StackPreview& stack, std::size_t budget) {
  std::string head = "\n#### " + Code(Title(stack)) + "\n\n" + HeadlineMarkdown(stack);
  head += ChangesMarkdown(stack, budget / 5);
  std::size_t more = 0;
  std::vector<std::string> rows;
  for (const v1::Action* action : OrderedActions(stack.response.plan())) rows.push_back(ActionRow(*action));
  std::string notes = Fitting(Lines(NotesMarkdown(stack)), budget / 4, &more);
  if (more > 0) notes += "- and " + std::to_string(more) + " more\n";
  if (!notes.empty()) notes = "\n" + notes;
  std::string table;
  if (!rows.empty()) {
    table = "\n| | where | what | disruption |\n|---|---|---|---|\n" + Fitting(rows, budget / 2, &more);
    if (more > 0) table += "\n… and " + std::to_string(more) + " more actions.\n";
  }
  return head + table + notes + "\n" + DigestMarkdown(stack);
}

}  // namespace

void TakeOpenSlices(StackPreview* stack) {
  for (v1::Slice& slice : *stack->response.mutable_plan()->mutable_slices()) {
    for (const v1::ObjectRef& missing : slice.missing()) {
      std::string address = RefText(slice.object());
      for (const PlannedResource& resource : stack->planned.resources) {
        if (RefText(resource.object) == address) address = resource.address;
      }
      stack->planned.unbound.push_back({address, "it refers to " + RefText(missing) + ", which is not there yet"});
    }
    if (slice.missing_size() > 0) slice.clear_error();
  }
}

std::string PreviewText(const Preview& preview, const Terminal& terminal) {
  std::string out;
  for (const StackPreview& stack : preview.stacks) {
    out += terminal.Paint(Style::kBold, Printable(Title(stack))) + "\n";
    for (const PlannedResource& resource : stack.planned.resources)
      out += "  " + Printable(ResourceText(resource)) + "\n";
    out += "\n";
    v1::Plan plan = stack.response.plan();
    if (!stack.bound()) plan.clear_digest();
    out += RenderPlan(plan, terminal);
    out += RenderPolicy(stack.response.policy(), terminal);
    for (const Unbound& open : stack.planned.unbound) {
      out += terminal.Paint(Style::kYellow, "cannot be bound") + ": " + Printable(open.address + ": " + open.reason) +
             "\n";
    }
    if (!stack.bound()) out += "Digest: cannot be bound, because not everything is known before the apply.\n";
    out += "\n";
  }
  if (preview.stacks.empty()) out += "No changes: the plan leaves all its podwright resources as they are.\n";
  if (preview.unchanged > 0) out += std::to_string(preview.unchanged) + " podwright resources stay as they are.\n";
  return out;
}

Json PreviewJson(const Preview& preview) {
  Json value;
  value["tool_version"] = preview.tool_version;
  value["unchanged"] = preview.unchanged;
  value["stacks"] = Json::array();
  for (const StackPreview& stack : preview.stacks) {
    Json entry;
    entry["stack"] = stack.planned.stack;
    entry["owner"] = stack.planned.request.owner();
    entry["workspace"] = stack.planned.request.workspace();
    entry["bound"] = stack.bound();
    entry["digest"] = stack.bound() ? Json(HexEncode(stack.response.plan().digest())) : Json(nullptr);
    entry["unbound"] = Json::array();
    for (const Unbound& open : stack.planned.unbound) {
      entry["unbound"].push_back(Json{{"address", open.address}, {"reason", open.reason}});
    }
    entry["resources"] = Json::array();
    for (const PlannedResource& resource : stack.planned.resources) {
      entry["resources"].push_back(
          Json{{"address", resource.address}, {"object", RefText(resource.object)}, {"change", resource.change}});
    }
    entry["warnings"] = stack.response.warnings();
    entry["plan"] = PlanJson(stack.response.plan());
    entry["policy"] = PolicyJson(stack.response.policy());
    value["stacks"].push_back(std::move(entry));
  }
  return value;
}

std::string PreviewMarkdown(const Preview& preview) {
  std::string out = std::string(kPreviewMark) + "\n### Podwright preview\n";
  if (preview.stacks.empty()) out += "\nNo changes: the plan leaves all its podwright resources as they are.\n";
  const std::size_t each = kLongestComment / std::max<std::size_t>(preview.stacks.size(), 1);
  for (const StackPreview& stack : preview.stacks) out += StackMarkdown(stack, each);
  if (preview.unchanged > 0) {
    out += "\n" + std::to_string(preview.unchanged) + " podwright resources stay as they are.\n";
  }
  return out;
}

std::string ProblemMarkdown(const std::string& title, const std::string& problem,
                            const std::vector<std::string>& details) {
  std::string out = std::string(kPreviewMark) + "\n### Podwright preview\n\n#### " + Code(title) +
                    "\n\n**Cannot be applied:** " + Code(problem) + "\n";
  std::vector<std::string> lines;
  for (const std::string& detail : details) lines.push_back("- " + Code(detail) + "\n");
  std::size_t more = 0;
  const std::string list = Fitting(lines, kLongestComment - out.size(), &more);
  if (!list.empty()) out += "\n" + list;
  if (more > 0) out += "\n… and " + std::to_string(more) + " more.\n";
  return out;
}

}  // namespace podwright::cli
