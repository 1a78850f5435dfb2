#include "provider/sdk/logic/open_ephemerals.h"

#include <algorithm>

#include "provider/sdk/log.h"
#include "provider/sdk/logic/ephemeral.h"

namespace podwright::sdk::logic {

void OpenEphemerals::Opened(const EphemeralEntry& entry, std::string private_state) {
  if (entry.close == nullptr) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  items_.emplace_back(&entry, std::move(private_state));
}

void OpenEphemerals::Renewed(const EphemeralEntry& entry, const std::string& before, std::string after) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find(items_.begin(), items_.end(), Item(&entry, before));
  if (found != items_.end()) found->second = std::move(after);
}

void OpenEphemerals::Closed(const EphemeralEntry& entry, const std::string& private_state) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find(items_.begin(), items_.end(), Item(&entry, private_state));
  if (found != items_.end()) items_.erase(found);
}

void OpenEphemerals::CloseAll() {
  std::vector<Item> items;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    items.swap(items_);
  }
  for (const auto& [entry, private_state] : items) {
    const CloseResponse response = Close(*entry, {.private_state = private_state});
    for (const Diagnostic& diagnostic : response.diagnostics.items()) {
      Log(LogLevel::kError, "an ephemeral resource could not be closed at the end",
          {{"summary", diagnostic.summary}, {"detail", diagnostic.detail}});
    }
  }
}

}  // namespace podwright::sdk::logic
