#include "cli/render/object.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "core/clock.h"

namespace podwright::cli {
namespace {

std::vector<std::string> Header(bool with_kind) {
  return {with_kind ? "OBJECT" : "NAME", "PHASE", "OWNER", "LABELS", "AGE"};
}

std::string LabelText(const v1::StoredObject& object) {
  const std::map<std::string, std::string> sorted(object.labels().begin(), object.labels().end());
  std::string text;
  for (const auto& [key, value] : sorted) text += (text.empty() ? "" : ",") + key + "=" + value;
  return text;
}

Style PhaseStyle(v1::Phase phase) {
  switch (phase) {
    case v1::PHASE_READY: return Style::kGreen;
    case v1::PHASE_STALLED: return Style::kRed;
    case v1::PHASE_DEGRADED:
    case v1::PHASE_PAUSED: return Style::kYellow;
    default: return Style::kCyan;
  }
}

std::string Indented(const std::string& text) {
  std::string out;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    out += "  " + text.substr(start, end - start) + "\n";
    start = end + 1;
  }
  return out;
}

}  // namespace

ObjectTable::ObjectTable(Clock& clock, bool with_kind)
    : clock_(clock), with_kind_(with_kind), table_(Header(with_kind)) {}

void ObjectTable::Add(const v1::ObjectView& view) {
  const v1::StoredObject& object = view.object();
  table_.Add({with_kind_ ? object.kind() + "/" + object.name() : object.name(), std::string(PhaseWord(view.phase())),
              object.owner(), LabelText(object), Age(object.created_unix_ms(), ToUnixMillis(clock_.Now()))});
}

std::string DescribeObject(const kinds::Registry& registry, const v1::ObjectView& view, const Terminal& terminal,
                           Clock& clock) {
  const v1::StoredObject& object = view.object();
  const Json json = ObjectJson(registry, view);
  const auto now = ToUnixMillis(clock.Now());
  std::string out = terminal.Paint(Style::kBold, object.kind() + "/" + object.name()) + "\n";
  const auto line = [&](const char* title, const std::string& text) {
    if (text.empty()) return;
    std::string padded = std::string(title) + ":";
    padded.resize(14, ' ');
    out += padded + Printable(text) + "\n";
  };
  out += "Phase:        " + terminal.Paint(PhaseStyle(view.phase()), PhaseWord(view.phase())) + "\n";
  line("Workspace", object.workspace());
  line("Owner", object.owner());
  line("Uid", object.uid());
  line("Generation", std::to_string(object.generation()) + " (revision " + std::to_string(view.revision()) + ")");
  line("Labels", LabelText(object));
  line("Created", TimeText(object.created_unix_ms()) + " (" + Age(object.created_unix_ms(), now) + " ago)");
  line("Changed", TimeText(object.updated_unix_ms()) + " (" + Age(object.updated_unix_ms(), now) + " ago)");
  if (object.lifecycle() == v1::LIFECYCLE_TOMBSTONE) line("Deleted", TimeText(object.tombstone_unix_ms()));
  if (object.paused_until_unix_ms() > now) {
    line("Paused until", TimeText(object.paused_until_unix_ms()) + " (" + object.pause_reason() + ")");
  }
  line("Last run", view.last_run());
  std::string referrers;
  for (const v1::ObjectRef& ref : view.referrers()) referrers += (referrers.empty() ? "" : ", ") + RefText(ref);
  line("Used by", referrers);

  if (view.conditions_size() > 0) out += terminal.Paint(Style::kBold, "Conditions") + "\n";
  for (const v1::Condition& condition : view.conditions()) {
    out += "  " + terminal.Paint(condition.ok() ? Style::kGreen : Style::kRed, condition.ok() ? "yes" : "no ") + " " +
           Printable(condition.type()) +
           (condition.reason().empty() ? "" : " (" + Printable(condition.reason()) + ")") +
           (condition.message().empty() ? "" : ": " + Printable(condition.message())) + "\n";
  }
  const auto section = [&](const std::string& title, const Json& value) {
    if (value.empty()) return;
    out += terminal.Paint(Style::kBold, title) + "\n" + Indented(Printable(YamlText(value)));
  };
  section("Spec", json.value("spec", Json::object()));
  section("Status", json.value("status", Json::object()));
  if (!json.contains("observed")) return out;
  for (const auto& [server, observed] : json["observed"].items()) section("Observed on " + Printable(server), observed);
  return out;
}

}  // namespace podwright::cli
