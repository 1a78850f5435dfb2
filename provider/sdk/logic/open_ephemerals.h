// OpenEphemerals: what is open now, so that it can be closed when the process ends without the host having
// asked: Terraform closes nothing after an error in what depends on it, nor when it is killed. Any thread.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "provider/sdk/logic/registry.h"

namespace podwright::sdk::logic {

class OpenEphemerals {
 public:
  void Opened(const EphemeralEntry& entry, std::string private_state);
  void Renewed(const EphemeralEntry& entry, const std::string& before, std::string after);
  void Closed(const EphemeralEntry& entry, const std::string& private_state);
  // Closes all that is left; faults are logged, since nobody is there to be told.
  void CloseAll();

 private:
  using Item = std::pair<const EphemeralEntry*, std::string>;  // the private state tells one from another

  std::mutex mutex_;
  std::vector<Item> items_;  // protected by mutex_
};

}  // namespace podwright::sdk::logic
