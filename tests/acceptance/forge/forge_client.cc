// The forges' clients for test_forges.py: one call a line of standard input, {"op": …}, one line of answer each:
// {"value": …}, or {"error": code, "message": …, "retry_in": milliseconds until the forge may be asked again}.
// The gap between writes is none, all else is as in podwrightd.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reconciler/forge/curl_transport.h"
#include "reconciler/forge/forges.h"
#include "reconciler/forge/own_comment.h"

namespace {

using namespace podwright;
using nlohmann::json;

json ToJson(const forge::PullRequest& pull) {
  return {{"number", pull.number},
          {"title", pull.title},
          {"author", pull.author},
          {"state", static_cast<int>(pull.state)},
          {"draft", pull.draft},
          {"from_fork", pull.from_fork},
          {"head_sha", pull.head_sha},
          {"head_branch", pull.head_branch},
          {"base_branch", pull.base_branch},
          {"merge_commit", pull.merge_commit}};
}

json ToJson(const forge::Comment& comment) {
  return {{"id", comment.id}, {"author", comment.author}, {"body", comment.body}};
}

json ToJson(const forge::OwnComment& comment) {
  return {{"id", comment.id}, {"written", comment.written}};
}

json ToJson(forge::Permission permission) {
  return static_cast<int>(permission);
}

json ToJson(const std::string& text) {
  return text;
}

template <typename T>
json ToJson(const std::vector<T>& values) {
  json list = json::array();
  for (const T& value : values) list.push_back(ToJson(value));
  return list;
}

class Client {
 public:
  json Answer(const json& call) {
    const std::string op = call.at("op");
    if (op == "open") return Open(call);
    const forge::Pace pace{forge::Urgency::kBackground, std::chrono::milliseconds(call.value("patience", 0))};
    const std::int64_t number = call.value("number", 0);
    const std::int64_t id = call.value("id", std::int64_t{0});
    const std::string text = call.value("text", "");
    if (op == "list") return Told(forge_->ListOpen(call.value("branch", ""), 1'000));
    if (op == "get") return Told(forge_->Get(number));
    if (op == "comments")
      return Told(forge_->ListComments(number, FromUnixMillis(call.value("since", std::int64_t{0}))));
    if (op == "create") return Told(forge_->CreateComment(number, text, pace));
    if (op == "edit") return Told(forge_->EditComment(number, id, text, pace));
    if (op == "delete") return Told(forge_->DeleteComment(number, id, pace));
    if (op == "permission") return Told(forge_->PermissionOf(text));
    if (op == "login") return Told(forge_->BotLogin());
    if (op == "own") {
      const std::string marker = forge::CommentMarker("prod", "plans", number, "preview");
      return Told(forge::WriteOwnComment(*forge_, number, marker, text, id, pace));
    }
    if (op == "status") {
      const forge::CommitStatus status{static_cast<forge::StatusState>(call.value("state", 0)), "podwright/plans", text,
                                       "https://podwright.example/p"};
      return Told(forge_->SetStatus(call.at("sha"), status, pace));
    }
    return {{"error", "no such call"}};
  }

 private:
  json Open(const json& call) {
    auto type = forge::ParseForgeType(call.at("type").get<std::string>());
    if (!type.ok()) return Failed(type.error());
    forge::ForgeSettings settings;
    settings.address = {*type, call.at("api"), call.at("repository")};
    settings.token = crypto::SecretString(call.at("token").get<std::string>());
    settings.ca_pem = call.value("ca", "");
    settings.timeout = std::chrono::milliseconds(call.value("timeout", 20'000));
    auto opened = forges_.Open(std::move(settings));
    if (!opened.ok()) return Failed(opened.error());
    forge_ = std::move(*opened);
    return {{"value", nullptr}};
  }

  json Failed(const Error& error) {
    json told{{"error", ErrorCodeName(error.code())}, {"message", error.message()}, {"retry_in", 0}};
    if (forge_ != nullptr) {
      const auto at = std::max(forge_->RetryAt(), forge_->WriteAt(forge::Urgency::kBackground));
      told["retry_in"] = std::chrono::ceil<std::chrono::milliseconds>(at - clock_.Steady()).count();
    }
    return told;
  }

  template <typename T>
  json Told(const Result<T>& result) {
    return result.ok() ? json{{"value", ToJson(*result)}} : Failed(result.error());
  }
  json Told(const Status& status) { return status.ok() ? json{{"value", nullptr}} : Failed(status.error()); }

  SystemClock clock_;
  forge::CurlTransport transport_;
  forge::Forges forges_{clock_, transport_, {.gap = std::chrono::milliseconds(0)}};
  std::unique_ptr<forge::Forge> forge_;
};

}  // namespace

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  Client client;
  for (std::string line; std::getline(std::cin, line);)
    std::cout << client.Answer(json::parse(line)).dump() << std::endl;
}
