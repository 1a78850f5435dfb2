#include "reconciler/store/store.h"

#include <utility>

namespace podwright::store {

KeyRange Single(std::string_view key) {
  std::string end(key);
  end += '\0';
  return {std::string(key), std::move(end)};
}

KeyRange Prefix(std::string_view prefix) {
  std::string end(prefix);
  // The next prefix of the same length or shorter: one more in the last byte that is not 0xff.
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return {std::string(prefix), std::move(end)};
}

Compare Compare::Absent(std::string key) {
  return {std::move(key), Target::kVersion, Relation::kEqual, 0, {}};
}
Compare Compare::Exists(std::string key) {
  return {std::move(key), Target::kVersion, Relation::kGreater, 0, {}};
}
Compare Compare::Unchanged(std::string key, Revision mod_revision) {
  return {std::move(key), Target::kModRevision, Relation::kEqual, mod_revision, {}};
}
Compare Compare::ValueIs(std::string key, std::string value) {
  return {std::move(key), Target::kValue, Relation::kEqual, 0, std::move(value)};
}

Op Op::Put(std::string key, std::string value, LeaseId lease) {
  return {Type::kPut, std::move(key), std::move(value), lease, {}};
}
Op Op::Delete(std::string_view key) {
  return DeleteRange(Single(key));
}
Op Op::DeleteRange(KeyRange range) {
  return {Type::kDelete, {}, {}, 0, std::move(range)};
}
Op Op::Get(std::string_view key) {
  return GetRange(Single(key));
}
Op Op::GetRange(KeyRange range) {
  return {Type::kGet, {}, {}, 0, std::move(range)};
}

}  // namespace podwright::store
