// A forge in memory: what previews write can be read, and every call can be made to fail before or after it was done.
//
// Threading: any thread.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/clock.h"
#include "reconciler/forge/forge.h"
#include "reconciler/forge/pacer.h"

namespace podwright::forge::testing {

struct WrittenStatus {
  std::string sha;
  CommitStatus status;
  SteadyTime at{};
};

class MemoryForge final : public Forge {
 public:
  // Its account is "podwright-bot". The pace is that of `limits`, on the clock.
  explicit MemoryForge(Clock& clock, const PaceLimits& limits = {}, ForgeType type = ForgeType::kGitHub);

  // What people do there. A number of 0 is given: 1, 2, ….
  std::int64_t AddPull(PullRequest pull);
  void ChangePull(std::int64_t number, const std::function<void(PullRequest&)>& change);
  std::int64_t AddComment(std::int64_t number, const std::string& author, const std::string& body);
  void SetPermission(const std::string& login, Permission permission);

  // What is there now.
  std::vector<Comment> comments(std::int64_t number);
  std::vector<WrittenStatus> statuses();
  // When comments were made, changed or deleted and statuses set, in this order.
  std::vector<SteadyTime> writes();
  std::size_t calls(const std::string& method);

  // The next `times` calls of the method ("CreateComment") fail: before it was done, or after. For what comes after,
  // kUnknown is what a real one would say.
  void FailBefore(const std::string& method, Error error, int times = 1);
  void FailAfter(const std::string& method, Error error, int times = 1);
  // The forge holds all requests for so long, as after a refusal.
  void Hold(std::chrono::milliseconds wait) { pacer_.HoldAll(wait); }

  ForgeType type() const override { return type_; }
  const Limits& limits() const override { return limits_; }
  void set_limits(const Limits& limits) { limits_ = limits; }  // before it is used
  Result<std::vector<PullRequest>> ListOpen(const std::string& base_branch, std::size_t most) override;
  Result<PullRequest> Get(std::int64_t number) override;
  Result<std::vector<Comment>> ListComments(std::int64_t number, WallTime since) override;
  Result<Comment> CreateComment(std::int64_t number, const std::string& body, const Pace& pace) override;
  Result<Comment> EditComment(std::int64_t number, std::int64_t id, const std::string& body, const Pace& pace) override;
  Status DeleteComment(std::int64_t number, std::int64_t id, const Pace& pace) override;
  Status SetStatus(const std::string& sha, const CommitStatus& status, const Pace& pace) override;
  Result<Permission> PermissionOf(const std::string& login) override;
  Result<std::string> BotLogin() override;
  SteadyTime WriteAt(Urgency urgency) override { return pacer_.WriteAt(urgency); }
  SteadyTime RetryAt() override { return pacer_.ReadAt(); }

 private:
  struct Fault {
    Error error;
    int times;
  };
  Status Begin(const std::string& method, const Pace* pace);
  Status EndLocked(const std::string& method);
  static Status TakeFault(std::map<std::string, Fault>& faults, const std::string& method);

  Clock& clock_;
  const ForgeType type_;
  Limits limits_;
  Pacer pacer_;
  std::mutex mutex_;
  // Protected by mutex_:
  std::map<std::int64_t, PullRequest> pulls_;
  std::map<std::int64_t, std::vector<Comment>> comments_;
  std::vector<WrittenStatus> statuses_;
  std::vector<SteadyTime> writes_;
  std::map<std::string, Permission> permissions_;
  std::map<std::string, std::size_t> calls_;
  std::map<std::string, Fault> before_, after_;
  std::int64_t next_comment_ = 100;
};

}  // namespace podwright::forge::testing
