#include "agent/drivers/cache/failover.h"

#include <algorithm>

namespace podwright::drivers::cache {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{10};
constexpr milliseconds kSyncLimit{120'000};     // until this one has the primary's data
constexpr milliseconds kPriorityLimit{25'000};  // Sentinels ask Redis each ten seconds
constexpr milliseconds kCatchUpLimit{3'000};
constexpr milliseconds kPromotionLimit{10'000};
constexpr milliseconds kPause{20'000};  // longer than what is waited for below it
constexpr milliseconds kAgreeLimit{15'000};

class Failover {
 public:
  Failover(Context& context, std::vector<std::string>* log) : context_(context), log_(log) {
    const auto& member = context.kept().member();
    own_ = MemberAddresses(member.topology(), context.kept())[member.self()];
  }

  Result<std::optional<milliseconds>> Run() {
    PW_ASSIGN(const Info here, Here());
    if (TextOf(here, "role") == "master") return std::optional<milliseconds>();
    old_ = context_.FindPrimary();
    const bool answers = IsAddress(old_) && context_.Run(context_.Redis(old_), {{"PING"}}).ok();
    if (answers) PW_TRY(AwaitSync());
    if (!context_.SentinelList().empty()) PW_TRY(Prefer());
    const SteadyTime began = context_.env().clock.Steady();
    const Status moved = answers ? Move() : Promote();
    // The preference is for this time only.
    const Status back = Unprefer();
    PW_TRY(moved);
    PW_TRY(back);
    const auto took = std::chrono::duration_cast<milliseconds>(context_.env().clock.Steady() - began);
    if (!answers) log_->push_back("the old primary does not answer: what it alone had is lost");
    AwaitAgreement();
    return std::optional(took);
  }

 private:
  Result<Info> Here() {
    PW_ASSIGN(const auto target, context_.Here());
    return AskRedis(context_.env().host.redis, target);
  }
  void Wait(milliseconds span) { context_.env().host.redis.Wait(span); }

  Status AwaitSync() {
    for (milliseconds waited{0}; waited < kSyncLimit; waited += milliseconds(100)) {
      PW_ASSIGN(const Info info, Here());
      if (TextOf(info, "master_link_status") == "up") return Ok();
      Wait(milliseconds(100));
    }
    return DeadlineExceeded("this member does not get the data of the primary at " + old_ +
                            ": its log (journalctl -u " + context_.paths().unit + ") says why");
  }

  // The Sentinel that is to lead prefers this member as soon as it has seen its priority.
  Status Prefer() {
    PW_TRY(context_.Run(context_.Here(), {{"CONFIG", "SET", "replica-priority", "1"}}));
    for (milliseconds waited{0}; waited < kPriorityLimit; waited += milliseconds(250)) {
      for (const std::string& sentinel : context_.SentinelList()) {
        const auto replies = context_.Run(context_.Sentinel(sentinel), {{"SENTINEL", "REPLICAS", context_.cache()}});
        if (!replies.ok()) continue;
        for (const host::RedisReply& one : replies->at(0).items) {
          if (one.Field("ip") != own_ || one.Field("slave-priority") != "1" || one.Field("flags") != "slave") continue;
          leader_ = sentinel;
          return Ok();
        }
      }
      Wait(milliseconds(250));
    }
    return Unavailable("no Sentinel sees this member as a replica that it could promote");
  }

  Status Unprefer() {
    const host::RedisCommand set = {"CONFIG", "SET", "replica-priority", "100"};
    auto done = context_.Run(context_.Here(), {set});
    if (!done.ok()) done = context_.Run(context_.Here(), {set});
    return done.ok() ? Ok() : Status(done.error());
  }

  Status Move() {
    const std::string span = std::to_string(kPause.count());
    const Status done = [&]() -> Status {
      PW_ASSIGN(const auto replies,
                context_.Run(context_.Redis(old_), {{"CLIENT", "PAUSE", span, "WRITE"}, {"INFO", "replication"}}));
      PW_TRY(CatchUp(NumberOf(ParseInfo(replies.at(1).text), "master_repl_offset")));
      return Promote();
    }();
    if (!done.ok()) {
      // It goes on as before; where it is out of reach the pause ends by itself.
      if (!InProgress()) static_cast<void>(context_.Run(context_.Redis(old_), {{"CLIENT", "UNPAUSE"}}));
      return done;
    }
    const std::string port = std::to_string(context_.topology().port());
    // Whoever waited there is told that it takes no writes, and whoever stayed comes anew.
    const auto follows = context_.Run(
        context_.Redis(old_),
        {{"REPLICAOF", own_, port}, {"CLIENT", "UNPAUSE"}, {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}});
    if (!follows.ok())
      log_->push_back("the old primary will follow as soon as a Sentinel tells it: " + follows.error().message());
    return Ok();
  }

  Status CatchUp(std::int64_t offset) {
    for (milliseconds waited{0}; waited < kCatchUpLimit; waited += kLook) {
      PW_ASSIGN(const Info info, Here());
      if (TextOf(info, "master_link_status") == "up" && NumberOf(info, "slave_repl_offset") >= offset) return Ok();
      Wait(kLook);
    }
    return DeadlineExceeded("this member did not catch up with the primary, which goes on");
  }

  bool InProgress() {
    if (leader_.empty()) return false;
    const auto replies = context_.Run(context_.Sentinel(leader_), {{"SENTINEL", "MASTER", context_.cache()}});
    return replies.ok() && replies->at(0).Field("flags").find("failover_in_progress") != std::string::npos;
  }

  Status Promote() {
    if (leader_.empty()) {
      PW_TRY(context_.Run(context_.Here(), {{"REPLICAOF", "NO", "ONE"}}));
    } else {
      PW_TRY(context_.Run(context_.Sentinel(leader_), {{"SENTINEL", "FAILOVER", context_.cache()}}));
    }
    for (milliseconds waited{0}; waited < kPromotionLimit; waited += kLook) {
      // A Sentinel cuts all connections to whom it promotes: no answer is none.
      const auto info = Here();
      if (info.ok() && TextOf(*info, "role") == "master") return Ok();
      // A Sentinel that gave up at once says so no earlier than it looked.
      if (waited >= milliseconds(2000) && !InProgress()) break;
      Wait(kLook);
    }
    return Unavailable("the Sentinel at " + leader_ + " did not promote this member");
  }

  // So that whoever asks next is told the same by everybody.
  void AwaitAgreement() {
    const std::vector<std::string> sentinels = context_.SentinelList();
    for (milliseconds waited{0}; waited < kAgreeLimit && !sentinels.empty(); waited += milliseconds(100)) {
      const auto agree = std::count_if(sentinels.begin(), sentinels.end(), [&](const std::string& one) {
        return AskSentinels(context_.env().host.redis, context_.cache(), {one}, context_.topology().sentinel_port())
                   .primary == own_;
      });
      if (static_cast<std::size_t>(agree) == sentinels.size()) return;
      Wait(milliseconds(100));
    }
  }

  Context& context_;
  std::vector<std::string>* log_;
  std::string own_;
  std::string old_;
  std::string leader_;
};

}  // namespace

Result<std::optional<milliseconds>> BecomePrimary(Context& context, std::vector<std::string>* log) {
  return Failover(context, log).Run();
}

}  // namespace podwright::drivers::cache
