#include "reconciler/forge/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "core/version.h"

namespace podwright::forge {
namespace {

constexpr std::size_t kIdleHandles = 8;
constexpr std::size_t kMaxHeaders = std::size_t{256} << 10;
constexpr long kConnectMillis = 15'000;

// What libcurl's callbacks see of one request.
struct Exchange {
  const std::atomic<bool>* stopped = nullptr;
  HttpAnswer answer;
  std::size_t header_bytes = 0;
  std::size_t max_answer = 0;
  bool too_large = false;
  bool has_all_headers = false;
};

std::size_t TakeBody(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.answer.body.size() + size > exchange.max_answer) {
    exchange.too_large = true;
    return 0;
  }
  exchange.answer.body.append(data, size);
  return size;
}

std::size_t TakeHeader(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.header_bytes += size;
  if (exchange.header_bytes > kMaxHeaders) {
    exchange.too_large = true;
    return 0;
  }
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {  // an interim answer, or a proxy's, may have come before
    exchange.answer.headers.clear();
    exchange.has_all_headers = false;
  }
  if (line == "\r\n" || line == "\n") exchange.has_all_headers = true;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  std::string_view value = line.substr(colon + 1);
  const std::size_t first = value.find_first_not_of(" \t");
  const std::size_t last = value.find_last_not_of(" \t\r\n");
  exchange.answer.headers[name] =
      first == std::string_view::npos || last < first ? "" : std::string(value.substr(first, last - first + 1));
  return size;
}

int LookAround(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(user)->stopped->load() ? 1 : 0;
}

class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  void Add(const std::string& line) {
    if (curl_slist* longer = curl_slist_append(list_, line.c_str()); longer != nullptr) list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

}  // namespace

class CurlTransport::Handle {
 public:
  Handle() : curl_(curl_easy_init()) {}
  ~Handle() { curl_easy_cleanup(curl_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  CURL* get() const { return curl_; }

 private:
  CURL* curl_;
};

namespace {

void SetUp(CURL* curl, const HttpRequest& request, Exchange& exchange, const HeaderList& headers, char* words) {
  curl_easy_reset(curl);  // keeps the open connections
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request.ca_pem.empty()) {
    curl_blob blob{const_cast<char*>(request.ca_pem.data()), request.ca_pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, (std::string("podwright/") + kVersion).c_str());
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, std::min<long>(kConnectMillis, request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, TakeHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, LookAround);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  if (request.method == "GET") return;
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
}

Error Failure(CURL* curl, CURLcode code, const Exchange& exchange, const char* words, bool secure) {
  const std::string text = words[0] != '\0' ? words : curl_easy_strerror(code);
  if (exchange.too_large) {
    return OutOfRange("the answer is larger than " + std::to_string(exchange.max_answer) + " bytes");
  }
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK: return Cancelled("the control plane is stopping");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return PermissionDenied("the server's certificate is not trusted: " + text);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return InvalidArgument(text);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR: return Unavailable(text);
    default: break;
  }
  // Nothing of the request leaves before the connection, with its TLS, is there. (CURLINFO_PRETRANSFER_TIME is later
  // than its name says: when the request has been sent.)
  curl_off_t ready = 0;
  curl_easy_getinfo(curl, secure ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T, &ready);
  if (ready == 0) return Unavailable(text);
  return Error(ErrorCode::kUnknown, text, Retry::kBackoff);
}

}  // namespace

CurlTransport::CurlTransport() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(kReady);
}

CurlTransport::~CurlTransport() = default;

std::unique_ptr<CurlTransport::Handle> CurlTransport::Borrow() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto handle = std::move(idle_.back());
      idle_.pop_back();
      return handle;
    }
  }
  return std::make_unique<Handle>();
}

void CurlTransport::GiveBack(std::unique_ptr<Handle> handle) {
  curl_easy_reset(handle->get());  // forgets the token and what belongs to the caller
  std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleHandles) idle_.push_back(std::move(handle));
}

Result<HttpAnswer> CurlTransport::Send(const HttpRequest& request) {
  if (stopped_) return Cancelled("the control plane is stopping");
  auto handle = Borrow();
  if (handle->get() == nullptr) return ResourceExhausted("libcurl has no memory");
  Exchange exchange;
  exchange.stopped = &stopped_;
  exchange.max_answer = request.max_answer;
  HeaderList headers;
  for (const std::string& line : request.headers) headers.Add(line);
  headers.Add("Expect:");  // libcurl's own would wait for an answer before a large body
  if (request.credential != nullptr) {
    std::string line = request.credential_name + ": " + std::string(request.credential->Reveal());
    headers.Add(line);
    std::fill(line.begin(), line.end(), '\0');
  }
  char words[CURL_ERROR_SIZE] = "";
  SetUp(handle->get(), request, exchange, headers, words);
  const CURLcode code = curl_easy_perform(handle->get());
  if (code != CURLE_OK) {
    Error error = Failure(handle->get(), code, exchange, words, request.url.starts_with("https:"));
    GiveBack(std::move(handle));
    return error;
  }
  // For libcurl that is a whole answer without a body.
  if (!exchange.has_all_headers) {
    GiveBack(std::move(handle));
    return Error(ErrorCode::kUnknown, "the connection broke in the middle of the answer", Retry::kBackoff);
  }
  long status = 0;
  curl_easy_getinfo(handle->get(), CURLINFO_RESPONSE_CODE, &status);
  exchange.answer.status = static_cast<int>(status);
  GiveBack(std::move(handle));
  return std::move(exchange.answer);
}

}  // namespace podwright::forge
