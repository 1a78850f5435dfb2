#include "reconciler/planner/reader.h"

#include <algorithm>

#include "reconciler/planner/encoding.h"

namespace podwright::planner {

namespace {
template <typename Input>
const Input* Record(std::vector<ReadRecord>& reads, std::string key, const Fact<Input>* fact) {
  reads.push_back({std::move(key), fact == nullptr ? std::string() : std::string(fact->digest.View())});
  return fact == nullptr ? nullptr : &fact->input;
}
}  // namespace

const ObjectInput* RecordingReader::Object(const ObjectKey& key) {
  return Record(reads_, ObjectFactKey(key), facts_.FindObject(key));
}

const ObservedInput* RecordingReader::Observed(const ObjectKey& object, std::string_view server) {
  return Record(reads_, ObservedFactKey(object, server), facts_.FindObserved(object, server));
}

std::vector<std::string> RecordingReader::ObservedServers(const ObjectKey& object) {
  std::vector<std::string> servers;
  Encoder encoder("range");
  for (const Fact<ObservedInput>* fact : facts_.ObservedOf(object)) {
    servers.push_back(fact->input.server);
    encoder.Text(servers.back());
  }
  reads_.push_back({ObservedRangeKey(object), servers.empty() ? std::string() : std::string(encoder.Hash().View())});
  return servers;
}

const AgentInput* RecordingReader::Agent(std::string_view server) {
  return Record(reads_, AgentFactKey(server), facts_.FindAgent(server));
}

const MachineInput* RecordingReader::Machine(std::string_view server) {
  return Record(reads_, MachineFactKey(server), facts_.FindMachine(server));
}

const CloudInput* RecordingReader::Cloud(std::string_view name) {
  return Record(reads_, CloudFactKey(name), facts_.FindCloud(name));
}

RecordingReader::SecretParts RecordingReader::Secret(std::string_view name) {
  const SecretInput* secret = Record(reads_, SecretFactKey(name), facts_.FindSecret(name));
  return secret == nullptr ? SecretParts{} : SecretParts{secret->version, secret->parts};
}

RecordingReader::SecretParts RecordingReader::Secret(std::string_view name, std::int64_t version) {
  const Fact<SecretInput>* secret = facts_.FindSecret(name);
  const std::vector<std::string>* parts = secret == nullptr ? nullptr : secret->input.PartsOf(version);
  std::string digest;
  if (parts != nullptr) {
    Encoder encoder("secret version");
    for (const std::string& part : *parts) encoder.Text(part);
    digest = std::string(encoder.Hash().View());
  }
  reads_.push_back({SecretFactKey(name, version), std::move(digest)});
  return parts == nullptr ? SecretParts{} : SecretParts{version, *parts};
}

std::vector<Referrer> RecordingReader::Referrers(const ObjectKey& key) {
  std::vector<Referrer> referrers = facts_.ReferrersOf(key);
  const std::string digest = referrers.empty() ? std::string() : std::string(FactDigest(referrers).View());
  reads_.push_back({ReferrersFactKey(key), digest});
  return referrers;
}

const google::protobuf::Message* RecordingReader::Allocation(const ObjectKey& object) {
  const AllocationInput* allocation = Record(reads_, AllocationFactKey(object), facts_.FindAllocation(object));
  return allocation == nullptr ? nullptr : allocation->value.get();
}

std::vector<ReadRecord> RecordingReader::TakeReads() {
  std::sort(reads_.begin(), reads_.end());
  reads_.erase(std::unique(reads_.begin(), reads_.end()), reads_.end());
  return std::move(reads_);
}

}  // namespace podwright::planner
