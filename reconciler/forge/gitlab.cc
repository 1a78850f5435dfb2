// GitLab's REST API, version 4: docs.gitlab.com/api (merge_requests, notes, commits, members, users).
#include <algorithm>

#include "reconciler/forge/json_fields.h"
#include "reconciler/forge/rest_forge.h"

namespace podwright::forge {
namespace {

using nlohmann::json;

// Of 100 that are allowed: one description or note may have a million characters.
constexpr char kPageSize[] = "20";
constexpr std::size_t kMostComments = 10'000;
constexpr Limits kLimits{1'000'000, 255};
// docs.gitlab.com/api/access_requests, "valid access levels".
constexpr std::int64_t kGuest = 10;
constexpr std::int64_t kDeveloper = 30;
constexpr std::int64_t kMaintainer = 40;

Result<PullRequest> ReadMergeRequest(const json& value) {
  JsonFields fields(value, "a merge request");
  PullRequest pull;
  pull.number = fields.Number("iid");
  pull.title = fields.TextOr("title");
  pull.author = fields.TextOr("author.username");
  pull.draft = fields.FlagOr("draft", fields.FlagOr("work_in_progress", false));
  pull.head_sha = fields.TextOr("sha");  // null where the source branch is gone
  pull.head_branch = fields.Text("source_branch");
  pull.head_reference = "refs/merge-requests/" + std::to_string(pull.number) + "/head";
  pull.base_branch = fields.Text("target_branch");
  pull.base_sha = fields.TextOr("diff_refs.start_sha");
  pull.from_fork =
      !fields.Has("source_project_id") || fields.Number("source_project_id") != fields.Number("target_project_id");
  pull.updated = fields.Time("updated_at");
  pull.web_url = fields.TextOr("web_url");
  const std::string state = fields.Text("state");
  if (state == "merged") {
    pull.state = PullRequestState::kMerged;
    pull.merge_commit = fields.TextOr("merge_commit_sha");
    if (pull.merge_commit.empty()) pull.merge_commit = fields.TextOr("squash_commit_sha");
    if (pull.merge_commit.empty()) pull.merge_commit = pull.head_sha;  // fast-forward
  } else if (state == "closed") {
    pull.state = PullRequestState::kClosed;
  }  // "locked": it is being merged
  PW_TRY(fields.Done());
  return pull;
}

Result<Comment> ReadNote(const json& value) {
  JsonFields fields(value, "a note");
  Comment comment;
  comment.id = fields.Number("id");
  comment.author = fields.TextOr("author.username");
  comment.body = fields.TextOr("body");
  comment.created = fields.Time("created_at");
  comment.updated = fields.Time("updated_at");
  PW_TRY(fields.Done());
  return comment;
}

const char* StateName(StatusState state) {
  switch (state) {
    case StatusState::kPending: return "pending";
    case StatusState::kSuccess: return "success";
    case StatusState::kFailure:
    case StatusState::kError: return "failed";
  }
  return "failed";
}

class GitLab final : public RestForge {
 public:
  GitLab(const std::string& repository, RestSettings settings, std::string bot_login, Clock& clock,
         Transport& transport, std::shared_ptr<Account> account)
      : RestForge(ForgeType::kGitLab, kLimits, std::move(settings), std::move(bot_login), clock, transport,
                  std::move(account)),
        root_("/projects/" + UrlEncode(repository)) {}

  Result<std::vector<PullRequest>> ListOpen(const std::string& base_branch, std::size_t most) override {
    Query query = {{"state", "opened"}, {"order_by", "updated_at"}, {"sort", "desc"}, {"per_page", kPageSize}};
    if (!base_branch.empty()) query.emplace_back("target_branch", base_branch);
    std::vector<PullRequest> pulls;
    PW_TRY(client_.GetPages(root_ + "/merge_requests", query, most, [&](const json& item) -> Result<bool> {
      PW_ASSIGN(PullRequest pull, ReadMergeRequest(item));
      pulls.push_back(std::move(pull));
      return true;
    }));
    return pulls;
  }

  Result<PullRequest> Get(std::int64_t number) override {
    PW_ASSIGN(const json pull, client_.Get(root_ + "/merge_requests/" + std::to_string(number)));
    return ReadMergeRequest(pull);
  }

