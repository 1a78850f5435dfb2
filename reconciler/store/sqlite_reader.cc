#include "reconciler/store/sqlite_reader.h"

#include <array>
#include <utility>

#include "reconciler/store/sqlite_schema.h"
#include "reconciler/store/transaction.h"

namespace podwright::store {

namespace {
constexpr std::size_t kIdleConnections = 8;
constexpr std::size_t kWatchBatchEvents = 1000;
constexpr std::size_t kWatchBatchBytes = 4U << 20;
}  // namespace

class SqliteReaders::Connection {
 public:
  static Result<std::unique_ptr<Connection>> Open(const std::filesystem::path& folder, const std::string& vfs) {
    PW_ASSIGN(SqliteHandle db, OpenReader(folder, vfs));
    std::unique_ptr<Connection> connection(new Connection(std::move(db)));
    for (const char* text : kTexts) {
      PW_ASSIGN(Statement statement, Statement::Prepare(connection->db_.get(), text));
      connection->statements_.push_back(std::move(statement));
    }
    return connection;
  }

  Result<RangeResult> Range(const RangeRequest& request) {
    const Snapshot snapshot(*this);
    PW_TRY(snapshot.status());
    PW_ASSIGN(const State state, ReadState());
    PW_TRY(CheckReadable(request.revision, state.revision, state.compacted));
    RangeResult result;
    result.revision = state.revision;
    PW_TRY(ReadRange(request, request.revision == 0 || request.revision == state.revision, result));
    return result;
  }

  Result<WatchBatch> Events(const KeyRange& range, Revision from) {
    const Snapshot snapshot(*this);
    PW_TRY(snapshot.status());
    PW_ASSIGN(const State state, ReadState());
    WatchBatch batch;
    batch.revision = from - 1;
    if (from > state.revision) return batch;
    if (from < state.compacted) return CompactedError(from, state.compacted);
    batch.revision = state.revision;
    PW_TRY(ReadEvents(range, from, batch));
    return batch;
  }

  Result<Revision> Compacted() {
    PW_ASSIGN(const State state, ReadState());
    return state.compacted;
  }

 private:
  enum Sql : std::size_t { kState, kRange, kRangeAt, kEvents, kBegin, kEnd, kSqlCount };
  static constexpr std::array<const char*, kSqlCount> kTexts = {
      "SELECT revision, compacted FROM state",
      "SELECT c.key, h.create_revision, c.seq, h.version, h.lease, CASE WHEN ?4 THEN x'' ELSE h.value END "
      "FROM current c JOIN history h ON h.seq = c.seq WHERE c.key >= ?1 AND c.key < ?2 ORDER BY c.key LIMIT ?3",
      "SELECT h.key, h.create_revision, h.seq, h.version, h.lease, CASE WHEN ?4 THEN x'' ELSE h.value END "
      "FROM history h WHERE h.key >= ?1 AND h.key < ?2 AND h.seq < ?5 AND h.deleted = 0 AND NOT EXISTS "
      "(SELECT 1 FROM history later WHERE later.key = h.key AND later.seq > h.seq AND later.seq < ?5) "
      "ORDER BY h.key LIMIT ?3",
      "SELECT key, create_revision, seq, version, lease, value, prev_revision, deleted FROM history "
      "WHERE seq >= ?3 AND +key >= ?1 AND +key < ?2 ORDER BY seq",
      "BEGIN",
      "COMMIT",
  };
  struct State {
    Revision revision;
    Revision compacted;
  };

  // One read transaction: all its queries see the same revision.
  class Snapshot {
   public:
    explicit Snapshot(Connection& connection) : connection_(connection), status_(connection.Use(kBegin).Run()) {}
    ~Snapshot() { (void)connection_.Use(kEnd).Run(); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    const Status& status() const { return status_; }

   private:
    Connection& connection_;
    const Status status_;
  };

  explicit Connection(SqliteHandle db) : db_(std::move(db)) {}
  Statement& Use(Sql sql) { return statements_[sql]; }

