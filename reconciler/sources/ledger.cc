#include "reconciler/sources/ledger.h"

#include "reconciler/store/helpers.h"
#include "reconciler/store/store.h"

namespace podwright::sources {
namespace {

std::string Key(const control::ObjectId& source) {
  return "git/" + source.workspace + "/" + source.name;
}

}  // namespace

Result<v1::SourceLedger> LoadLedger(store::Store& store, const control::ObjectId& source, const std::string& uid) {
  PW_ASSIGN(const auto found, store::Get(store, Key(source)));
  v1::SourceLedger ledger;
  if (found && !ledger.ParseFromString(found->value)) return DataLoss("the record " + Key(source) + " cannot be read");
  if (ledger.uid() != uid) ledger.Clear();
  ledger.set_uid(uid);
  return ledger;
}

Status SaveLedger(store::Store& store, const control::ObjectId& source, const v1::SourceLedger& ledger) {
  const auto written = store::Put(store, Key(source), ledger.SerializeAsString());
  return written.ok() ? Ok() : Status(written.error());
}

Status RemoveLedger(store::Store& store, const control::ObjectId& source) {
  store::Transaction removal;
  removal.success.push_back(store::Op::Delete(Key(source)));
  const auto done = store.Commit(removal);
  return done.ok() ? Ok() : Status(done.error());
}

void Enter(v1::SourceLedger* ledger, const v1::AppliedCommit& applied, std::int64_t generation) {
  v1::SourceLedger before = *ledger;
  *ledger->mutable_applied() = applied;
  ledger->set_applied_generation(generation);
  ledger->set_serial(ledger->serial() + 1);
  ledger->clear_accepted();
  ledger->clear_history();
  *ledger->add_history() = applied;
  for (const v1::AppliedCommit& old : before.history()) {
    if (ledger->history_size() == kHistoryKept) break;
    *ledger->add_history() = old;
  }
}

}  // namespace podwright::sources
