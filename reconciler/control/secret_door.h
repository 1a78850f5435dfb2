// Values of secrets on their way in and out. They pass through here into the encrypted store and, sealed, to
// agents; objects, events, runs and logs see names and versions only.
//
// Threading: under the control plane's lock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/secret.h"
#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/plan.pb.h"
#include "reconciler/control/core.h"
#include "reconciler/planner/facts.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::v1::kinds {
class SecretGenerator;
class SecretSpec;
}  // namespace podwright::v1::kinds

namespace podwright::control {

// A value that an Apply brings. Moves; its bytes are wiped when it goes.
struct NewSecretValue {
  ObjectId secret;
  crypto::SecretString value;  // empty with `generate`
  bool generate = false;
  std::string generator;           // SecretGenerator, encoded
  std::int64_t version = 0;        // that it will have
  std::vector<std::string> parts;  // that it will have, sorted
};

class SecretDoor {
 public:
  explicit SecretDoor(Core& core) : core_(core) {}

  // The current versions of all secrets of a workspace become facts.
  Status LoadVersions(const std::string& workspace);
  std::int64_t CurrentVersion(const ObjectId& secret) const;
  // What planners read of it; with `next` as it will be once that is stored.
  planner::SecretInput FactOf(const ObjectId& secret, const NewSecretValue* next) const;

  // Takes the write-only value out of a secret's encoded spec and says which new version the spec asks for, if any.
  // `before`: the stored spec, null for a new object.
  Result<std::optional<NewSecretValue>> TakeValue(const ObjectId& secret, const std::string* before, std::string* spec);
  // Of the values that the object's kind needs for itself (KindPlanner::InternalSecrets) those that are not there yet.
  Result<std::vector<NewSecretValue>> MissingInternal(const planner::KindPlanner& kind, const std::string& workspace,
                                                      const planner::ObjectInput& object) const;
  // An encoded spec of a secret without its value; of other kinds: unchanged.
  static void DropValue(const std::string& kind, std::string* spec);
  // Answers the version. The same idempotency key (not empty) and value: the same version.
  Result<std::int64_t> Store(const NewSecretValue& value, const std::string& idempotency_key);
  // A new value by the generator of the object's spec.
  Result<std::int64_t> Rotate(const ObjectId& secret, const std::string& spec);
  Result<v1::SealedSecret> SealFor(const ServerId& server, const v1::SecretUse& use);
  // Everything secret that goes with an object: a secret's versions, another object's internal secrets. Success where
  // there is nothing.
  Status Delete(const ObjectId& object);

 private:
  // From the store into memory and into the facts.
  Status Refresh(const ObjectId& secret);
  Status DeleteOne(const ObjectId& secret);
  Result<bool> SameAsCurrent(const ObjectId& secret, const crypto::SecretString& value);
  Result<crypto::SecretString> Generate(const v1::kinds::SecretGenerator& generator);

  Core& core_;
  std::map<ObjectId, planner::SecretInput> known_;  // internal ones, too, under their names
};

}  // namespace podwright::control
