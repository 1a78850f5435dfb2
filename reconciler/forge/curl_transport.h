// The real transport, by libcurl: the server's certificate is always verified, nothing is redirected, cookies and
// .netrc are not used, proxies are those of the environment (https_proxy, no_proxy), answers are bounded.
//
// Reads share connections. A write always has a new one: libcurl sends a request again by itself when a connection that
// it uses again turns out to be closed, and the server may have carried out the first.
//
// The program has to ignore SIGPIPE, as podwrightd does: a server that hangs up must not end it.
// Threading: any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reconciler/forge/transport.h"

namespace podwright::forge {

class CurlTransport final : public Transport {
 public:
  CurlTransport();
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  Result<HttpAnswer> Send(const HttpRequest& request) override;
  void Stop() override { stopped_ = true; }

 private:
  class Handle;
  std::unique_ptr<Handle> Borrow();
  void GiveBack(std::unique_ptr<Handle> handle);

  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;  // protected by mutex_; each with its open connections
};

}  // namespace podwright::forge
