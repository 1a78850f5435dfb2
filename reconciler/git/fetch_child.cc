#include <git2.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/digest.h"
#include "core/file.h"
#include "reconciler/git/child_fetcher.h"
#include "reconciler/git/fetch_message.h"
#include "reconciler/git/library.h"
#include "reconciler/git/library_fetcher.h"

namespace podwright::git {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostRequest = std::size_t{4} << 20;
constexpr rlim_t kMostMemory = rlim_t{2} << 30;

// What unpacks into more than it was downloaded as ends this process, and no other.
void BoundMemory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their shadows are memory, too
  const rlimit most{kMostMemory, kMostMemory};
  setrlimit(RLIMIT_DATA, &most);
#endif
}

// "ssh://git@host:2222/x" → "[host]:2222", as known_hosts writes it.
std::string KnownHost(const std::string& url) {
  std::string host = url.substr(url.find("://") + 3);
  host = host.substr(0, host.find('/'));
  host = host.substr(host.find('@') == std::string::npos ? 0 : host.find('@') + 1);
  const std::size_t colon = host.rfind(':');
  if (colon == std::string::npos || host.ends_with(']')) return host;
  const std::string port = host.substr(colon + 1);
  return port == "22" ? host.substr(0, colon) : "[" + host.substr(0, colon) + "]:" + port;
}

// libgit2 asks the server for a key of the kinds that known_hosts has of it; which of them is right is checked apart.
Status WriteKnownHosts(const FetchRequest& request, const std::filesystem::path& home) {
  std::error_code error;
  std::filesystem::create_directory(home / ".ssh", error);
  std::ofstream file(home / ".ssh" / "known_hosts");
  for (const std::string& key : request.host_keys) file << KnownHost(request.url) << " " << key << "\n";
  file.flush();
  return file ? Ok() : Status(Unavailable("cannot write " + (home / ".ssh/known_hosts").string()));
}

Status UseCertificates(const FetchRequest& request, const std::filesystem::path& home) {
  const std::filesystem::path path = home / "ca.pem";
  std::ofstream file(path);
  file << request.ca_pem;
  file.flush();
  if (!file) return Unavailable("cannot write " + path.string());
  const int code = git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, path.c_str(), nullptr);
  if (code != 0) return InvalidArgument(LastError(code, "`ca` of the source").message());
  return Ok();
}

Result<std::string> Work() {
  PW_ASSIGN(const std::string text, ReadAll(STDIN_FILENO, "standard input", kMostRequest));
  PW_ASSIGN(const FetchRequest request, DecodeRequest(text));
  const char* home = std::getenv("HOME");
  if (home == nullptr) return Internal("git-fetch is started by podwrightd only");
  StartLibrary();
  if (!request.host_keys.empty()) PW_TRY(WriteKnownHosts(request, home));
  if (!request.ca_pem.empty()) PW_TRY(UseCertificates(request, home));
  return LibraryFetcher().Fetch(request);
}

}  // namespace

std::string EncodeRequest(const FetchRequest& request) {
  return Json{{"mirror", request.mirror.string()}, {"url", request.url},
              {"branch", request.branch},          {"references", request.references},
              {"username", request.username},      {"secret", Base64Encode(request.secret.Reveal())},
              {"host_keys", request.host_keys},    {"ca", request.ca_pem},
              {"max_bytes", request.max_bytes}}
      .dump();
}

Result<FetchRequest> DecodeRequest(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return InvalidArgument("git-fetch is started by podwrightd only");
  try {
    FetchRequest request;
    request.mirror = json.at("mirror").get<std::string>();
    request.url = json.at("url").get<std::string>();
    request.branch = json.at("branch").get<std::string>();
    request.references = json.at("references").get<std::vector<std::string>>();
    request.username = json.at("username").get<std::string>();
    PW_ASSIGN(const std::string secret, Base64Decode(json.at("secret").get<std::string>()));
    request.secret = crypto::SecretString(std::string_view(secret));
    request.host_keys = json.at("host_keys").get<std::vector<std::string>>();
    request.ca_pem = json.at("ca").get<std::string>();
    request.max_bytes = json.at("max_bytes").get<std::size_t>();
    return request;
  } catch (const Json::exception& error) {
    return InvalidArgument(std::string("git-fetch: ") + error.what());
  }
}

std::string EncodeAnswer(const Result<std::string>& answer) {
  if (answer.ok()) return Json{{"head", *answer}}.dump();
  return Json{{"code", static_cast<int>(answer.error().code())},
              {"retry", static_cast<int>(answer.error().retry())},
              {"error", answer.error().ToString()}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> DecodeAnswer(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  try {
    if (json.is_object() && json.contains("head")) return json.at("head").get<std::string>();
    return Error(static_cast<ErrorCode>(json.at("code").get<int>()), json.at("error").get<std::string>(),
                 static_cast<Retry>(json.at("retry").get<int>()));
  } catch (const Json::exception&) {
    return Unavailable("the program that fetches said nothing that can be read");
  }
}

int FetchChild() {
  BoundMemory();
  const std::string answer = EncodeAnswer(Work());
  std::cout << answer << std::flush;
  // Whatever libraries still hold goes with the process.
  _exit(0);
}

}  // namespace podwright::git