  Result<std::vector<Comment>> ListComments(std::int64_t number, WallTime since) override {
    // There is no "since": the latest first, until they are too old.
    const bool all = since == WallTime{};
    const Query query = {
        {"order_by", all ? "created_at" : "updated_at"}, {"sort", all ? "asc" : "desc"}, {"per_page", kPageSize}};
    std::vector<Comment> comments;
    const Status read = client_.GetPages(Notes(number), query, kMostComments, [&](const json& item) -> Result<bool> {
      JsonFields fields(item, "a note");
      const bool too_old = fields.Time("updated_at") < since;
      PW_TRY(fields.Done());
      if (too_old) return false;
      // "added 1 commit" and the like, and remarks on lines of code.
      if (fields.FlagOr("system", false) || fields.TextOr("type") == "DiffNote") return true;
      PW_ASSIGN(Comment comment, ReadNote(item));
      comments.push_back(std::move(comment));
      return true;
    });
    PW_TRY(read);
    std::sort(comments.begin(), comments.end(), [](const Comment& a, const Comment& b) { return a.id < b.id; });
    return comments;
  }

  Result<Comment> CreateComment(std::int64_t number, const std::string& body, const Pace& pace) override {
    PW_TRY(CheckComment(body));
    PW_ASSIGN(const json made, client_.Write("POST", Notes(number), {{"body", body}}, pace));
    return ReadNote(made);
  }

  Result<Comment> EditComment(std::int64_t number, std::int64_t id, const std::string& body,
                              const Pace& pace) override {
    PW_TRY(CheckComment(body));
    PW_ASSIGN(const json edited,
              client_.Write("PUT", Notes(number) + "/" + std::to_string(id), {{"body", body}}, pace));
    return ReadNote(edited);
  }

  Status DeleteComment(std::int64_t number, std::int64_t id, const Pace& pace) override {
    const auto gone = client_.Write("DELETE", Notes(number) + "/" + std::to_string(id), json(), pace);
    if (gone.ok() || gone.error().code() == ErrorCode::kNotFound) return Ok();
    return gone.error();
  }

  Status SetStatus(const std::string& sha, const CommitStatus& status, const Pace& pace) override {
    PW_ASSIGN(const CommitStatus fit, CheckStatus(sha, status));
    json body = {{"state", StateName(fit.state)}, {"name", fit.context}, {"description", fit.description}};
    if (!fit.target_url.empty()) body["target_url"] = fit.target_url;
    const auto set = client_.Write("POST", root_ + "/statuses/" + sha, body, pace);
    // The state that it has already is refused (gitlab.com/gitlab-org/gitlab issue 22236): it is as wanted.
    if (set.ok() || set.error().message().find("Cannot transition status") != std::string::npos) return Ok();
    return set.error();
  }

  Result<Permission> PermissionOf(const std::string& login) override {
    if (login.empty()) return Permission::kNone;
    PW_ASSIGN(const json users, client_.GetAnew("/users", {{"username", login}}));
    if (!users.is_array()) return Internal("the forge's answer is not what its description promises: no list of users");
    for (const json& user : users) {
      JsonFields fields(user, "a user");
      const std::int64_t id = fields.Number("id");
      const std::string name = fields.Text("username");
      PW_TRY(fields.Done());
      if (name == login) return PermissionOfMember(id);
    }
    return Permission::kNone;
  }

 protected:
  const char* LoginField() const override { return "username"; }

 private:
  std::string Notes(std::int64_t number) const {
    return root_ + "/merge_requests/" + std::to_string(number) + "/notes";
  }

  // Members of the groups above, too.
  Result<Permission> PermissionOfMember(std::int64_t id) {
    const auto said = client_.GetAnew(root_ + "/members/all/" + std::to_string(id));
    if (!said.ok()) {
      if (said.error().code() == ErrorCode::kNotFound) return Permission::kNone;
      return said.error();
    }
    JsonFields fields(*said, "a member");
    const std::int64_t level = fields.Number("access_level");
    const std::string state = fields.TextOr("state");
    PW_TRY(fields.Done());
    if (!state.empty() && state != "active") return Permission::kNone;
    if (level >= kMaintainer) return Permission::kAdmin;
    if (level >= kDeveloper) return Permission::kWrite;
    return level >= kGuest ? Permission::kRead : Permission::kNone;
  }

  const std::string root_;
};

}  // namespace

std::unique_ptr<Forge> MakeGitLab(const std::string& repository, RestSettings settings, std::string bot_login,
                                  Clock& clock, Transport& transport, std::shared_ptr<Account> account) {
  settings.headers = {"Accept: application/json"};
  return std::make_unique<GitLab>(repository, std::move(settings), std::move(bot_login), clock, transport,
                                  std::move(account));
}

}  // namespace podwright::forge
