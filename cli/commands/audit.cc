// podwright audit list|verify.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/render/message.h"
#include "cli/render/words.h"
#include "cli/terminal.h"
#include "podwright/v1/control.pb.h"

namespace podwright::cli {
namespace {

Result<int> List(App& app, std::int64_t from, std::size_t limit) {
  constexpr std::size_t kPage = 500;
  PW_ASSIGN(client::Control * control, app.control());
  Json list = Json::array();
  Table table({"SEQUENCE", "TIME", "ACTOR", "VERB", "WORKSPACE", "OBJECT", "OUTCOME", "DETAIL"});
  v1::ListAuditRequest request;
  request.set_from_sequence(from);
  std::size_t seen = 0;
  do {
    const std::size_t wanted = limit == 0 ? kPage : std::min(kPage, limit - seen);
    request.set_page_size(static_cast<std::uint32_t>(wanted));
    PW_ASSIGN(const v1::ListAuditResponse page, control->ListAudit(request, app.call()));
    for (const v1::AuditEntry& entry : page.entries()) {
      ++seen;
      list.push_back(MessageJson(entry));
      table.Add({std::to_string(entry.sequence()), TimeText(entry.unix_ms()), entry.actor(), entry.verb(),
                 entry.workspace(), entry.object(), entry.outcome(), entry.detail()});
    }
    if (page.entries_size() == 0) break;
    request.set_from_sequence(page.next_sequence());
  } while (request.from_sequence() > 0 && (limit == 0 || seen < limit));
  if (!app.PrintStructured(list)) app.terminal().out() << table.Text();
  return kDone;
}

Result<int> Verify(App& app, const std::string& head) {
  PW_ASSIGN(client::Control * control, app.control());
  v1::VerifyAuditRequest request;
  request.set_head(head);
  PW_ASSIGN(const v1::VerifyAuditResponse response, control->VerifyAudit(request, app.call()));
  const int code = response.ok() ? kDone : kFailed;
  if (app.PrintStructured(MessageJson(response))) return code;
  Terminal& terminal = app.terminal();
  if (response.ok()) {
    terminal.out() << terminal.Paint(Style::kGreen, "intact") << ": " << response.entries() << " entries"
                   << (head.empty() ? "" : ", the given head is part of the log") << "\n"
                   << "head: " << Printable(response.head()) << "\n"
                   << "Note the head elsewhere; `podwright audit verify --head HEAD` then shows a truncation, too.\n";
  } else {
    terminal.err() << terminal.Paint(Style::kRed, "broken") << ": " << Printable(response.problem()) << "\n";
  }
  return code;
}

}  // namespace

void AddAudit(CLI::App& root, App& app) {
  CLI::App* group = root.add_subcommand("audit", "Who did what: the hash-chained log of every mutation and refusal");
  group->require_subcommand(1);
  struct Options {
    std::int64_t from = 0;
    std::size_t limit = 0;
    std::string head;
  };
  auto options = std::make_shared<Options>();
  CLI::App* list = group->add_subcommand("list", "The entries, oldest first");
  list->add_option("--from", options->from, "From this sequence on")->check(CLI::NonNegativeNumber);
  list->add_option("--limit", options->limit, "At most so many (0: all)")->capture_default_str();
  list->callback([&app, options] { app.Choose([&app, options] { return List(app, options->from, options->limit); }); });
  CLI::App* verify = group->add_subcommand("verify", "Check the chain and its signed heads");
  verify->add_option("--head", options->head, "A head that was noted before: it must be part of the log");
  verify->callback([&app, options] { app.Choose([&app, options] { return Verify(app, options->head); }); });
}

}  // namespace podwright::cli
