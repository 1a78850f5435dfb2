#include "reconciler/api/agent_directory.h"

#include <functional>
#include <optional>
#include <utility>

#include "reconciler/store/helpers.h"
#include "reconciler/store/store.h"

namespace podwright::api {
namespace {

constexpr char kAgents[] = "agent/";
constexpr char kIds[] = "agent-id/";
constexpr int kAttempts = 5;

std::string RecordKey(const std::string& workspace, const std::string& server) {
  return kAgents + workspace + "/" + server;
}

Result<v1::AgentRecord> Parse(const store::KeyValue& kv) {
  v1::AgentRecord record;
  if (!record.ParseFromString(kv.value)) return DataLoss("the record " + kv.key + " is damaged");
  return record;
}

struct Loaded {
  v1::AgentRecord record;
  store::Revision revision = 0;
};

Result<Loaded> Load(store::Store& store, const std::string& workspace, const std::string& server) {
  PW_ASSIGN(const std::optional<store::KeyValue> kv, store::Get(store, RecordKey(workspace, server)));
  if (!kv) return NotFound("no agent is enrolled for server/" + server + " in workspace " + workspace);
  PW_ASSIGN(v1::AgentRecord record, Parse(*kv));
  return Loaded{std::move(record), kv->mod_revision};
}

// Reads, changes, writes; again when somebody else wrote in between. Answers the record as it was.
Result<v1::AgentRecord> Change(store::Store& store, const std::string& workspace, const std::string& server,
                               const std::function<Status(v1::AgentRecord&)>& change) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    PW_ASSIGN(Loaded loaded, Load(store, workspace, server));
    v1::AgentRecord changed = loaded.record;
    PW_TRY(change(changed));
    const std::string key = RecordKey(workspace, server);
    PW_ASSIGN(const store::TransactionResult done, store.Commit({{store::Compare::Unchanged(key, loaded.revision)},
                                                                 {store::Op::Put(key, changed.SerializeAsString())},
                                                                 {}}));
    if (done.succeeded) return std::move(loaded.record);
  }
  return Conflict("the agent of server/" + server + " is being changed by others");
}

}  // namespace

Status AgentDirectory::Enrol(const v1::AgentRecord& record) {
  const std::string key = RecordKey(record.workspace(), record.server());
  PW_ASSIGN(const std::optional<store::KeyValue> before, store::Get(store_, key));
  store::Transaction transaction;
  transaction.compares.push_back(store::Compare::Unchanged(key, before ? before->mod_revision : 0));
  transaction.success.push_back(store::Op::Put(key, record.SerializeAsString()));
  if (before) {
    PW_ASSIGN(const v1::AgentRecord old, Parse(*before));
    if (old.agent_id() != record.agent_id()) transaction.success.push_back(store::Op::Delete(kIds + old.agent_id()));
  }
  transaction.success.push_back(store::Op::Put(kIds + record.agent_id(), record.workspace() + "/" + record.server()));
  PW_ASSIGN(const store::TransactionResult done, store_.Commit(transaction));
  if (!done.succeeded) return Conflict("another agent enrols for server/" + record.server() + " at the same moment");
  return Ok();
}

Result<v1::AgentRecord> AgentDirectory::ByServer(const std::string& workspace, const std::string& server) {
  PW_ASSIGN(Loaded loaded, Load(store_, workspace, server));
  return std::move(loaded.record);
}

Result<v1::AgentRecord> AgentDirectory::ById(const std::string& agent_id) {
  if (agent_id.empty() || agent_id.size() > 128) return NotFound("no such agent");
  PW_ASSIGN(const std::optional<store::KeyValue> kv, store::Get(store_, kIds + agent_id));
  const std::size_t slash = kv ? kv->value.find('/') : std::string::npos;
  if (slash == std::string::npos) return NotFound("no such agent");
  PW_ASSIGN(v1::AgentRecord record, ByServer(kv->value.substr(0, slash), kv->value.substr(slash + 1)));
  if (record.agent_id() != agent_id) return NotFound("another agent has taken this one's place");
  return record;
}

Result<std::vector<v1::AgentRecord>> AgentDirectory::List(const std::string& workspace) {
  const bool all = workspace.empty() || workspace == "*";
  std::vector<v1::AgentRecord> records;
  PW_TRY(store::ForEach(store_, store::Prefix(all ? std::string(kAgents) : kAgents + workspace + "/"),
                        [&](const store::KeyValue& kv) -> Status {
                          PW_ASSIGN(v1::AgentRecord record, Parse(kv));
                          records.push_back(std::move(record));
                          return Ok();
                        }));
  return records;
}

Status AgentDirectory::Renewed(const std::string& agent_id, const std::string& serial, std::int64_t expires_unix_ms) {
  PW_ASSIGN(const v1::AgentRecord known, ById(agent_id));
  PW_TRY(Change(store_, known.workspace(), known.server(), [&](v1::AgentRecord& record) -> Status {
    if (record.agent_id() != agent_id) return NotFound("another agent has taken this one's place");
    record.set_certificate_serial(serial);
    record.set_certificate_expires_unix_ms(expires_unix_ms);
    return Ok();
  }));
  return Ok();
}

Result<v1::AgentRecord> AgentDirectory::Revoke(const std::string& workspace, const std::string& server) {
  return Change(store_, workspace, server, [](v1::AgentRecord& record) {
    record.set_revoked(true);
    return Ok();
  });
}

Result<v1::AgentRecord> AgentDirectory::Remove(const std::string& workspace, const std::string& server) {
  PW_ASSIGN(Loaded loaded, Load(store_, workspace, server));
  const std::string key = RecordKey(workspace, server);
  PW_ASSIGN(const store::TransactionResult done,
            store_.Commit({{store::Compare::Unchanged(key, loaded.revision)},
                           {store::Op::Delete(key), store::Op::Delete(kIds + loaded.record.agent_id())},
                           {}}));
  if (!done.succeeded) return Conflict("the agent of server/" + server + " is being changed by others");
  return std::move(loaded.record);
}

Result<std::string> AgentDirectory::SealingKey(const std::string& workspace, const std::string& server) {
  PW_ASSIGN(const v1::AgentRecord record, ByServer(workspace, server));
  if (record.revoked()) return NotFound("the agent of server/" + server + " was revoked");
  return record.sealing_public_key();
}

}  // namespace podwright::api
