// Who is enrolled: agent/<ws>/<server> in the store, and agent-id/<id>, which leads there.
//
// A server has one agent; who enrols again for the same server takes the place of the one before.
// Errors: kNotFound: no such agent; else those of the store. Threading: any thread.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "podwright/v1/agent_record.pb.h"
#include "reconciler/control/agent_link.h"

namespace podwright::store {
class Store;
}

namespace podwright::api {

class AgentDirectory final : public control::AgentKeys {
 public:
  // `store` must outlive it.
  explicit AgentDirectory(store::Store& store) : store_(store) {}

  // kConflict: somebody else changed the server's agent at the same moment.
  Status Enrol(const v1::AgentRecord& record);
  Result<v1::AgentRecord> ByServer(const std::string& workspace, const std::string& server);
  Result<v1::AgentRecord> ById(const std::string& agent_id);
  // By workspace and server; "" or "*": of all workspaces.
  Result<std::vector<v1::AgentRecord>> List(const std::string& workspace);
  // Notes a newer certificate; kConflict as above.
  Status Renewed(const std::string& agent_id, const std::string& serial, std::int64_t expires_unix_ms);
  // Answers the record as it was. Revoking twice is no error.
  Result<v1::AgentRecord> Revoke(const std::string& workspace, const std::string& server);

  // Forgets the server's agent; answers the record as it was.
  Result<v1::AgentRecord> Remove(const std::string& workspace, const std::string& server);

  // Of an agent that is not revoked.
  Result<std::string> SealingKey(const std::string& workspace, const std::string& server) override;

 private:
  store::Store& store_;
};

}  // namespace podwright::api
