#include "reconciler/store/transaction.h"

#include <algorithm>
#include <string>
#include <utility>

#include "reconciler/store/limits.h"

namespace podwright::store {

namespace {

Status CheckKey(std::string_view key) {
  if (key.empty()) return InvalidArgument("a key is empty");
  if (key.size() > kMaxKeyBytes) {
    return InvalidArgument("a key has " + std::to_string(key.size()) + " bytes; the limit is " +
                           std::to_string(kMaxKeyBytes));
  }
  return Ok();
}

Status CheckCount(std::size_t count, std::string_view what) {
  if (count <= kMaxOperations) return Ok();
  return InvalidArgument("a transaction has " + std::to_string(count) + " " + std::string(what) + "; the limit is " +
                         std::to_string(kMaxOperations));
}

std::size_t Bytes(const std::vector<Op>& ops) {
  std::size_t sum = 0;
  for (const Op& op : ops) sum += op.key.size() + op.value.size() + op.range.from.size() + op.range.to.size();
  return sum;
}

std::size_t Bytes(const std::vector<Compare>& compares) {
  std::size_t sum = 0;
  for (const Compare& compare : compares) sum += compare.key.size() + compare.value.size();
  return sum;
}

// Two changes of one key would have one revision, and a watcher could not tell their order.
Status CheckBranch(const std::vector<Op>& ops) {
  std::vector<std::string_view> puts;
  for (const Op& op : ops) {
    if (op.type != Op::Type::kPut) continue;
    PW_TRY(CheckKey(op.key));
    if (op.lease < 0) return InvalidArgument("a lease cannot be negative");
    puts.push_back(op.key);
  }
  std::sort(puts.begin(), puts.end());
  if (const auto twice = std::adjacent_find(puts.begin(), puts.end()); twice != puts.end()) {
    return InvalidArgument("a transaction puts the key " + std::string(*twice) + " twice");
  }
  for (const Op& op : ops) {
    if (op.type != Op::Type::kDelete) continue;
    const auto at = std::lower_bound(puts.begin(), puts.end(), op.range.from);
    if (at != puts.end() && op.range.Contains(*at)) {
      return InvalidArgument("a transaction both puts and deletes the key " + std::string(*at));
    }
  }
  return Ok();
}

template <typename T>
bool Holds(Compare::Relation relation, const T& actual, const T& wanted) {
  switch (relation) {
    case Compare::Relation::kEqual: return actual == wanted;
    case Compare::Relation::kNotEqual: return actual != wanted;
    case Compare::Relation::kGreater: return actual > wanted;
    case Compare::Relation::kLess: return actual < wanted;
  }
  return false;
}

Result<bool> Evaluate(const Compare& compare, Backend& backend) {
  const bool by_value = compare.target == Compare::Target::kValue;
  PW_ASSIGN(const std::optional<KeyValue> found,
            backend.Current(compare.key, by_value ? Backend::Fields::kAll : Backend::Fields::kWithoutValue));
  if (by_value) return found.has_value() && Holds(compare.relation, found->value, compare.value);
  std::int64_t actual = 0;
  if (found) {
    switch (compare.target) {
      case Compare::Target::kModRevision: actual = found->mod_revision; break;
      case Compare::Target::kCreateRevision: actual = found->create_revision; break;
      case Compare::Target::kVersion: actual = found->version; break;
      case Compare::Target::kLease: actual = found->lease; break;
      case Compare::Target::kValue: break;
    }
  }
  return Holds(compare.relation, actual, compare.number);
}

Status Put(const Op& op, Revision revision, Backend& backend) {
  PW_ASSIGN(const std::optional<KeyValue> old, backend.Current(op.key, Backend::Fields::kWithoutValue));
  KeyValue kv;
  kv.key = op.key;
  kv.value = op.value;
  kv.create_revision = old ? old->create_revision : revision;
  kv.mod_revision = revision;
  kv.version = old ? old->version + 1 : 1;
  kv.lease = op.lease;
  return backend.Put(kv, old ? old->mod_revision : 0);
}

Status CheckLeases(const std::vector<Op>& ops, Backend& backend) {
  for (const Op& op : ops) {
    if (op.type != Op::Type::kPut || op.lease == 0) continue;
    PW_ASSIGN(const bool exists, backend.LeaseExists(op.lease));
    if (!exists) return LeaseError(op.lease);
  }
  return Ok();
}

}  // namespace

Status Validate(const Transaction& transaction) {
  PW_TRY(CheckCount(transaction.compares.size(), "comparisons"));
  PW_TRY(CheckCount(transaction.success.size(), "operations"));
  PW_TRY(CheckCount(transaction.failure.size(), "operations"));
  const std::size_t bytes = Bytes(transaction.compares) + Bytes(transaction.success) + Bytes(transaction.failure);
  if (bytes > kMaxTransactionBytes) {
    return InvalidArgument("a transaction has " + std::to_string(bytes) + " bytes; the limit is " +
                           std::to_string(kMaxTransactionBytes));
  }
  for (const Compare& compare : transaction.compares) PW_TRY(CheckKey(compare.key));
  PW_TRY(CheckBranch(transaction.success));
  return CheckBranch(transaction.failure);
}

Result<std::int64_t> DeleteKeys(const KeyRange& range, Revision revision, Backend& backend) {
  PW_ASSIGN(const std::vector<KeyValue> kvs, backend.CurrentRange(range, Backend::Fields::kWithoutValue));
  for (const KeyValue& kv : kvs) PW_TRY(backend.Delete(kv.key, revision, kv.mod_revision));
  return static_cast<std::int64_t>(kvs.size());
}

Result<TransactionResult> Evaluate(const Transaction& transaction, Revision current, Backend& backend) {
  TransactionResult result;
  result.succeeded = true;
  for (const Compare& compare : transaction.compares) {
    PW_ASSIGN(const bool holds, Evaluate(compare, backend));
    if (!holds) {
      result.succeeded = false;
      break;
    }
  }
  const std::vector<Op>& ops = result.succeeded ? transaction.success : transaction.failure;
  PW_TRY(CheckLeases(ops, backend));

  bool changed = false;
  for (const Op& op : ops) {
    OpResult& response = result.responses.emplace_back();
    switch (op.type) {
      case Op::Type::kPut: {
        PW_TRY(Put(op, current + 1, backend));
        changed = true;
        break;
      }
      case Op::Type::kDelete: {
        PW_ASSIGN(response.deleted, DeleteKeys(op.range, current + 1, backend));
        changed = changed || response.deleted > 0;
        break;
      }
      case Op::Type::kGet: {
        PW_ASSIGN(response.kvs, backend.CurrentRange(op.range, Backend::Fields::kAll));
        break;
      }
    }
  }
  result.revision = changed ? current + 1 : current;
  return result;
}

Error CompactedError(Revision revision, Revision compacted) {
  return OutOfRange("revision " + std::to_string(revision) + " was compacted; the oldest one is " +
                    std::to_string(compacted));
}

Error LeaseError(LeaseId lease) {
  return NotFound("the lease " + std::to_string(lease) + " is unknown or has expired");
}

Status CheckTtl(std::chrono::milliseconds ttl) {
  if (ttl.count() > 0) return Ok();
  return InvalidArgument("a lease must last longer than nothing");
}

Status CheckReadable(Revision revision, Revision current, Revision compacted) {
  if (revision < 0) return InvalidArgument("a revision cannot be negative");
  if (revision == 0) return Ok();
  if (revision > current) {
    return InvalidArgument("revision " + std::to_string(revision) + " is not there yet; the latest is " +
                           std::to_string(current));
  }
  if (revision < compacted) return CompactedError(revision, compacted);
  return Ok();
}

Status CheckCompactable(Revision revision, Revision current, Revision compacted) {
  if (revision <= 0 || revision > current) {
    return InvalidArgument("cannot compact to revision " + std::to_string(revision) + "; the latest is " +
                           std::to_string(current));
  }
  if (revision <= compacted) return CompactedError(revision, compacted);
  return Ok();
}

}  // namespace podwright::store
