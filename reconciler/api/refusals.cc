#include "reconciler/api/refusals.h"

#include <utility>

#include "core/log.h"
#include "reconciler/auth/audit_log.h"

namespace podwright::api {
namespace {

constexpr std::int64_t kLeaveOut = -1;

void Append(auth::AuditLog& audit, auth::AuditEvent event) {
  event.outcome = "refused";
  const auto written = audit.Append(std::move(event));
  if (!written.ok()) log::Error("a refusal could not be audited", {{"error", written.error().ToString()}});
}

}  // namespace

std::int64_t Refusals::Admit() {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.Steady();
  std::int64_t left_out = 0;
  if (now - minute_ >= std::chrono::minutes(1)) {
    minute_ = now;
    written_ = 0;
    left_out = std::exchange(left_out_, 0);
  }
  if (written_ >= kMostAMinute) {
    ++left_out_;
    return kLeaveOut;
  }
  ++written_;
  return left_out;
}

void Refusals::Note(const std::string& actor, const std::string& verb, const std::string& workspace,
                    const std::string& object, const std::string& why) {
  const std::int64_t left_out = Admit();
  if (left_out == kLeaveOut) return;
  if (left_out > 0) {
    Append(audit_, {.actor = "podwrightd",
                    .verb = "refusals.left-out",
                    .workspace = "",
                    .object = "",
                    .outcome = "",
                    .detail = std::to_string(left_out) + " refusals were not written one by one"});
  }
  Append(audit_,
         {.actor = actor, .verb = verb, .workspace = workspace, .object = object, .outcome = "", .detail = why});
}

}  // namespace podwright::api
