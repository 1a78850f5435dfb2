// The few store calls that everybody makes, in one line each.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/store/store.h"

namespace podwright::store {

// The key at a revision; nullopt when it is absent.
Result<std::optional<KeyValue>> Get(Store& store, std::string_view key, Revision revision = 0);

// Puts without a comparison. Answers the new revision.
Result<Revision> Put(Store& store, std::string key, std::string value);

// All keys of a range at one revision, read in pages, so that no answer of the store is unbounded.
// Stops at the first error of `visit`. Answers the revision that was read.
Result<Revision> ForEach(Store& store, const KeyRange& range, const std::function<Status(KeyValue&)>& visit);

}  // namespace podwright::store
