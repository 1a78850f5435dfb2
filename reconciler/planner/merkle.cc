#include "reconciler/planner/merkle.h"

#include <algorithm>

#include "reconciler/planner/encoding.h"

namespace podwright::planner {

namespace {
// FNV-1a, because the place of a key must be the same everywhere.
std::size_t Place(const ObjectKey& key) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::string* part : {&key.kind, &key.name}) {
    for (const char c : *part) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    hash = (hash ^ '/') * 1099511628211ULL;
  }
  return (hash >> 32) & 0xff;
}
}  // namespace

MerkleTree::Bucket& MerkleTree::BucketOf(const ObjectKey& key) {
  Bucket& bucket = buckets_.at(Place(key));
  bucket.stale = true;
  return bucket;
}

void MerkleTree::Set(const ObjectKey& key, std::string_view digest) {
  std::vector<Entry>& entries = BucketOf(key).entries;
  if (entries.empty() || entries.back().first < key) {
    entries.emplace_back(key, digest);
    return;
  }
  const auto it = std::lower_bound(entries.begin(), entries.end(), key,
                                   [](const Entry& entry, const ObjectKey& wanted) { return entry.first < wanted; });
  if (it->first == key) {
    it->second = digest;
  } else {
    entries.emplace(it, key, digest);
  }
}

void MerkleTree::Erase(const ObjectKey& key) {
  std::vector<Entry>& entries = BucketOf(key).entries;
  std::erase_if(entries, [&key](const Entry& entry) { return entry.first == key; });
}

void MerkleTree::Refresh() {
  Encoder root("podwright plan 1");
  for (std::size_t i = 0; i < kBuckets; ++i) {
    Bucket& bucket = buckets_.at(i);
    if (bucket.stale) {
      Encoder encoder("podwright plan bucket 1");
      for (const auto& [key, digest] : bucket.entries) encoder.Text(key.kind).Text(key.name).Text(digest);
      bucket.digest = encoder.Hash();
      bucket.stale = false;
    }
    if (!bucket.entries.empty()) root.Number(i).Text(bucket.digest.View());
  }
  root_ = root.Hash();
}

}  // namespace podwright::planner
