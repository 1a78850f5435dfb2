#include "reconciler/forge/rest_forge.h"

#include "reconciler/forge/json_fields.h"
#include "reconciler/forge/markdown.h"

namespace podwright::forge {

Result<std::string> RestForge::BotLogin() {
  {
    std::lock_guard lock(mutex_);
    if (!bot_login_.empty()) return bot_login_;
  }
  PW_ASSIGN(const nlohmann::json user, client_.Get("/user"));
  JsonFields fields(user, "an account");
  std::string login = fields.Text(LoginField());
  PW_TRY(fields.Done());
  std::lock_guard lock(mutex_);
  bot_login_ = login;
  return login;
}

Status RestForge::CheckComment(const std::string& body) const {
  if (body.empty()) return InvalidArgument("a comment without text");
  if (body.size() > limits_.comment) {
    return InvalidArgument("the comment has " + std::to_string(body.size()) + " bytes; at most " +
                           std::to_string(limits_.comment) + " are allowed");
  }
  return Ok();
}

Result<CommitStatus> RestForge::CheckStatus(const std::string& sha, CommitStatus status) const {
  if (!IsCommitId(sha)) return InvalidArgument("\"" + PlainLine(sha, 80) + "\" is no commit");
  if (status.context.empty()) return InvalidArgument("a commit status without a name");
  if (!status.target_url.empty() && !status.target_url.starts_with("https://") &&
      !status.target_url.starts_with("http://")) {
    return InvalidArgument("the status's address \"" + PlainLine(status.target_url, 200) + "\" is not of http(s)");
  }
  status.description = PlainLine(status.description, limits_.status_description);
  return status;
}

}  // namespace podwright::forge
