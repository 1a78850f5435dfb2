// ListAudit, VerifyAudit.
#include <algorithm>
#include <optional>

#include "reconciler/api/control_service.h"
#include "reconciler/auth/audit_log.h"
#include "reconciler/control/control_plane.h"

namespace podwright::api {
namespace {

using control::Caller;
using control::Operation;

constexpr std::uint32_t kDefaultPage = 100;
constexpr std::uint32_t kLargestPage = 1000;

}  // namespace

// The log is the installation's: workspace "*".
grpc::Status ControlService::ListAudit(Context* context, const v1::ListAuditRequest* request,
                                       v1::ListAuditResponse* response) {
  return Handle(*context, "ListAudit", response, [&](const Caller& caller) -> Result<v1::ListAuditResponse> {
    PW_TRY(d_.control.Authorize(caller, Operation::kAudit, "*", "audit"));
    const std::uint32_t asked = request->page_size() == 0 ? kDefaultPage : request->page_size();
    const std::size_t limit = std::min(asked, kLargestPage);
    PW_ASSIGN(const std::vector<auth::AuditEntry> entries,
              d_.audit.List(std::max<std::int64_t>(request->from_sequence(), 1), limit));
    v1::ListAuditResponse answer;
    for (const auth::AuditEntry& entry : entries) {
      v1::AuditEntry& out = *answer.add_entries();
      out.set_sequence(entry.sequence);
      out.set_unix_ms(ToUnixMillis(entry.time));
      out.set_actor(entry.event.actor);
      out.set_verb(entry.event.verb);
      out.set_workspace(entry.event.workspace);
      out.set_object(entry.event.object);
      out.set_outcome(entry.event.outcome);
      out.set_detail(entry.event.detail);
      out.set_hash(std::string(entry.hash.View()));
    }
    if (entries.size() == limit) answer.set_next_sequence(entries.back().sequence + 1);
    return answer;
  });
}

grpc::Status ControlService::VerifyAudit(Context* context, const v1::VerifyAuditRequest* request,
                                         v1::VerifyAuditResponse* response) {
  return Handle(*context, "VerifyAudit", response, [&](const Caller& caller) -> Result<v1::VerifyAuditResponse> {
    PW_TRY(d_.control.Authorize(caller, Operation::kAudit, "*", "audit"));
    std::optional<auth::SignedHead> noted;
    if (!request->head().empty()) {
      PW_ASSIGN(noted, auth::SignedHead::Parse(request->head()));
    }
    PW_ASSIGN(const auth::AuditReport report, d_.audit.Verify(noted));
    v1::VerifyAuditResponse answer;
    answer.set_ok(!report.problem.has_value());
    answer.set_problem(report.problem.value_or(""));
    answer.set_head(report.head.ToText());
    answer.set_entries(report.entries);
    return answer;
  });
}

}  // namespace podwright::api
