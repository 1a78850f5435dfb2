#include "reconciler/store/helpers.h"

#include <utility>

namespace podwright::store {

namespace {
constexpr std::size_t kPage = 500;
}  // namespace

Result<std::optional<KeyValue>> Get(Store& store, std::string_view key, Revision revision) {
  RangeRequest request;
  request.range = Single(key);
  request.revision = revision;
  PW_ASSIGN(RangeResult found, store.Range(request));
  if (found.kvs.empty()) return std::optional<KeyValue>();
  return std::optional<KeyValue>(std::move(found.kvs.front()));
}

Result<Revision> Put(Store& store, std::string key, std::string value) {
  Transaction transaction;
  transaction.success.push_back(Op::Put(std::move(key), std::move(value)));
  PW_ASSIGN(const TransactionResult done, store.Commit(transaction));
  return done.revision;
}

Result<Revision> ForEach(Store& store, const KeyRange& range, const std::function<Status(KeyValue&)>& visit) {
  RangeRequest request;
  request.range = range;
  request.limit = kPage;
  for (;;) {
    PW_ASSIGN(RangeResult page, store.Range(request));
    // The first page fixes the revision for the others.
    if (request.revision == 0) request.revision = page.revision;
    if (!page.kvs.empty()) request.range.from = page.kvs.back().key + '\0';
    for (KeyValue& kv : page.kvs) PW_TRY(visit(kv));
    if (!page.more) return request.revision;
  }
}

}  // namespace podwright::store
