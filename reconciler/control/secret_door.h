// Values of secrets on their way in and out. They pass through here into the encrypted store and, sealed, to
// agents; objects, events, runs and logs see names and versions only.
//
// Threading: under the control plane's lock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/crypto/secret.h"
#include "core/result.h"
#include "podwright/v1/agent.pb.h"
#include "podwright/v1/plan.pb.h"
#include "reconciler/control/core.h"
#include "reconciler/control/secret_maker.h"
#include "reconciler/planner/facts.h"
#include "reconciler/planner/kind_planner.h"

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
  explicit SecretDoor(Core& core) : core_(core), maker_(core.deps.secrets, core.deps.clock, core.deps.random) {}

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
  // `value` as the spec's `parts` want it: one value, or the named parts, given by name or as a JSON object.
  static Result<NewSecretValue> Shape(const ObjectId& secret, const v1::kinds::SecretSpec& spec, std::string_view value,
                                      const google::protobuf::Map<std::string, std::string>& parts);
  // When the certificate of the generator is to be made anew: at two thirds of its life. nullopt: it is no certificate,
  // or there is none yet.
  std::optional<WallTime> RenewalOf(const ObjectId& secret, const v1::kinds::SecretGenerator& generator) const;
  SecretMaker& maker() { return maker_; }
  Result<v1::SealedSecret> SealFor(const ServerId& server, const v1::SecretUse& use);
  // Everything secret that goes with an object: a secret's versions, another object's internal secrets. Success where
  // there is nothing.
  Status Delete(const ObjectId& object);

 private:
  // From the store into memory and into the facts.
  Status Refresh(const ObjectId& secret);
  Status DeleteOne(const ObjectId& secret);
  Result<bool> SameAsCurrent(const ObjectId& secret, const crypto::SecretString& value);
  // The versions that specs name: they stay, however many newer ones there are.
  std::set<std::int64_t> PinnedVersions(const ObjectId& secret) const;

  struct Known {
    planner::SecretInput fact;
    WallTime made{};  // the current version
  };
  Core& core_;
  SecretMaker maker_;
  std::map<ObjectId, Known> known_;  // internal ones, too, under their names
};

}  // namespace podwright::control
