#include "cli/render/source.h"

#include "cli/output.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/digest.h"

namespace podwright::cli {
namespace {

constexpr std::size_t kShort = 12;

void Line(std::string* out, const std::string& name, const std::string& value) {
  *out += name + ":" + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') + Printable(value) + "\n";
}

std::string CommitText(const v1::AppliedCommit& commit) {
  return ShortCommit(commit.commit()) + " \"" + commit.subject() + "\" by " + commit.author();
}

std::string Because(const std::string& actor, const std::string& reason) {
  return "by " + actor + (reason.empty() ? "" : ": " + reason);
}

std::string PullRequestsText(const v1::SourceView& source, const Terminal& terminal) {
  std::string out;
  if (source.has_pull_requests_problem()) {
    out += "\n" + terminal.Paint(Style::kRed, "Pull requests cannot be answered") + " (" +
           source.pull_requests_problem().reason() + "): " + Printable(source.pull_requests_problem().message()) + "\n";
  }
  Table table({"PULL REQUEST", "STATE", "HEAD", "DIGEST", "WHAT"});
  for (const v1::PullRequestView& pull : source.pull_requests()) {
    if (pull.state() == "closed" || pull.state() == "merged") continue;
    const std::string what = pull.problem().empty() ? pull.headline() : pull.problem();
    table.Add({std::to_string(pull.number()), pull.state(), ShortCommit(pull.head()),
               pull.digest().empty() ? "-" : HexEncode(pull.digest()).substr(0, kShort),
               Printable(what.substr(0, what.find('\n')))});
  }
  if (!table.empty()) out += "\n" + table.Text();
  return out;
}

}  // namespace

std::string ShortCommit(const std::string& commit) {
  return commit.empty() ? "-" : commit.substr(0, kShort);
}

std::string ProblemLine(const v1::SourceView& source) {
  if (!source.has_problem()) return "";
  const std::string& message = source.problem().message();
  return source.problem().reason() + ": " + message.substr(0, message.find('\n'));
}

std::string DescribeSource(const v1::SourceView& source, std::int64_t now, const Terminal& terminal) {
  std::string out;
  Line(&out, "Source", source.name() + " (workspace " + source.workspace() + ")");
  Line(&out, "Repository",
       source.url() + ", branch " + source.branch() + (source.path().empty() ? "" : ", folder " + source.path()));
  Line(&out, "State", source.state());
  if (source.has_applied()) {
    Line(&out, "Applied",
         CommitText(source.applied()) + ", " + Age(source.applied().applied_unix_ms(), now) + " ago, " +
             std::to_string(source.applied().documents()) + " documents" +
             (source.applied().run().empty() ? "" : ", run " + source.applied().run()));
  } else {
    Line(&out, "Applied", "nothing yet");
  }
  Line(&out, "Wanted",
       source.wanted().empty() ? "not known yet"
                               : ShortCommit(source.wanted()) + " \"" + source.wanted_subject() + "\"");
  if (source.has_pin()) {
    Line(&out, "Pinned",
         ShortCommit(source.pin().commit()) + " " + Because(source.pin().actor(), source.pin().reason()) +
             "; podwright source release " + source.name() + " ends it");
  }
  if (source.suspended()) {
    Line(&out, "Suspended",
         source.has_suspension() ? Because(source.suspension().actor(), source.suspension().reason())
                                 : std::string("by its document"));
  }
  Line(&out, "Fetched", source.fetched_unix_ms() == 0 ? "never" : Age(source.fetched_unix_ms(), now) + " ago");
  if (source.webhook_unix_ms() != 0) Line(&out, "Webhook", Age(source.webhook_unix_ms(), now) + " ago");
  std::string objects;
  for (const char* phase : {"ready", "pending", "converging", "degraded", "stalled", "paused", "deleting"}) {
    const auto at = source.phases().find(phase);
    if (at == source.phases().end()) continue;
    objects += (objects.empty() ? "" : ", ") + std::to_string(at->second) + " " + phase;
  }
  Line(&out, "Objects", objects.empty() ? "none" : objects);
  for (const std::string& stalled : source.stalled()) {
    out += "  " + terminal.Paint(Style::kRed, Printable(stalled)) + "\n";
  }
  out += PullRequestsText(source, terminal);
  if (source.has_problem()) {
    out += "\n" + terminal.Paint(Style::kRed, "In the way") + " (" + source.problem().reason() + ", for " +
           Age(source.problem().since_unix_ms(), now) + "):\n" + Printable(source.problem().message()) + "\n";
  }
  return out;
}

std::string HistoryTable(const v1::SourceView& source, std::int64_t now) {
  Table table({"COMMIT", "APPLIED", "RUN", "HOW", "SUBJECT"});
  for (const v1::AppliedCommit& commit : source.history()) {
    table.Add({ShortCommit(commit.commit()), Age(commit.applied_unix_ms(), now),
               commit.run().empty() ? "-" : commit.run(), commit.pinned() ? "pinned" : "branch",
               Printable(commit.subject())});
  }
  return table.Text();
}

}  // namespace podwright::cli
