// One HTTP request and its answer: the seam between forge clients and the network.
//
// Errors of Send:
//   kPermissionDenied   the server's certificate is not trusted
//   kUnavailable        no connection: the request was not sent
//   kUnknown            the request may have been carried out: the connection broke, or time ran out
//   kOutOfRange         the answer is larger than allowed
//   kCancelled          Stop was called; the request may have been carried out
// An answer of any status is a success.
// Threading: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/crypto/secret.h"
#include "core/result.h"

namespace podwright::forge {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;                  // "Accept: application/json"; nothing secret
  std::string credential_name;                       // the header that holds the token: "Authorization"
  const crypto::SecretString* credential = nullptr;  // its value; not owned; sent to the URL's own host only
  std::string body;
  std::string ca_pem;
  std::chrono::milliseconds timeout{30'000};
  std::size_t max_answer = std::size_t{32} << 20;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; of equal names the last
  std::string body;

  // "" when there is none.
  const std::string& header(const std::string& name) const;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual Result<HttpAnswer> Send(const HttpRequest& request) = 0;
  // Requests end with kCancelled, now and from now on.
  virtual void Stop() = 0;
};

}  // namespace podwright::forge
