#include "cli/render/words.h"

#include "core/clock.h"

namespace podwright::cli {

std::string_view DisruptionWord(v1::Disruption value) {
  switch (value) {
    case v1::DISRUPTION_NONE: return "none";
    case v1::DISRUPTION_RELOAD: return "reload";
    case v1::DISRUPTION_RESTART: return "restart";
    case v1::DISRUPTION_FAILOVER: return "failover";
    case v1::DISRUPTION_REPLACE: return "replace";
    case v1::DISRUPTION_DATA_LOSS: return "data loss";
    default: return "unknown";
  }
}

std::string_view RunStateWord(v1::RunState state) {
  switch (state) {
    case v1::RUN_STATE_QUEUED: return "queued";
    case v1::RUN_STATE_RUNNING: return "running";
    case v1::RUN_STATE_SUCCEEDED: return "succeeded";
    case v1::RUN_STATE_FAILED: return "failed";
    case v1::RUN_STATE_CANCELLED: return "cancelled";
    case v1::RUN_STATE_SUPERSEDED: return "superseded";
    default: return "unknown";
  }
}

std::string_view ActionStateWord(v1::ActionState state) {
  switch (state) {
    case v1::ACTION_STATE_PENDING: return "waiting";
    case v1::ACTION_STATE_SENT: return "running";
    case v1::ACTION_STATE_SUCCEEDED: return "done";
    case v1::ACTION_STATE_FAILED: return "failed";
    case v1::ACTION_STATE_SKIPPED: return "skipped";
    case v1::ACTION_STATE_COMPENSATED: return "undone";
    default: return "unknown";
  }
}

bool Ended(v1::RunState state) {
  return state == v1::RUN_STATE_SUCCEEDED || state == v1::RUN_STATE_FAILED || state == v1::RUN_STATE_CANCELLED ||
         state == v1::RUN_STATE_SUPERSEDED;
}

std::string DurationWords(std::int64_t milliseconds) {
  if (milliseconds <= 0) return "0 s";
  if (milliseconds < 1000) return std::to_string(milliseconds) + " ms";
  const std::int64_t seconds = milliseconds / 1000;
  if (seconds < 10 && milliseconds % 1000 >= 100) {
    return std::to_string(seconds) + "." + std::to_string(milliseconds % 1000 / 100) + " s";
  }
  if (seconds < 60) return std::to_string(seconds) + " s";
  const std::int64_t minutes = seconds / 60;
  if (minutes < 60) {
    return std::to_string(minutes) + " min" + (seconds % 60 > 0 ? " " + std::to_string(seconds % 60) + " s" : "");
  }
  return std::to_string(minutes / 60) + " h" + (minutes % 60 > 0 ? " " + std::to_string(minutes % 60) + " min" : "");
}

std::string Age(std::int64_t then_unix_ms, std::int64_t now_unix_ms) {
  if (then_unix_ms <= 0) return "-";
  const std::int64_t seconds = now_unix_ms > then_unix_ms ? (now_unix_ms - then_unix_ms) / 1000 : 0;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (seconds < 7200) return std::to_string(seconds / 60) + "m";
  if (seconds < 172800) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86400) + "d";
}

std::string TimeText(std::int64_t unix_ms) {
  return unix_ms <= 0 ? "-" : FormatRfc3339(FromUnixMillis(unix_ms));
}

std::string RefText(const v1::ObjectRef& ref) {
  return ref.kind() + "/" + ref.name();
}

}  // namespace podwright::cli
