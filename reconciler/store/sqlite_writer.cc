#include "reconciler/store/sqlite_writer.h"

#include <algorithm>
#include <utility>

#include "reconciler/store/sqlite_schema.h"
#include "reconciler/store/transaction.h"

namespace podwright::store {

namespace {
constexpr std::size_t kMaxBatch = 256;
constexpr std::chrono::seconds kAfterFailure{1};
constexpr std::int64_t kProbeBytes = 64 << 10;

bool SyncFailed(sqlite3* db) {
  const int code = sqlite3_extended_errcode(db);
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}
}  // namespace

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::Start(SqliteHandle db, Clock& clock) {
  std::unique_ptr<SqliteWriter> writer(new SqliteWriter(std::move(db), clock));
  PW_TRY(writer->Load());
  writer->thread_ = std::thread([raw = writer.get()] { raw->Loop(); });
  return writer;
}

SqliteWriter::~SqliteWriter() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

Status SqliteWriter::Load() {
  PW_ASSIGN(revision_, QueryInt(db_.get(), "SELECT revision FROM state"));
  PW_ASSIGN(pending_compacted_, QueryInt(db_.get(), "SELECT compacted FROM state"));
  pending_revision_ = revision_;
  PW_ASSIGN(Statement leases, Statement::Prepare(db_.get(), "SELECT id, ttl_ms FROM leases"));
  for (;;) {
    PW_ASSIGN(const bool row, leases.Step());
    if (!row) break;
    leases_.Add(leases.Int(0), std::chrono::milliseconds(leases.Int(1)), clock_.Steady());
  }
  PW_ASSIGN(backend_, SqliteBackend::Create(db_.get()));
  return Ok();
}

Status SqliteWriter::Submit(Task& task) {
  std::unique_lock lock(mutex_);
  if (stopping_) return Unavailable("the store is closing");
  queue_.push_back(&task);
  work_.notify_one();
  task.finished.wait(lock, [&task] { return task.done; });
  return task.status;
}

Result<TransactionResult> SqliteWriter::Commit(const Transaction& transaction) {
  PW_TRY(Validate(transaction));
  std::optional<TransactionResult> result;
  Task task;
  task.run = [&]() -> Status {
    PW_ASSIGN(result, Evaluate(transaction, pending_revision_, *backend_));
    pending_revision_ = result->revision;
    return Ok();
  };
  PW_TRY(Submit(task));
  return std::move(*result);
}

Result<LeaseId> SqliteWriter::Grant(std::chrono::milliseconds ttl) {
  PW_TRY(CheckTtl(ttl));
  LeaseId lease = 0;
  Task task;
  task.run = [&]() -> Status {
    PW_ASSIGN(lease, backend_->AddLease(ttl.count()));
    return Ok();
  };
  task.commit = [&] { leases_.Add(lease, ttl, clock_.Steady()); };
  PW_TRY(Submit(task));
  return lease;
}

Result<std::chrono::milliseconds> SqliteWriter::KeepAlive(LeaseId lease) {
  std::lock_guard lock(mutex_);
  return leases_.KeepAlive(lease, clock_.Steady());
}

Status SqliteWriter::RemoveLease(LeaseId lease) {
  PW_ASSIGN(const bool changed, backend_->RemoveLease(lease, pending_revision_ + 1));
  if (changed) ++pending_revision_;
  return Ok();
}

Status SqliteWriter::Revoke(LeaseId lease) {
  {
    std::lock_guard lock(mutex_);
    if (!leases_.Alive(lease, clock_.Steady())) return LeaseError(lease);
  }
  Task task;
  task.run = [&]() -> Status {
    PW_ASSIGN(const bool exists, backend_->LeaseExists(lease));
    return exists ? RemoveLease(lease) : Status(LeaseError(lease));
  };
  task.commit = [&] { leases_.Remove(lease); };
  return Submit(task);
}

Status SqliteWriter::Compact(Revision revision) {
  Task task;
  task.run = [&]() -> Status {
    PW_TRY(CheckCompactable(revision, pending_revision_, pending_compacted_));
    PW_TRY(backend_->Compact(pending_compacted_, revision));
    pending_compacted_ = revision;
    return Ok();
  };
  return Submit(task);
}

Status SqliteWriter::Healthy() {
  {
    std::lock_guard lock(mutex_);
    if (!failure_) return Ok();
    const SteadyTime now = clock_.Steady();
    if (broken_ || now < last_probe_ + kAfterFailure) return *failure_;
    last_probe_ = now;
  }
  // Room for a handful of ordinary commits; given back at once.
  PW_TRY(Probe(kProbeBytes));
  return Probe(0);
}

Status SqliteWriter::Probe(std::int64_t bytes) {
  Task task;
  task.run = [&] { return backend_->Probe(bytes); };
  return Submit(task);
}

Revision SqliteWriter::revision() {
  std::lock_guard lock(mutex_);
  return revision_;
}

void SqliteWriter::WaitForRevision(Revision revision, SteadyTime deadline, const bool* cancelled) {
  std::unique_lock lock(mutex_);
  while (revision_ < revision && !*cancelled && clock_.Steady() < deadline) {
    clock_.WaitUntil(lock, changed_, deadline);
  }
}

void SqliteWriter::Wake(bool* flag) {
  std::lock_guard lock(mutex_);
  *flag = true;
  changed_.notify_all();
}

bool SqliteWriter::Read(const bool* flag) {
  std::lock_guard lock(mutex_);
  return *flag;
}

void SqliteWriter::WaitForWork(std::unique_lock<std::mutex>& lock) {
  while (queue_.empty() && !stopping_) {
    std::optional<SteadyTime> due = leases_.NextDue();
    if (due && lease_retry_) due = std::max(*due, *lease_retry_);
    if (!due) {
      work_.wait(lock);
    } else if (clock_.Steady() >= *due) {
      return;
    } else {
      clock_.WaitUntil(lock, work_, *due);
    }
  }
}

std::vector<SqliteWriter::Task*> SqliteWriter::TakeBatch() {
  std::vector<Task*> batch;
  while (!queue_.empty() && batch.size() < kMaxBatch) {
    batch.push_back(queue_.front());
    queue_.pop_front();
  }
  return batch;
}

void SqliteWriter::Loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    WaitForWork(lock);
    if (stopping_ && queue_.empty()) return;
    std::vector<LeaseId> due;
    const SteadyTime now = clock_.Steady();
    if (!lease_retry_ || now >= *lease_retry_) due = leases_.Due(now);
    const std::vector<Task*> batch = TakeBatch();
    lock.unlock();
    if (!due.empty()) EndLeases(due);
    if (!batch.empty()) RunBatch(batch);
    lock.lock();
  }
}

