#include "reconciler/control/keys.h"

#include <charconv>

#include "core/digest.h"

namespace podwright::control::keys {
namespace {

std::string Padded(std::uint64_t number, std::size_t width) {
  std::string text = std::to_string(number);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

}  // namespace

std::string Object(const ObjectId& id) {
  return std::string(kObjects) + id.workspace + "/" + id.kind + "/" + id.name;
}

std::string State(const ObjectId& id) {
  return std::string(kStates) + id.workspace + "/" + id.kind + "/" + id.name;
}

std::string Run(const RunId& id) {
  return std::string(kRuns) + id.workspace + "/" + id.id;
}

std::string RunPrefix(const RunId& id) {
  return Run(id) + "/";
}

std::string RunPart(const RunId& id, std::size_t place) {
  return Run(id) + "/p/" + Padded(place, 7);
}

std::string RunAction(const RunId& id, std::size_t place) {
  return Run(id) + "/a/" + Padded(place, 7);
}

std::string Machine(const ServerId& id) {
  return std::string(kMachines) + id.workspace + "/" + id.server;
}

std::string Seen(const ServerId& id) {
  return std::string(kSeen) + id.workspace + "/" + id.server;
}

std::string Allocation(const ObjectId& id) {
  return std::string(kAllocations) + id.workspace + "/" + id.kind + "/" + id.name;
}

std::string Event(std::uint64_t sequence) {
  return std::string(kEvents) + Padded(sequence, 19);
}

std::optional<std::uint64_t> EventSequence(std::string_view key) {
  if (!key.starts_with(kEvents)) return std::nullopt;
  key.remove_prefix(kEvents.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
  return number;
}

// The caller's key is text of any form and length: its digest is what fits into a key.
std::string Idempotency(std::string_view workspace, std::string_view key) {
  return std::string(kIdempotency) + std::string(workspace) + "/" + Sha256(key).Hex();
}

std::string IdempotencyTime(std::int64_t unix_ms, std::string_view record_key) {
  return std::string(kIdempotencyTimes) + Padded(static_cast<std::uint64_t>(unix_ms), 15) + "/" +
         std::string(record_key.substr(record_key.rfind('/') + 1));
}

std::string Staged(std::string_view id) {
  return std::string(kStaged) + std::string(id);
}

std::string StagedBatch(std::string_view id, std::size_t place) {
  return std::string(kStaged) + std::string(id) + "/" + Padded(place, 7);
}

}  // namespace podwright::control::keys
