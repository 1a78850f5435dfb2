// The REST API of Forgejo and Gitea, version 1: forgejo.org/docs/latest/user/api-usage, and /api/swagger of every
// instance (repository and issue).
#include <algorithm>

#include "reconciler/forge/json_fields.h"
#include "reconciler/forge/rest_forge.h"

namespace podwright::forge {
namespace {

using nlohmann::json;

constexpr char kPageSize[] = "50";  // more is not given ([api] MAX_RESPONSE_ITEMS)
constexpr std::size_t kMostListed = 5'000;
constexpr std::size_t kMostComments = 10'000;
// Neither says how long a comment may be: a length that every database of theirs holds and a browser shows.
constexpr Limits kLimits{65'535, 255};

// A branch pushed with AGit ("refs/for/main") belongs to nobody's fork, and who may only read may push it.
bool IsAgit(JsonFields& fields) {
  return fields.NumberOr("flow") == 1 || fields.TextOr("head.ref").starts_with("refs/");
}

Result<PullRequest> ReadPull(const json& value) {
  JsonFields fields(value, "a pull request");
  PullRequest pull;
  pull.number = fields.Number("number");
  pull.title = fields.TextOr("title");
  pull.author = fields.TextOr("user.login");
  pull.draft = fields.FlagOr("draft", false);
  pull.head_sha = fields.TextOr("head.sha");  // "" where the head's branch is gone
  pull.head_branch = fields.Text("head.ref");
  pull.head_reference = "refs/pull/" + std::to_string(pull.number) + "/head";
  pull.base_branch = fields.Text("base.ref");
  pull.base_sha = fields.TextOr("base.sha");
  pull.from_fork =
      !fields.Has("head.repo.id") || fields.Number("head.repo.id") != fields.Number("base.repo.id") || IsAgit(fields);
  pull.updated = fields.Time("updated_at");
  pull.web_url = fields.TextOr("html_url");
  if (fields.FlagOr("merged", false)) {
    pull.state = PullRequestState::kMerged;
    pull.merge_commit = fields.TextOr("merge_commit_sha");
  } else if (fields.Text("state") != "open") {
    pull.state = PullRequestState::kClosed;
  }
  PW_TRY(fields.Done());
  return pull;
}

Result<Comment> ReadComment(const json& value) {
  JsonFields fields(value, "a comment");
  Comment comment;
  comment.id = fields.Number("id");
  comment.author = fields.TextOr("user.login");
  comment.body = fields.TextOr("body");
  comment.created = fields.Time("created_at");
  comment.updated = fields.Time("updated_at");
  comment.web_url = fields.TextOr("html_url");
  PW_TRY(fields.Done());
  return comment;
}

const char* StateName(StatusState state) {
  switch (state) {
    case StatusState::kPending: return "pending";
    case StatusState::kSuccess: return "success";
    case StatusState::kFailure: return "failure";
    case StatusState::kError: return "error";
  }
  return "error";
}

class Forgejo final : public RestForge {
 public:
  Forgejo(const std::string& repository, RestSettings settings, std::string bot_login, Clock& clock,
          Transport& transport, std::shared_ptr<Account> account)
      : RestForge(ForgeType::kForgejo, kLimits, std::move(settings), std::move(bot_login), clock, transport,
                  std::move(account)),
        root_("/repos/" + repository) {}

  Result<std::vector<PullRequest>> ListOpen(const std::string& base_branch, std::size_t most) override {
    const Query query = {{"state", "open"}, {"sort", "recentupdate"}, {"limit", kPageSize}};
    std::vector<PullRequest> pulls;
    if (most == 0) return pulls;
    PW_TRY(client_.GetPages(root_ + "/pulls", query, kMostListed, [&](const json& item) -> Result<bool> {
      PW_ASSIGN(PullRequest pull, ReadPull(item));
      if (base_branch.empty() || pull.base_branch == base_branch) pulls.push_back(std::move(pull));
      return pulls.size() < most;
    }));
    return pulls;
  }

  Result<PullRequest> Get(std::int64_t number) override {
    PW_ASSIGN(const json pull, client_.Get(root_ + "/pulls/" + std::to_string(number)));
    return ReadPull(pull);
  }

  Result<std::vector<Comment>> ListComments(std::int64_t number, WallTime since) override {
    Query query;
    if (since > WallTime{}) query.emplace_back("since", FormatRfc3339(since).substr(0, 19) + "Z");
    std::vector<Comment> comments;
    PW_TRY(client_.GetPages(Comments(number), query, kMostComments, [&](const json& item) -> Result<bool> {
      PW_ASSIGN(Comment comment, ReadComment(item));
      comments.push_back(std::move(comment));
      return true;
    }));
    std::sort(comments.begin(), comments.end(), [](const Comment& a, const Comment& b) { return a.id < b.id; });
    return comments;
  }

  Result<Comment> CreateComment(std::int64_t number, const std::string& body, const Pace& pace) override {
    PW_TRY(CheckComment(body));
    PW_ASSIGN(const json made, client_.Write("POST", Comments(number), {{"body", body}}, pace));
    return ReadComment(made);
  }

  Result<Comment> EditComment(std::int64_t, std::int64_t id, const std::string& body, const Pace& pace) override {
    PW_TRY(CheckComment(body));
    PW_ASSIGN(const json edited, client_.Write("PATCH", OneComment(id), {{"body", body}}, pace));
    return ReadComment(edited);
  }

  Status DeleteComment(std::int64_t, std::int64_t id, const Pace& pace) override {
    const auto gone = client_.Write("DELETE", OneComment(id), json(), pace);
    if (gone.ok() || gone.error().code() == ErrorCode::kNotFound) return Ok();
    return gone.error();
  }

  Status SetStatus(const std::string& sha, const CommitStatus& status, const Pace& pace) override {
    PW_ASSIGN(const CommitStatus fit, CheckStatus(sha, status));
    json body = {{"state", StateName(fit.state)}, {"context", fit.context}, {"description", fit.description}};
    if (!fit.target_url.empty()) body["target_url"] = fit.target_url;
    const auto set = client_.Write("POST", root_ + "/statuses/" + sha, body, pace);
    if (!set.ok()) return set.error();
    return Ok();
  }

  Result<Permission> PermissionOf(const std::string& login) override {
    if (login.empty()) return Permission::kNone;
    const auto said = client_.GetAnew(root_ + "/collaborators/" + UrlEncode(login) + "/permission");
    if (!said.ok()) {
      if (said.error().code() == ErrorCode::kNotFound) return Permission::kNone;
      if (said.error().code() != ErrorCode::kPermissionDenied) return said.error();
      return PermissionDenied(
          said.error().message() +
          ": make the token's account an administrator of the repository; others are not told who may write");
    }
    JsonFields fields(*said, "a permission");
    const std::string permission = fields.Text("permission");
    PW_TRY(fields.Done());
    if (permission == "owner" || permission == "admin") return Permission::kAdmin;
    if (permission == "write") return Permission::kWrite;
    return permission == "read" ? Permission::kRead : Permission::kNone;
  }

 protected:
  const char* LoginField() const override { return "login"; }

 private:
  std::string Comments(std::int64_t number) const { return root_ + "/issues/" + std::to_string(number) + "/comments"; }
  std::string OneComment(std::int64_t id) const { return root_ + "/issues/comments/" + std::to_string(id); }

  const std::string root_;
};

}  // namespace

std::unique_ptr<Forge> MakeForgejo(const std::string& repository, RestSettings settings, std::string bot_login,
                                   Clock& clock, Transport& transport, std::shared_ptr<Account> account) {
  settings.headers = {"Accept: application/json"};
  return std::make_unique<Forgejo>(repository, std::move(settings), std::move(bot_login), clock, transport,
                                   std::move(account));
}

}  // namespace podwright::forge
