// Enums, times and durations in words, the same everywhere in the CLI. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/phase.h"
#include "podwright/v1/object.pb.h"
#include "podwright/v1/plan.pb.h"
#include "podwright/v1/run.pb.h"

namespace podwright::cli {

using client::PhaseWord;
std::string_view DisruptionWord(v1::Disruption value);    // "none", "reload", …, "data loss"
std::string_view RunStateWord(v1::RunState state);        // "running"
std::string_view ActionStateWord(v1::ActionState state);  // "done"
bool Ended(v1::RunState state);

// "0 s", "400 ms", "2.5 s", "3 min", "1 h 5 min".
std::string DurationWords(std::int64_t milliseconds);
// "5s", "3m", "2h", "9d" since then; "-" for 0.
std::string Age(std::int64_t then_unix_ms, std::int64_t now_unix_ms);
// RFC 3339; "-" for 0.
std::string TimeText(std::int64_t unix_ms);

std::string RefText(const v1::ObjectRef& ref);  // "server/web-1"

}  // namespace podwright::cli
