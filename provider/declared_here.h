// The objects that this process has put into the control plane. A destroy that core sends after a create of the same
// name (create_before_destroy, or a resource that got another address) would delete what was just declared.
//
// Threading: any thread.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <tuple>

namespace podwright::provider {

class DeclaredHere {
 public:
  void Add(const std::string& workspace, const std::string& kind, const std::string& name) {
    const std::lock_guard lock(mutex_);
    objects_.emplace(workspace, kind, name);
  }
  bool Has(const std::string& workspace, const std::string& kind, const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return objects_.contains({workspace, kind, name});
  }
  // A process that is debugged serves one run after the other.
  void Clear() {
    const std::lock_guard lock(mutex_);
    objects_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::tuple<std::string, std::string, std::string>> objects_;  // protected by mutex_
};

}  // namespace podwright::provider
