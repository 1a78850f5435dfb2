// What a kind's planner may look at, and the record of what it looked at.
//
// A RecordingReader notes key and digest of every fact that is read, absent ones too: they become
// the slice's `reads`. A StatusReader shows the same facts without a record, plus what is volatile;
// status is shown, never planned by.
//
// Threading: one reader belongs to one thread. Ownership: pointers live as long as the facts do.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "reconciler/planner/facts.h"

namespace podwright::planner {

struct ReadRecord {
  std::string key;
  std::string digest;  // 32 bytes; empty: absent
  auto operator<=>(const ReadRecord&) const = default;
};

class RecordingReader {
 public:
  explicit RecordingReader(const Facts& facts) : facts_(facts) { reads_.reserve(kExpectedReads); }

  const ObjectInput* Object(const ObjectKey& key);
  const ObservedInput* Observed(const ObjectKey& object, std::string_view server);
  // On which servers something of the object was observed, sorted. A range: one more or less is a change.
  std::vector<std::string> ObservedServers(const ObjectKey& object);
  const AgentInput* Agent(std::string_view server);
  const MachineInput* Machine(std::string_view server);
  const CloudInput* Cloud(std::string_view name);
  // 0: no such secret, or it has no value yet.
  std::int64_t SecretVersion(std::string_view name) { return Secret(name).version; }
  // Its current version and that one's parts; version 0 and no parts where there is none.
  struct SecretParts {
    std::int64_t version = 0;
    std::vector<std::string> parts;
  };
  SecretParts Secret(std::string_view name);
  // The same of a certain version, whatever the current one is.
  SecretParts Secret(std::string_view name, std::int64_t version);
  std::vector<Referrer> Referrers(const ObjectKey& key);
  // The kind's own message; nullptr: nothing was allocated.
  const google::protobuf::Message* Allocation(const ObjectKey& object);

  // Sorted by key, each once. The reader is empty afterwards.
  std::vector<ReadRecord> TakeReads();

 private:
  static constexpr std::size_t kExpectedReads = 12;
  const Facts& facts_;
  std::vector<ReadRecord> reads_;
};

class StatusReader {
 public:
  using Connected = std::function<bool(std::string_view server)>;
  StatusReader(const Facts& facts, Connected connected) : facts_(facts), connected_(std::move(connected)) {}

  const Facts& facts() const { return facts_; }
  bool AgentConnected(std::string_view server) const { return connected_ && connected_(server); }

 private:
  const Facts& facts_;
  Connected connected_;
};

}  // namespace podwright::planner
