#include "reconciler/forge/testing/memory_forge.h"

#include <algorithm>

namespace podwright::forge::testing {
namespace {

constexpr char kBot[] = "podwright-bot";

}  // namespace

MemoryForge::MemoryForge(Clock& clock, const PaceLimits& limits, ForgeType type)
    : clock_(clock), type_(type), limits_{65'536, 140}, pacer_(clock, limits) {}

Status MemoryForge::TakeFault(std::map<std::string, Fault>& faults, const std::string& method) {
  const auto found = faults.find(method);
  if (found == faults.end()) return Ok();
  Error error = found->second.error;
  if (--found->second.times <= 0) faults.erase(found);
  return error;
}

Status MemoryForge::Begin(const std::string& method, const Pace* pace) {
  if (pace != nullptr) {
    PW_TRY(pacer_.TakeWrite(*pace));
  } else {
    PW_TRY(pacer_.CheckRead());
  }
  std::lock_guard lock(mutex_);
  ++calls_[method];
  return TakeFault(before_, method);
}

Status MemoryForge::EndLocked(const std::string& method) {
  return TakeFault(after_, method);
}

std::int64_t MemoryForge::AddPull(PullRequest pull) {
  std::lock_guard lock(mutex_);
  if (pull.number == 0) pull.number = pulls_.empty() ? 1 : pulls_.rbegin()->first + 1;
  const std::int64_t number = pull.number;
  if (pull.head_reference.empty()) pull.head_reference = "refs/pull/" + std::to_string(number) + "/head";
  pull.updated = clock_.Now();
  pulls_[number] = std::move(pull);
  return number;
}

void MemoryForge::ChangePull(std::int64_t number, const std::function<void(PullRequest&)>& change) {
  std::lock_guard lock(mutex_);
  PullRequest& pull = pulls_.at(number);
  pull.updated = clock_.Now();
  change(pull);
}

std::int64_t MemoryForge::AddComment(std::int64_t number, const std::string& author, const std::string& body) {
  std::lock_guard lock(mutex_);
  const WallTime now = clock_.Now();
  const std::int64_t id = next_comment_++;
  comments_[number].push_back({id, author, body, now, now, ""});
  if (const auto pull = pulls_.find(number); pull != pulls_.end()) pull->second.updated = now;
  return id;
}

void MemoryForge::SetPermission(const std::string& login, Permission permission) {
  std::lock_guard lock(mutex_);
  permissions_[login] = permission;
}

std::vector<Comment> MemoryForge::comments(std::int64_t number) {
  std::lock_guard lock(mutex_);
  return comments_[number];
}

std::vector<WrittenStatus> MemoryForge::statuses() {
  std::lock_guard lock(mutex_);
  return statuses_;
}

std::vector<SteadyTime> MemoryForge::writes() {
  std::lock_guard lock(mutex_);
  return writes_;
}

std::size_t MemoryForge::calls(const std::string& method) {
  std::lock_guard lock(mutex_);
  return calls_[method];
}

void MemoryForge::FailBefore(const std::string& method, Error error, int times) {
  std::lock_guard lock(mutex_);
  before_.insert_or_assign(method, Fault{std::move(error), times});
}

void MemoryForge::FailAfter(const std::string& method, Error error, int times) {
  std::lock_guard lock(mutex_);
  after_.insert_or_assign(method, Fault{std::move(error), times});
}

Result<std::vector<PullRequest>> MemoryForge::ListOpen(const std::string& base_branch, std::size_t most) {
  PW_TRY(Begin("ListOpen", nullptr));
  std::lock_guard lock(mutex_);
  PW_TRY(EndLocked("ListOpen"));
  std::vector<PullRequest> open;
  for (const auto& [number, pull] : pulls_) {
    if (pull.state == PullRequestState::kOpen && (base_branch.empty() || pull.base_branch == base_branch)) {
      open.push_back(pull);
    }
  }
  std::stable_sort(open.begin(), open.end(), [](const auto& a, const auto& b) { return a.updated > b.updated; });
  if (open.size() > most) open.resize(most);
  return open;
}

Result<PullRequest> MemoryForge::Get(std::int64_t number) {
  PW_TRY(Begin("Get", nullptr));
  std::lock_guard lock(mutex_);
  PW_TRY(EndLocked("Get"));
  const auto found = pulls_.find(number);
  if (found == pulls_.end()) return NotFound("no pull request " + std::to_string(number));
  return found->second;
}

Result<std::vector<Comment>> MemoryForge::ListComments(std::int64_t number, WallTime since) {
  PW_TRY(Begin("ListComments", nullptr));
  std::lock_guard lock(mutex_);
  PW_TRY(EndLocked("ListComments"));
  std::vector<Comment> found;
  for (const Comment& comment : comments_[number]) {
    if (comment.updated >= since) found.push_back(comment);
  }
  return found;
}

Result<Comment> MemoryForge::CreateComment(std::int64_t number, const std::string& body, const Pace& pace) {
  if (body.size() > limits_.comment) return InvalidArgument("the comment is too long");
  PW_TRY(Begin("CreateComment", &pace));
  std::lock_guard lock(mutex_);
  if (!pulls_.contains(number)) return NotFound("no pull request " + std::to_string(number));
  const WallTime now = clock_.Now();
  comments_[number].push_back({next_comment_++, kBot, body, now, now, "https://forge/c"});
  writes_.push_back(clock_.Steady());
  PW_TRY(EndLocked("CreateComment"));
  return comments_[number].back();
}

Result<Comment> MemoryForge::EditComment(std::int64_t number, std::int64_t id, const std::string& body,
                                         const Pace& pace) {
  if (body.size() > limits_.comment) return InvalidArgument("the comment is too long");
  PW_TRY(Begin("EditComment", &pace));
  std::lock_guard lock(mutex_);
  auto& all = comments_[number];
  const auto found = std::find_if(all.begin(), all.end(), [&](const Comment& c) { return c.id == id; });
  if (found == all.end()) return NotFound("no comment " + std::to_string(id));
  found->body = body;
  found->updated = clock_.Now();
  writes_.push_back(clock_.Steady());
  PW_TRY(EndLocked("EditComment"));
  return *found;
}

Status MemoryForge::DeleteComment(std::int64_t number, std::int64_t id, const Pace& pace) {
  PW_TRY(Begin("DeleteComment", &pace));
  std::lock_guard lock(mutex_);
  std::erase_if(comments_[number], [&](const Comment& c) { return c.id == id; });
  writes_.push_back(clock_.Steady());
  return EndLocked("DeleteComment");
}

Status MemoryForge::SetStatus(const std::string& sha, const CommitStatus& status, const Pace& pace) {
  PW_TRY(Begin("SetStatus", &pace));
  std::lock_guard lock(mutex_);
  statuses_.push_back({sha, status, clock_.Steady()});
  writes_.push_back(clock_.Steady());
  return EndLocked("SetStatus");
}

Result<Permission> MemoryForge::PermissionOf(const std::string& login) {
  PW_TRY(Begin("PermissionOf", nullptr));
  std::lock_guard lock(mutex_);
  PW_TRY(EndLocked("PermissionOf"));
  const auto found = permissions_.find(login);
  return found == permissions_.end() ? Permission::kNone : found->second;
}

Result<std::string> MemoryForge::BotLogin() {
  PW_TRY(Begin("BotLogin", nullptr));
  return std::string(kBot);
}

}  // namespace podwright::forge::testing
