// The keys of the store that belong to the control plane: docs/architecture.md lists them. Pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace podwright::control {

struct ObjectId {
  std::string workspace;
  std::string kind;
  std::string name;
  auto operator<=>(const ObjectId&) const = default;
  std::string Text() const { return kind + "/" + name; }
};

struct ServerId {
  std::string workspace;
  std::string server;
  auto operator<=>(const ServerId&) const = default;
};

struct RunId {
  std::string workspace;
  std::string id;
  auto operator<=>(const RunId&) const = default;
};

namespace keys {

inline constexpr std::string_view kObjects = "obj/";
inline constexpr std::string_view kStates = "state/";
inline constexpr std::string_view kRuns = "run/";
inline constexpr std::string_view kMachines = "machine/";
inline constexpr std::string_view kSeen = "seen/";
inline constexpr std::string_view kAllocations = "alloc/";
inline constexpr std::string_view kEvents = "event/";
inline constexpr std::string_view kEventHorizon = "events/horizon";
inline constexpr std::string_view kIdempotency = "idem/";
inline constexpr std::string_view kIdempotencyTimes = "idem-time/";  // so that old ones are found without reading all
inline constexpr std::string_view kStaged = "chg/";
inline constexpr std::string_view kProbe = "events/probe";  // written to see whether writing works
inline constexpr std::string_view kEpoch = "epoch";

std::string Object(const ObjectId& id);
std::string State(const ObjectId& id);
std::string Run(const RunId& id);
std::string RunPrefix(const RunId& id);  // of its parts and actions
std::string RunPart(const RunId& id, std::size_t place);
std::string RunAction(const RunId& id, std::size_t place);
std::string Machine(const ServerId& id);
std::string Seen(const ServerId& id);
std::string Allocation(const ObjectId& id);
std::string Event(std::uint64_t sequence);
std::optional<std::uint64_t> EventSequence(std::string_view key);
std::string Idempotency(std::string_view workspace, std::string_view key);
// Its value is the record's key.
std::string IdempotencyTime(std::int64_t unix_ms, std::string_view record_key);
std::string Staged(std::string_view id);
std::string StagedBatch(std::string_view id, std::size_t place);

}  // namespace keys
}  // namespace podwright::control
