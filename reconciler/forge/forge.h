// A forge as pull-request previews see it: GitHub, GitLab or Forgejo/Gitea, one repository of it, one account.
//
// Threading: all methods may be called from any thread, several at the same time. They block: for the network (bounded
// by the settings' timeout) and, when writing, for their turn (bounded by Pace::patience). Forges::Stop ends the wait.
//
// Errors, the same for every forge; the message holds the forge's own words and never the token:
//   kNotFound            no such repository, pull request, comment or commit (also: the token may not see it)
//   kUnauthenticated     the token is wrong or has expired
//   kPermissionDenied    the token may not do this, or the server's certificate is not trusted
//   kResourceExhausted   a limit of requests: nothing was done; RetryAt() says when it can be
//   kUnavailable         passing, and nothing was done
//   kUnknown             a write of which nobody knows whether it was done: look before it is tried again
//   kInvalidArgument     refused for good: by the forge, or here because a text is longer than Limits
//   kInternal            an answer that is not what the forge's description promises, or larger than allowed
//   kCancelled           Stop was called
// kResourceExhausted, kUnavailable and kUnknown have Retry::kBackoff; a read never fails with kUnknown.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace podwright::forge {

enum class ForgeType { kGitHub, kGitLab, kForgejo };  // kForgejo: Gitea too

enum class PullRequestState { kOpen, kClosed, kMerged };

struct PullRequest {
  std::int64_t number = 0;
  std::string title;
  std::string author;  // login; "" for an account that is gone
  PullRequestState state = PullRequestState::kOpen;
  bool draft = false;
  // The head is in another repository than the base. Also true when the head's repository is gone.
  bool from_fork = false;
  std::string head_sha;
  std::string head_branch;
  // Where the head can be fetched from the *base* repository, also for forks: "refs/pull/7/head".
  std::string head_reference;
  std::string base_branch;
  std::string base_sha;      // as the forge last computed it: it may lag behind the branch. "" where it is not told
  std::string merge_commit;  // of a merged one: the commit on the base branch (merge, squash, or the last rebased one)
  WallTime updated{};
  std::string web_url;
};

struct Comment {
  std::int64_t id = 0;
  std::string author;  // login; "" for an account that is gone
  std::string body;
  WallTime created{};
  WallTime updated{};
  std::string web_url;  // "" where the forge tells none
};

enum class StatusState { kPending, kSuccess, kFailure, kError };

struct CommitStatus {
  StatusState state = StatusState::kPending;
  std::string context = "podwright";  // the status's name; one with the same name takes the place of the one before
  std::string description;            // cut to Limits::status_description at a character's edge
  std::string target_url;             // "" or http(s)
};

// What an account may do in the repository. Ordered: kWrite <= x is "may push".
enum class Permission { kNone, kRead, kWrite, kAdmin };

// Bytes; the forges count characters, so these are never too many.
struct Limits {
  std::size_t comment = 0;
  std::size_t status_description = 0;
};

// Somebody waits for the answer, or nobody does: the first kind goes before the other.
enum class Urgency { kBackground, kInteractive };

// How a write takes its turn. With no patience it is sent now or fails with kResourceExhausted.
struct Pace {
  Urgency urgency = Urgency::kBackground;
  std::chrono::milliseconds patience{0};
};

class Forge {
 public:
  virtual ~Forge() = default;

  virtual ForgeType type() const = 0;
  virtual const Limits& limits() const = 0;

  // Open pull requests to `base_branch` ("": to any), the most lately updated first, `most` at most. Asked again it
  // costs no quota where the forge knows conditional requests and nothing has changed (GitHub).
  virtual Result<std::vector<PullRequest>> ListOpen(const std::string& base_branch, std::size_t most) = 0;
  virtual Result<PullRequest> Get(std::int64_t number) = 0;

  // The comments of the conversation in the order of their creation (not those on lines of code), those updated at
  // `since` or later; WallTime{}: all. 10,000 at most.
  virtual Result<std::vector<Comment>> ListComments(std::int64_t number, WallTime since = {}) = 0;
  // kUnknown: it may be there now. reconciler/forge/own_comment.h creates without ever making a second one.
  virtual Result<Comment> CreateComment(std::int64_t number, const std::string& body, const Pace& pace) = 0;
  // Idempotent. kNotFound: somebody deleted it.
  virtual Result<Comment> EditComment(std::int64_t number, std::int64_t id, const std::string& body,
                                      const Pace& pace) = 0;
  // Idempotent: one that is gone is a success.
  virtual Status DeleteComment(std::int64_t number, std::int64_t id, const Pace& pace) = 0;

  // Idempotent: the last one with the same context is what counts.
  virtual Status SetStatus(const std::string& sha, const CommitStatus& status, const Pace& pace) = 0;

  // An unknown login has kNone. Never from a cache: approvals hang on it.
  virtual Result<Permission> PermissionOf(const std::string& login) = 0;
  // The account that the token belongs to. Asked once, then remembered.
  virtual Result<std::string> BotLogin() = 0;

  // When a write of this urgency could be sent, or a read after the forge said "later"; not later than now: now.
  virtual SteadyTime WriteAt(Urgency urgency) = 0;
  virtual SteadyTime RetryAt() = 0;
};

}  // namespace podwright::forge