void SqliteWriter::EndLeases(const std::vector<LeaseId>& due) {
  std::deque<Task> tasks(due.size());
  std::vector<Task*> batch;
  for (std::size_t i = 0; i < due.size(); ++i) {
    tasks[i].run = [this, lease = due[i]] { return RemoveLease(lease); };
    tasks[i].commit = [this, lease = due[i]] { leases_.Remove(lease); };
    batch.push_back(&tasks[i]);
  }
  RunBatch(batch);
  std::lock_guard lock(mutex_);
  lease_retry_.reset();
  if (failure_) lease_retry_ = clock_.Steady() + kAfterFailure;
}

Status SqliteWriter::RunTasks(const std::vector<Task*>& batch) {
  const Revision before = pending_revision_;
  PW_TRY(backend_->Begin());
  for (Task* task : batch) {
    task->status = task->run();
    if (backend_->storage_error()) return *backend_->storage_error();
  }
  // An unchanged revision is not written: a batch of failed comparisons costs no sync.
  return backend_->Commit(pending_revision_ == before ? 0 : pending_revision_);
}

void SqliteWriter::RunBatch(const std::vector<Task*>& batch) {
  Status stored;
  bool broken = false;
  {
    std::lock_guard lock(mutex_);
    broken = broken_;
    if (broken) stored = *failure_;
  }
  const Revision revision_before = pending_revision_;
  const Revision compacted_before = pending_compacted_;
  if (!broken) {
    stored = RunTasks(batch);
    if (!stored.ok()) {
      broken = SyncFailed(db_.get());
      backend_->Rollback();
    }
  }
  if (!stored.ok()) {
    pending_revision_ = revision_before;
    pending_compacted_ = compacted_before;
  }
  std::lock_guard lock(mutex_);
  broken_ = broken;
  Finish(batch, stored);
}

void SqliteWriter::Finish(const std::vector<Task*>& batch, const Status& stored) {
  failure_.reset();
  if (!stored.ok()) failure_ = stored.error();
  if (stored.ok() && pending_revision_ != revision_) {
    revision_ = pending_revision_;
    changed_.notify_all();
  }
  for (Task* task : batch) {
    if (!stored.ok()) task->status = stored;
    if (task->status.ok() && task->commit) task->commit();
    task->done = true;
    task->finished.notify_one();
  }
}

}  // namespace podwright::store
