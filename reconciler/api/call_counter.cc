#include "reconciler/api/call_counter.h"

namespace podwright::api {

void CallCounter::Count(std::string_view method, int code) {
  const std::lock_guard lock(mutex_);
  ++counts_[{std::string(method), code}];
}

std::map<std::pair<std::string, int>, std::uint64_t> CallCounter::Counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace podwright::api
