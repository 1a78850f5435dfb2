// What a kind brings to the planner: one class that turns an object and facts into action drafts.
//
// Pure: no clock, I/O, randomness or state between calls. Everything that decides about the result
// comes from the object or through the reader, so that the slice's digest covers it.
//
// Threading: const methods run on several threads at once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/kinds/secret.pb.h"
#include "podwright/v1/plan.pb.h"
#include "reconciler/planner/facts.h"
#include "reconciler/planner/reader.h"

namespace podwright::planner {

// An action before it has an id. The planner fills in id, object and depends_on.
struct ActionDraft {
  // Encodes the verb's message, and notes its canonical form for the slice's digest.
  void SetPayload(const google::protobuf::Message& payload);
  void SetCompensation(std::string verb, std::string summary, const google::protobuf::Message& payload);
  // What only exists when the action is dispatched: a field of what `server`'s driver observed of `object`. `path` as
  // in FactBinding. The driver finds the value under `name` in Dispatch.bound.
  void Bind(std::string name, const ObjectKey& object, std::string server, std::string path);

  v1::Action action;  // everything but id, object and depends_on; payloads by the functions above
  Digest payload_digest;
  Digest compensation_digest;
  std::vector<std::size_t> after;        // places in SliceDraft::actions, before this one
  std::vector<ObjectKey> after_objects;  // those are converged first: all their actions of this plan are done
};

struct SliceDraft {
  std::vector<ActionDraft> actions;
  std::vector<std::string> requirements;
  std::vector<std::string> notes;
  // Servers that this slice takes away: whatever other objects do there in this plan comes first.
  std::vector<std::string> ends_servers;
};

// What has to get in to a server for a service that an object has there.
struct ServicePort {
  std::string protocol;  // tcp, udp; vrrp, which has no port
  std::int64_t port = 0;
  std::vector<std::string> sources;  // addresses or networks; empty: from anywhere
};

// A value that a kind needs for itself and nobody declares: the password of the replication.
struct InternalSecret {
  std::string name;  // within the object; letters, digits and "-": "replication"
  v1::kinds::SecretGenerator generator;
};

class KindPlanner {
 public:
  virtual ~KindPlanner() = default;

  // The actions that bring a live object to what was declared, or a tombstone (which nothing live
  // refers to any more) to nothing. The forgetting of a tombstone is added by the planner. An error
  // becomes the slice's error: nothing of the slice can run.
  virtual Result<SliceDraft> PlanObject(const ObjectInput& object, RecordingReader& reader) const = 0;

  // A pure function of the spec and of everything observed: the kind's Status message, or nullptr
  // where the kind has none.
  virtual std::unique_ptr<google::protobuf::Message> ComputeStatus(const ObjectInput& object,
                                                                   const StatusReader& reader) const = 0;

  // The Spec as it was found: the desired one with what differs put in, in the words of the Spec. Null: nothing
  // differs, or nothing was observed. Terraform's Read shows it as drift.
  virtual std::unique_ptr<google::protobuf::Message> ActualSpec(const ObjectInput& object,
                                                                const StatusReader& reader) const {
    static_cast<void>(object);
    static_cast<void>(reader);
    return nullptr;
  }

  // What has to be decided once and kept for as long as the object exists: from the record of before (nullptr: there
  // is none) the record that holds what the object asks for, too. Apply writes it with the object, and a dry run shows
  // the same; planners read it as the fact allocation/KIND/NAME. What was decided is never decided anew. Where it
  // cannot be (a range is used up) the record stays as it was, and PlanObject says why. nullptr: the kind needs none.
  virtual std::unique_ptr<google::protobuf::Message> Allocate(const ObjectInput& object,
                                                              const google::protobuf::Message* before) const {
    static_cast<void>(object);
    static_cast<void>(before);
    return nullptr;
  }
  // An empty record, to read a stored one into; nullptr: the kind needs none.
  virtual std::unique_ptr<google::protobuf::Message> NewAllocation() const { return nullptr; }

  // What the firewall of `server`, where one is declared, lets in for the object by itself. Asked for live objects that
  // refer to the server; each pair of protocol and port once.
  virtual std::vector<ServicePort> PortsOn(const ObjectInput& object, const std::string& server,
                                           RecordingReader& reader) const {
    static_cast<void>(object);
    static_cast<void>(server);
    static_cast<void>(reader);
    return {};
  }

  // The secrets that the object needs and nobody declares, each name once. Apply makes those that are missing with the
  // object, a dry run shows the version that they will have, and they go when the object is forgotten. No API reads or
  // changes them. ReadInternalSecret (secret_uses.h) takes one into an action.
  virtual std::vector<InternalSecret> InternalSecrets(const ObjectInput& object) const {
    static_cast<void>(object);
    return {};
  }

  // The servers whose agents observe the object, sorted.
  virtual std::vector<std::string> ServersOf(const ObjectInput& object) const = 0;
};

// Under which an internal secret is stored and read. No declared secret can have such a name: it has dots.
inline std::string InternalSecretName(const ObjectKey& object, const std::string& name) {
  return object.kind + "." + object.name + "." + name;
}

// The planners by kind.
class KindPlanners {
 public:
  void Add(std::string kind, std::unique_ptr<KindPlanner> planner) { planners_[std::move(kind)] = std::move(planner); }
  // nullptr: no such kind.
  const KindPlanner* Find(std::string_view kind) const {
    const auto it = planners_.find(kind);
    return it == planners_.end() ? nullptr : it->second.get();
  }

 private:
  std::map<std::string, std::unique_ptr<KindPlanner>, std::less<>> planners_;
};

// One of every kind of kinds/kinds.list.
KindPlanners AllPlanners();

}  // namespace podwright::planner
