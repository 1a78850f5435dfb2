// Finds what belongs to an object's key: one flat table of hashes and pointers, because most of planning is
// finding objects, and what it waits for is memory.
//
// Keys are pointed to and must stay where they are. Const methods may run together.
#pragma once

#include <cstddef>
#include <vector>

#include "reconciler/planner/object_key.h"

namespace podwright::planner {

template <typename Value>
class KeyIndex {
 public:
  KeyIndex() : entries_(kFirstSize) {}

  // nullptr: not there.
  const Value* Find(const ObjectKey& key) const {
    const Entry& entry = entries_[Slot(key, ObjectKeyHash()(key))];
    return entry.key == nullptr ? nullptr : &entry.value;
  }

  // The key must not be there yet.
  void Insert(const ObjectKey* key, Value value) {
    if (++used_ * 2 > entries_.size()) Grow();
    const std::size_t hash = ObjectKeyHash()(*key);
    entries_[Slot(*key, hash)] = {hash, key, value};
  }

  void Erase(const ObjectKey& key) {
    std::size_t slot = Slot(key, ObjectKeyHash()(key));
    if (entries_[slot].key == nullptr) return;
    --used_;
    entries_[slot] = {};
    // What was pushed beyond the freed entry is put where a search finds it.
    for (slot = Next(slot); entries_[slot].key != nullptr; slot = Next(slot)) {
      const Entry moved = entries_[slot];
      entries_[slot] = {};
      entries_[Slot(*moved.key, moved.hash)] = moved;
    }
  }

 private:
  static constexpr std::size_t kFirstSize = 16;
  struct Entry {
    std::size_t hash = 0;
    const ObjectKey* key = nullptr;  // nullptr: free
    Value value{};
  };

  std::size_t Next(std::size_t slot) const { return (slot + 1) & (entries_.size() - 1); }

  // The entry of the key, or the free one where it belongs.
  std::size_t Slot(const ObjectKey& key, std::size_t hash) const {
    std::size_t slot = hash & (entries_.size() - 1);
    while (entries_[slot].key != nullptr && !(entries_[slot].hash == hash && *entries_[slot].key == key)) {
      slot = Next(slot);
    }
    return slot;
  }

  void Grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.key != nullptr) entries_[Slot(*entry.key, entry.hash)] = entry;
    }
  }

  std::vector<Entry> entries_;  // a power of two, at most half full; collisions go to the next
  std::size_t used_ = 0;
};

}  // namespace podwright::planner
