#include "reconciler/forge/rest_client.h"

#include <algorithm>

#include "reconciler/forge/forge_words.h"
#include "reconciler/forge/rate_limits.h"

namespace podwright::forge {
namespace {

using nlohmann::json;

constexpr int kMostRedirects = 3;
constexpr std::size_t kMostPages = 500;

bool IsRead(const std::string& method) {
  return method == "GET";
}

std::string QueryText(const Query& query) {
  std::string text;
  for (const auto& [name, value] : query) text += (text.empty() ? "" : "&") + name + "=" + UrlEncode(value);
  return text;
}

std::string Target(const std::string& path, const std::string& query) {
  return query.empty() ? path : path + "?" + query;
}

Error AsPromised(const Error& error) {
  return error.code() == ErrorCode::kOutOfRange ? Internal(error.message()) : error;
}

// "https://host:port" of a URL.
std::string_view Origin(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == std::string_view::npos) return {};
  return url.substr(0, url.find('/', host + 3));
}

}  // namespace

std::string UrlEncode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

RestClient::RestClient(RestSettings settings, Clock& clock, Transport& transport, std::shared_ptr<Account> account)
    : settings_(std::move(settings)), clock_(clock), transport_(transport), account_(std::move(account)) {}

std::string RestClient::Clean(std::string_view words) const {
  std::string text(words);
  std::string_view secret = settings_.authorization.Reveal();
  secret.remove_prefix(std::min(secret.size(), secret.find(' ') + 1));
  if (secret.empty()) return text;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

Error RestClient::Failed(const std::string& method, const std::string& target, const Error& error) const {
  // What a read did does not matter.
  const std::string text =
      settings_.forge_name + ": " + method + " " + settings_.api_url + target + ": " + Clean(error.message());
  if (error.code() == ErrorCode::kUnknown && IsRead(method)) {
    return Error(ErrorCode::kUnavailable, text, Retry::kBackoff);
  }
  // A write's answer that is too large comes after the write.
  if (error.code() == ErrorCode::kOutOfRange && !IsRead(method)) {
    return Error(ErrorCode::kUnknown, text, Retry::kBackoff);
  }
  return Error(error.code(), text, error.retry());
}

Error RestClient::Refusal(const std::string& method, const std::string& target, const HttpAnswer& answer,
                          bool limited) const {
  std::string text =
      settings_.forge_name + ": " + method + " " + settings_.api_url + target + ": " + std::to_string(answer.status);
  // Cleaned before it is cut: half a token would not be found.
  if (const std::string words = ForgeWords(Clean(answer.body)); !words.empty()) text += ": " + words;
  if (limited) return ResourceExhausted(std::move(text));
  switch (answer.status) {
    case 401: return Unauthenticated(std::move(text));
    case 403: return PermissionDenied(std::move(text));
    case 404:
    case 410: return NotFound(std::move(text));
    case 409:
    case 423: return Unavailable(std::move(text));
    default: break;
  }
  if (answer.status == 408 || answer.status >= 500) {
    return IsRead(method) ? Unavailable(std::move(text)) : Error(ErrorCode::kUnknown, std::move(text), Retry::kBackoff);
  }
  return InvalidArgument(std::move(text));
}

void RestClient::NoteLimits(const HttpAnswer& answer, bool* refused) {
  const auto limit = LimitOf(answer, clock_.Now(), account_->refusals.load());
  *refused = limit && limit->refused;
  if (limit) account_->pacer.HoldAll(limit->wait);
  if (*refused) {
    account_->refusals.fetch_add(1);
  } else if (answer.status < 500) {
    account_->refusals.store(0);
  }
}

Result<HttpAnswer> RestClient::Send(const std::string& method, const std::string& target, const std::string& body,
                                    const std::string& etag) {
  HttpRequest request;
  request.method = method;
  request.url = settings_.api_url + target;
  request.headers = settings_.headers;
  if (!body.empty()) request.headers.emplace_back("Content-Type: application/json");
  if (!etag.empty()) request.headers.push_back("If-None-Match: " + etag);
  if (!settings_.authorization.empty()) {
    request.credential_name = "Authorization";
    request.credential = &settings_.authorization;
  }
  request.body = body;
  request.ca_pem = settings_.ca_pem;
  request.timeout = settings_.timeout;
  auto sent = transport_.Send(request);
  if (!sent.ok()) return Failed(method, target, sent.error());
  return sent;
}

Result<std::string> RestClient::RedirectTarget(const HttpAnswer& answer) const {
  const std::string& location = answer.header("location");
  const std::string_view origin = Origin(settings_.api_url);
  std::string_view rest = location;
  if (rest.starts_with(origin) && rest.substr(origin.size()).starts_with('/')) rest.remove_prefix(origin.size());
  const std::string_view base = std::string_view(settings_.api_url).substr(origin.size());
  if (!rest.starts_with('/') || rest.starts_with("//") || !rest.starts_with(base)) {
    return InvalidArgument(settings_.forge_name + ": " + settings_.api_url + " leads to another place, \"" +
                           ForgeWords(Clean(location)) +
                           "\", where the token is not sent: set the address that it has now");
  }
  return std::string(rest.substr(base.size()));
}

Result<HttpAnswer> RestClient::SendFollowing(const std::string& method, const std::string& target,
                                             const std::string& body, const std::string& etag) {
  std::string at = target;
  for (int redirects = 0;; ++redirects) {
    PW_ASSIGN(HttpAnswer answer, Send(method, at, body, etag));
    const bool same_method = answer.status == 307 || answer.status == 308;
    const bool follows = same_method || (IsRead(method) && (answer.status == 301 || answer.status == 302));
    if (!follows || redirects == kMostRedirects) {
      bool limited = false;
      NoteLimits(answer, &limited);
      const bool good = (answer.status >= 200 && answer.status < 300) || (answer.status == 304 && !etag.empty());
      if (!good) return Refusal(method, at, answer, limited);
      return answer;
    }
    PW_ASSIGN(at, RedirectTarget(answer));
  }
}

Result<RestClient::Reply> RestClient::Read(const std::string& path, const std::string& query, bool conditional) {
  PW_TRY(account_->pacer.CheckRead());
  const std::string target = Target(path, query);
  const std::string key = settings_.api_url + target;
  const auto kept = conditional ? account_->answers.Find(key) : nullptr;
  PW_ASSIGN(HttpAnswer answer, SendFollowing("GET", target, "", kept ? kept->header("etag") : ""));
  if (answer.status == 304) {
    answer = *kept;
  } else if (conditional) {
    account_->answers.Keep(key, answer);
  }
  json body = json::parse(answer.body, nullptr, false);
  if (body.is_discarded()) {
    return Internal(settings_.forge_name + ": GET " + key + ": the answer is not JSON; is this the forge's API?");
  }
  return Reply{std::move(answer), std::move(body)};
}

Result<json> RestClient::Get(const std::string& path, const Query& query) {
  auto reply = Read(path, QueryText(query), settings_.conditional);
  if (!reply.ok()) return AsPromised(reply.error());
  return std::move(reply->body);
}

Result<json> RestClient::GetAnew(const std::string& path, const Query& query) {
  auto reply = Read(path, QueryText(query), false);
  if (!reply.ok()) return AsPromised(reply.error());
  return std::move(reply->body);
}

Status RestClient::GetPages(const std::string& path, const Query& query, std::size_t most,
                            const std::function<Result<bool>(const json& item)>& take) {
  std::string page = QueryText(query);
  std::size_t taken = 0;
  for (std::size_t pages = 0; pages < kMostPages; ++pages) {
    const auto reply = Read(path, page, settings_.conditional);
    if (!reply.ok()) {
      // Strangers may write titles and texts as long as they like: no few of them shall hide all others.
      std::string smaller = reply.error().code() == ErrorCode::kOutOfRange ? SmallerPageQuery(page) : "";
      if (smaller.empty()) return AsPromised(reply.error());
      page = std::move(smaller);
      continue;
    }
    if (!reply->body.is_array()) {
      return Internal(settings_.forge_name + ": GET " + settings_.api_url + path + ": the answer is not a list");
    }
    for (const json& item : reply->body) {
      if (taken == most) return Ok();
      PW_ASSIGN(const bool more, take(item));
      if (!more) return Ok();
      ++taken;
    }
    std::string next = NextPageQuery(reply->answer.header("link"));
    if (next.empty() || next == page) return Ok();
    page = std::move(next);
  }
  return Ok();
}

Result<json> RestClient::Write(const std::string& method, const std::string& path, const json& body, const Pace& pace) {
  PW_TRY(account_->pacer.TakeWrite(pace));
  // Invalid UTF-8 must not throw.
  const std::string text = body.is_null() ? "" : body.dump(-1, ' ', false, json::error_handler_t::replace);
  PW_ASSIGN(const HttpAnswer answer, SendFollowing(method, path, text, ""));
  if (answer.body.empty()) return json();
  json said = json::parse(answer.body, nullptr, false);
  if (said.is_discarded()) return json();  // it was carried out, whatever it says
  return said;
}

}  // namespace podwright::forge
