// What desired objects would be after a request: every rule of Apply about objects stands here.
//
// Threading: under the control plane's lock; reads memory, changes nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/control.pb.h"
#include "podwright/v1/object.pb.h"
#include "reconciler/control/core.h"
#include "reconciler/control/secret_door.h"

namespace podwright::control {

enum class PutKind { kCreate, kUpdate, kResume, kUnchanged };

struct CandidatePut {
  v1::StoredObject object;  // as it would be; without write-only values
  PutKind kind = PutKind::kUnchanged;
  std::optional<NewSecretValue> value;
  std::vector<std::string> awaited;  // what it refers to and may still come: objects, values of secrets
};

struct Candidate {
  std::map<ObjectId, CandidatePut> puts;
  // Of a request for a whole owner: what it puts and is stored so already, to the byte. Not among `puts`, so that a
  // change of one object among thousands costs what that one costs.
  std::set<ObjectId> settled;
  std::map<ObjectId, v1::StoredObject> tombstones;
  std::vector<std::string> warnings;

  std::set<ObjectId> Put() const;      // puts and settled ones
  std::set<ObjectId> Named() const;    // puts, also unchanged ones, and tombstones; not what is settled
  std::set<ObjectId> Changed() const;  // what the store would hold differently
};

// By place in `puts`; empty: none.
using PutPlaces = std::vector<bool>;

// Those of the puts that are settled now (Candidate::settled). Lock held.
PutPlaces SettledPuts(Core& core, const SecretDoor& secrets, const v1::ApplyRequest& request);

// A request that breaks no rule that can be seen without the store. "" as workspace becomes "default". The specs of
// `settled` puts were looked at when they were stored. Without the lock.
Status CheckRequest(const kinds::Registry& registry, v1::ApplyRequest* request, const PutPlaces& settled);

// kInvalidArgument with a line for each broken rule; kConflict for owners and expected revisions;
// kFailedPrecondition for deletion protection. `unchecked`: whose specs CheckRequest did not look at.
Result<Candidate> MakeCandidate(Core& core, SecretDoor& secrets, const v1::ApplyRequest& request,
                                const PutPlaces& unchecked);

}  // namespace podwright::control
