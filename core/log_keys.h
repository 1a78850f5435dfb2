// The keys of log lines, so that the same thing has the same name everywhere.
#pragma once

namespace podwright::log::key {
inline constexpr char kAction[] = "action";
inline constexpr char kActor[] = "actor";
inline constexpr char kAddress[] = "address";
inline constexpr char kAttempt[] = "attempt";
inline constexpr char kCount[] = "count";
inline constexpr char kDigest[] = "digest";
inline constexpr char kDuration[] = "duration_ms";
inline constexpr char kEpoch[] = "epoch";
inline constexpr char kError[] = "error";
inline constexpr char kKind[] = "kind";
inline constexpr char kMachine[] = "machine";
inline constexpr char kName[] = "name";
inline constexpr char kObject[] = "object";
inline constexpr char kPath[] = "path";
inline constexpr char kRevision[] = "revision";
inline constexpr char kRun[] = "run";
inline constexpr char kServer[] = "server";
inline constexpr char kSignal[] = "signal";
inline constexpr char kSlice[] = "slice";
inline constexpr char kVerb[] = "verb";
inline constexpr char kVersion[] = "version";
inline constexpr char kWorkspace[] = "workspace";
}  // namespace podwright::log::key
