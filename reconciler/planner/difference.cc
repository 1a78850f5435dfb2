#include <map>

#include "reconciler/planner/planner.h"

namespace podwright::planner {

namespace {

std::map<ObjectKey, const v1::Slice*> ByKey(const v1::Plan& plan) {
  std::map<ObjectKey, const v1::Slice*> out;
  for (const v1::Slice& slice : plan.slices()) {
    if (slice.actions_size() > 0 || !slice.error().empty()) {
      out[{slice.object().kind(), slice.object().name()}] = &slice;
    }
  }
  return out;
}

std::string HowItChanged(const std::string& key, const std::string& before, const std::string& after) {
  if (before.empty()) return key + " is there now";
  if (after.empty()) return key + " is gone";
  return key + " changed";
}

std::optional<std::string> FirstRead(const v1::Slice& before, const v1::Slice& after) {
  std::map<std::string, std::pair<const std::string*, const std::string*>> reads;
  for (const v1::FactRead& read : before.reads()) reads[read.key()].first = &read.digest();
  for (const v1::FactRead& read : after.reads()) reads[read.key()].second = &read.digest();
  std::optional<std::string> only_one_read;
  for (const auto& [key, digests] : reads) {
    if (digests.first != nullptr && digests.second != nullptr) {
      if (*digests.first != *digests.second) return HowItChanged(key, *digests.first, *digests.second);
    } else if (!only_one_read) {
      only_one_read = key + (digests.first == nullptr ? " matters now" : " does not matter any more");
    }
  }
  return only_one_read;
}

std::string SliceDifference(const ObjectKey& key, const v1::Slice& before, const v1::Slice& after) {
  if (before.desired_digest() != after.desired_digest()) return ObjectFactKey(key) + " changed";
  if (auto read = FirstRead(before, after)) return *read;
  return "the actions of " + key.Text() + " changed";
}

}  // namespace

std::optional<std::string> FirstDifference(const v1::Plan& before, const v1::Plan& after) {
  if (before.digest() == after.digest()) return std::nullopt;
  const auto old_slices = ByKey(before);
  const auto new_slices = ByKey(after);
  // Slices that both have say more, so they come first.
  for (const auto& [key, slice] : new_slices) {
    const auto it = old_slices.find(key);
    if (it != old_slices.end() && it->second->digest() != slice->digest()) {
      return SliceDifference(key, *it->second, *slice);
    }
  }
  for (const auto& [key, slice] : new_slices) {
    if (!old_slices.contains(key)) return key.Text() + " has something to do now";
  }
  for (const auto& [key, slice] : old_slices) {
    if (!new_slices.contains(key)) return key.Text() + " has nothing to do any more";
  }
  return "the plans were made by different versions";
}

}  // namespace podwright::planner
