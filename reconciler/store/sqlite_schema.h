// The file of the SQLite store: where it lies, its tables, its version.
//
// Every change of a key is a row of `history`, whose `seq` is revision * 2^20 + its place in the
// revision; `current` names the last row of each key that is there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "reconciler/store/sqlite_db.h"
#include "reconciler/store/store.h"

namespace podwright::store {

inline constexpr int kSchemaVersion = 1;
inline constexpr int kPlaceBits = 20;  // up to about a million changes a revision

constexpr std::int64_t FirstSeq(Revision revision) {
  return revision << kPlaceBits;
}
constexpr Revision RevisionOfSeq(std::int64_t seq) {
  return seq >> kPlaceBits;
}

// A row of key, create_revision, seq, version, lease and, where it is asked for, value.
KeyValue ReadKeyValue(const Statement& row, bool with_value);

// An upper bound that is greater than every key, for ranges without an end.
const std::string& KeyBound(const KeyRange& range);

// The data folder, with mode 0700 when it was missing.
Status MakeFolder(const std::filesystem::path& folder);

// Makes the file (0600) when it is missing, then the tables.
// kFailedPrecondition when the file was written by a newer version.
Result<SqliteHandle> OpenWriter(const std::filesystem::path& folder, const std::string& vfs, std::int64_t max_bytes);
// A connection that only reads; the file must be there.
Result<SqliteHandle> OpenReader(const std::filesystem::path& folder, const std::string& vfs);

}  // namespace podwright::store