  Result<State> ReadState() {
    Statement& query = Use(kState);
    const ResetAtEnd reset(query);
    PW_ASSIGN(const bool row, query.Step());
    if (!row) return DataLoss("the store's file has lost its state");
    return State{query.Int(0), query.Int(1)};
  }

  Status ReadRange(const RangeRequest& request, bool latest, RangeResult& result) {
    Statement& query = Use(latest ? kRange : kRangeAt);
    const ResetAtEnd reset(query);
    // One more than asked for tells whether there is more.
    const std::int64_t limit = request.limit == 0 ? -1 : static_cast<std::int64_t>(request.limit) + 1;
    query.Bind(1, request.range.from).Bind(2, KeyBound(request.range)).Bind(3, limit);
    query.Bind(4, std::int64_t{request.keys_only ? 1 : 0});
    if (!latest) query.Bind(5, FirstSeq(request.revision + 1));
    for (;;) {
      PW_ASSIGN(const bool row, query.Step());
      if (!row) return Ok();
      if (request.limit != 0 && result.kvs.size() == request.limit) {
        result.more = true;
        return Ok();
      }
      result.kvs.push_back(ReadKeyValue(query, true));
    }
  }

  Status ReadEvents(const KeyRange& range, Revision from, WatchBatch& batch) {
    Statement& query = Use(kEvents);
    const ResetAtEnd reset(query);
    query.Bind(1, range.from).Bind(2, KeyBound(range)).Bind(3, FirstSeq(from));
    std::size_t bytes = 0;
    for (;;) {
      PW_ASSIGN(const bool row, query.Step());
      if (!row) return Ok();
      const Revision revision = RevisionOfSeq(query.Int(2));
      const bool full = batch.events.size() >= kWatchBatchEvents || bytes >= kWatchBatchBytes;
      if (full && revision != batch.events.back().kv.mod_revision) {
        batch.revision = batch.events.back().kv.mod_revision;
        return Ok();
      }
      Event event;
      event.kv = ReadKeyValue(query, true);
      event.prev_revision = query.Int(6);
      event.type = query.Int(7) != 0 ? Event::Type::kDelete : Event::Type::kPut;
      bytes += event.kv.key.size() + event.kv.value.size();
      batch.events.push_back(std::move(event));
    }
  }

  const SqliteHandle db_;
  std::vector<Statement> statements_;  // after db_: destroyed before it
};

SqliteReaders::SqliteReaders(std::filesystem::path folder, std::string vfs)
    : folder_(std::move(folder)), vfs_(std::move(vfs)) {}
SqliteReaders::~SqliteReaders() = default;

// A connection for the length of one call.
class SqliteReaders::Lent {
 public:
  Lent(SqliteReaders& readers, std::unique_ptr<Connection> connection)
      : readers_(readers), connection_(std::move(connection)) {}
  ~Lent() { readers_.GiveBack(std::move(connection_)); }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  Connection* operator->() { return connection_.get(); }

 private:
  SqliteReaders& readers_;
  std::unique_ptr<Connection> connection_;
};

Result<RangeResult> SqliteReaders::Range(const RangeRequest& request) {
  PW_ASSIGN(std::unique_ptr<Connection> connection, Take());
  return Lent(*this, std::move(connection))->Range(request);
}

Result<WatchBatch> SqliteReaders::Events(const KeyRange& range, Revision from) {
  PW_ASSIGN(std::unique_ptr<Connection> connection, Take());
  return Lent(*this, std::move(connection))->Events(range, from);
}

Result<Revision> SqliteReaders::Compacted() {
  PW_ASSIGN(std::unique_ptr<Connection> connection, Take());
  return Lent(*this, std::move(connection))->Compacted();
}

Result<std::unique_ptr<SqliteReaders::Connection>> SqliteReaders::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return Connection::Open(folder_, vfs_);
}

void SqliteReaders::GiveBack(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleConnections) idle_.push_back(std::move(connection));
}

}  // namespace podwright::store
