// GitHub's REST API, version 2022-11-28: docs.github.com/rest (pulls, issues/comments, commits/statuses,
// collaborators).
#include <algorithm>

#include "reconciler/forge/json_fields.h"
#include "reconciler/forge/rest_forge.h"

namespace podwright::forge {
namespace {

using nlohmann::json;

constexpr char kPageSize[] = "100";
constexpr std::size_t kMostComments = 10'000;
constexpr Limits kLimits{65'536, 140};

Result<PullRequest> ReadPull(const json& value) {
  JsonFields fields(value, "a pull request");
  PullRequest pull;
  pull.number = fields.Number("number");
  pull.title = fields.TextOr("title");
  pull.author = fields.TextOr("user.login");
  pull.draft = fields.FlagOr("draft", false);
  pull.head_sha = fields.Text("head.sha");
  pull.head_branch = fields.Text("head.ref");
  pull.head_reference = "refs/pull/" + std::to_string(pull.number) + "/head";
  pull.base_branch = fields.Text("base.ref");
  pull.base_sha = fields.TextOr("base.sha");
  pull.from_fork = !fields.Has("head.repo.id") || fields.Number("head.repo.id") != fields.Number("base.repo.id");
  pull.updated = fields.Time("updated_at");
  pull.web_url = fields.TextOr("html_url");
  if (fields.Text("state") != "open") {
    const bool merged = fields.FlagOr("merged", false) || fields.Has("merged_at");
    pull.state = merged ? PullRequestState::kMerged : PullRequestState::kClosed;
    // Before the merge this is a commit that GitHub only tried.
    if (merged) pull.merge_commit = fields.TextOr("merge_commit_sha");
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

class GitHub final : public RestForge {
 public:
  GitHub(const std::string& repository, RestSettings settings, std::string bot_login, Clock& clock,
         Transport& transport, std::shared_ptr<Account> account)
      : RestForge(ForgeType::kGitHub, kLimits, std::move(settings), std::move(bot_login), clock, transport,
                  std::move(account)),
        root_("/repos/" + repository) {}

  Result<std::vector<PullRequest>> ListOpen(const std::string& base_branch, std::size_t most) override {
    Query query = {{"state", "open"}, {"sort", "updated"}, {"direction", "desc"}, {"per_page", kPageSize}};
    if (!base_branch.empty()) query.emplace_back("base", base_branch);
    std::vector<PullRequest> pulls;
    PW_TRY(client_.GetPages(root_ + "/pulls", query, most, [&](const json& item) -> Result<bool> {
      PW_ASSIGN(PullRequest pull, ReadPull(item));
      pulls.push_back(std::move(pull));
      return true;
    }));
    return pulls;
  }

  Result<PullRequest> Get(std::int64_t number) override {
    PW_ASSIGN(const json pull, client_.Get(root_ + "/pulls/" + std::to_string(number)));
    return ReadPull(pull);
  }

  Result<std::vector<Comment>> ListComments(std::int64_t number, WallTime since) override {
    Query query = {{"per_page", kPageSize}};
    // GitHub's times are whole seconds.
    if (since > WallTime{}) query.emplace_back("since", FormatRfc3339(since).substr(0, 19) + "Z");
    std::vector<Comment> comments;
    const Status read = client_.GetPages(Comments(number), query, kMostComments, [&](const json& item) -> Result<bool> {
      PW_ASSIGN(Comment comment, ReadComment(item));
      comments.push_back(std::move(comment));
      return true;
    });
    PW_TRY(read);
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
    if (set.ok()) return Ok();
    const Error& error = set.error();
    // GitHub says 422 of a commit that it does not have.
    if (error.message().find("No commit found") != std::string::npos) return NotFound(error.message());
    return error;
  }

  Result<Permission> PermissionOf(const std::string& login) override {
    if (login.empty()) return Permission::kNone;
    const auto said = client_.GetAnew(root_ + "/collaborators/" + UrlEncode(login) + "/permission");
    if (!said.ok()) {
      if (said.error().code() == ErrorCode::kNotFound) return Permission::kNone;
      return said.error();
    }
    JsonFields fields(*said, "a permission");
    const std::string permission = fields.Text("permission");  // maintain is "write" here, triage "read"
    PW_TRY(fields.Done());
    if (permission == "admin") return Permission::kAdmin;
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

std::unique_ptr<Forge> MakeGitHub(const std::string& repository, RestSettings settings, std::string bot_login,
                                  Clock& clock, Transport& transport, std::shared_ptr<Account> account) {
  settings.headers = {"Accept: application/vnd.github+json", "X-GitHub-Api-Version: 2022-11-28"};
  settings.conditional = true;
  return std::make_unique<GitHub>(repository, std::move(settings), std::move(bot_login), clock, transport,
                                  std::move(account));
}

}  // namespace podwright::forge
