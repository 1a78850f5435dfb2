// A Merkle tree over slice digests by object key, which a change of one slice updates cheaply.
//
// 256 buckets by a fixed hash of the key; a bucket's digest covers its entries in the order of keys,
// the root covers the digests of the buckets that have entries. So the root depends on what is in
// the tree only, not on how it came there, and the tree of one slice is one bucket.
//
// Threading: a value; const methods compute nothing lazily, so they may run together.
// Set and Erase only note the bucket; Refresh brings the root up to date.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "reconciler/planner/facts.h"

namespace podwright::planner {

class MerkleTree {
 public:
  MerkleTree() { Refresh(); }
  void Set(const ObjectKey& key, std::string_view digest);
  void Erase(const ObjectKey& key);
  void Refresh();
  // As of the last Refresh.
  const Digest& Root() const { return root_; }

 private:
  static constexpr std::size_t kBuckets = 256;
  using Entry = std::pair<ObjectKey, std::string>;
  struct Bucket {
    std::vector<Entry> entries;  // sorted by key
    Digest digest;
    bool stale = false;
  };
  Bucket& BucketOf(const ObjectKey& key);

  std::array<Bucket, kBuckets> buckets_;
  Digest root_;
};

}  // namespace podwright::planner
