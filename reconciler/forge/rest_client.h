// Requests of one account to one forge: JSON in and out, the pace, the errors of forge.h, pages, conditional reads.
// For the files of reconciler/forge only.
//
// Threading: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/crypto/secret.h"
#include "core/result.h"
#include "reconciler/forge/conditional_cache.h"
#include "reconciler/forge/forges.h"
#include "reconciler/forge/pacer.h"
#include "reconciler/forge/transport.h"

namespace podwright::forge {

// What all forges of one account share.
struct Account {
  Account(Clock& clock, const PaceLimits& limits) : pacer(clock, limits), answers(std::size_t{32} << 20) {}
  Pacer pacer;
  ConditionalCache answers;
  std::atomic<unsigned> refusals{0};  // by limits, one after the other
};

using Query = std::vector<std::pair<std::string, std::string>>;

// "a%2Fb": what is not [A-Za-z0-9-._~] as %XX.
std::string UrlEncode(std::string_view text);

struct RestSettings {
  std::string forge_name;  // "GitHub": how messages begin
  std::string api_url;
  crypto::SecretString authorization;  // the header's value: "Bearer …"
  std::vector<std::string> headers;
  std::string ca_pem;
  std::chrono::milliseconds timeout{30'000};
  bool conditional = false;
};

class RestClient {
 public:
  RestClient(RestSettings settings, Clock& clock, Transport& transport, std::shared_ptr<Account> account);

  // `path` begins with a slash and is encoded already.
  Result<nlohmann::json> Get(const std::string& path, const Query& query = {});
  // The same, and never what was kept of an earlier answer.
  Result<nlohmann::json> GetAnew(const std::string& path, const Query& query = {});
  // All pages of a list, by their Link headers, until `most` items are there or `take` says false.
  Status GetPages(const std::string& path, const Query& query, std::size_t most,
                  const std::function<Result<bool>(const nlohmann::json& item)>& take);
  // null where the answer has no body.
  Result<nlohmann::json> Write(const std::string& method, const std::string& path, const nlohmann::json& body,
                               const Pace& pace);

  Account& account() { return *account_; }

 private:
  struct Reply {
    HttpAnswer answer;
    nlohmann::json body;
  };
  Result<Reply> Read(const std::string& path, const std::string& query, bool conditional);
  Result<HttpAnswer> Send(const std::string& method, const std::string& target, const std::string& body,
                          const std::string& etag);
  Result<HttpAnswer> SendFollowing(const std::string& method, const std::string& target, const std::string& body,
                                   const std::string& etag);
  Result<std::string> RedirectTarget(const HttpAnswer& answer) const;
  void NoteLimits(const HttpAnswer& answer, bool* refused);
  Error Refusal(const std::string& method, const std::string& target, const HttpAnswer& answer, bool limited) const;
  Error Failed(const std::string& method, const std::string& target, const Error& error) const;
  std::string Clean(std::string_view words) const;

  const RestSettings settings_;
  Clock& clock_;
  Transport& transport_;
  const std::shared_ptr<Account> account_;  // shared by the forges of one account
};

}  // namespace podwright::forge
