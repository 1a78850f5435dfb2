// The planner: facts in, slices and a plan out. Pure: the same bytes for the same facts, whatever
// the order they were put in, the locale or the number of threads.
//
// A slice is one object with what its kind's planner read and wants done. Its digest covers the
// desired object (canonical spec, labels, lifecycle, revision of the defaults), the reads, the
// actions and the requirements; not uid, generation, ids, notes, nor which actions other objects
// have in this plan (a dependency on another object counts by that object's name). A plan's digest
// is a Merkle root over its slices that have actions or an error.
//
// A slice with an error has no actions. So has one that depends on such a slice (its error names it),
// and one in a cycle (its error names the cycle).
//
// Threading: const methods may run together; Reset and Update need the planner for themselves.
// Ownership: the kinds' planners must outlive the planner; facts are used during calls only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "podwright/v1/plan.pb.h"
#include "reconciler/planner/facts.h"
#include "reconciler/planner/kind_planner.h"

namespace podwright::planner {

inline constexpr unsigned kPlanFormatVersion = 1;

struct PlannerOptions {
  unsigned threads = 1;  // of the slice phase; 0 means one for each core
};

// What a plan is asked about: everything, or these objects and all that they depend on.
struct PlanScope {
  bool all = true;
  std::vector<ObjectKey> objects;
  static PlanScope All() { return {}; }
  static PlanScope Of(std::vector<ObjectKey> objects) { return {false, std::move(objects)}; }
};

// What an Update did, sorted by kind and name.
struct PlanUpdate {
  std::vector<ObjectKey> replanned;  // read a fact that changed
  std::vector<ObjectKey> changed;    // and came out with another digest, appeared or went
};

class Planner {
 public:
  explicit Planner(const KindPlanners& kinds, PlannerOptions options = {});
  ~Planner();
  Planner(const Planner&) = delete;
  Planner& operator=(const Planner&) = delete;

  // Everything from cold; keeps nothing.
  v1::Plan PlanAll(const Facts& facts) const;

  // Plans everything and keeps the slices.
  void Reset(const FactBase& base);
  // Brings the kept slices up to date: replans those that read one of the keys, and no others.
  // `changed_keys` are those of base.TakeChangedKeys() since the last Reset or Update.
  PlanUpdate Update(const FactBase& base, const std::vector<std::string>& changed_keys);
  // The kept plan. Needs an up-to-date planner.
  v1::Plan CurrentPlan(const PlanScope& scope = {}) const;
  // Of the whole kept plan; without building it.
  Digest CurrentDigest() const;
  // The kept slice of one object, with ids and dependencies; nullopt where there is no such object.
  std::optional<v1::Slice> CurrentSlice(const ObjectKey& key) const;
  // The same as it is kept: without ids and dependencies, and without the errors that come from other slices. Null
  // where there is none; lives until the next Reset or Update.
  const v1::Slice* KeptSlice(const ObjectKey& key) const;
  // What the plan would be on the overlay; the kept slices of its base are used where they are not
  // touched, and stay as they are. `touched` (may be null) receives the objects whose slices differ.
  v1::Plan Preview(const FactOverlay& overlay, const PlanScope& scope, std::vector<ObjectKey>* touched = nullptr) const;

 private:
  struct State;
  const KindPlanners& kinds_;
  PlannerOptions options_;
  std::unique_ptr<State> state_;
};

// Why two plans differ: the first fact, desired object or action that is not the same, for people:
// "observed/server/web-1@web-1 changed". nullopt where the digests are equal.
std::optional<std::string> FirstDifference(const v1::Plan& before, const v1::Plan& after);

}  // namespace podwright::planner
