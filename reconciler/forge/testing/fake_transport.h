// A transport whose answers a test writes down beforehand; it keeps what was sent.
//
// Threading: any thread.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/forge/transport.h"

namespace podwright::forge::testing {

struct SentRequest {
  std::string method;
  std::string url;
  std::vector<std::string> headers;
  std::string credential;  // "Authorization: Bearer …"
  std::string body;
};

class FakeTransport final : public Transport {
 public:
  void Answer(int status, std::string body, std::map<std::string, std::string> headers = {}) {
    std::lock_guard lock(mutex_);
    answers_.emplace_back(HttpAnswer{status, std::move(headers), std::move(body)});
  }
  void Fail(Error error) {
    std::lock_guard lock(mutex_);
    answers_.emplace_back(std::move(error));
  }

  // What no answer was written down for cannot be reached.
  Result<HttpAnswer> Send(const HttpRequest& request) override {
    std::lock_guard lock(mutex_);
    if (stopped_) return Cancelled("stopped");
    std::string credential;
    if (request.credential != nullptr) {
      credential = request.credential_name + ": " + std::string(request.credential->Reveal());
    }
    sent_.push_back({request.method, request.url, request.headers, std::move(credential), request.body});
    if (answers_.empty()) return Unavailable("nobody is there");
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  void Stop() override {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }

  std::vector<SentRequest> sent() {
    std::lock_guard lock(mutex_);
    return sent_;
  }

 private:
  std::mutex mutex_;
  // Protected by mutex_:
  std::deque<Result<HttpAnswer>> answers_;
  std::vector<SentRequest> sent_;
  bool stopped_ = false;
};

}  // namespace podwright::forge::testing
