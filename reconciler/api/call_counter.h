// How many calls of each method ended with which code, for /metrics. Threading: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace podwright::api {

class CallCounter {
 public:
  // `code` is a gRPC status code.
  void Count(std::string_view method, int code);
  // By method and code.
  std::map<std::pair<std::string, int>, std::uint64_t> Counts() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> counts_;  // protected by mutex_
};

}  // namespace podwright::api
