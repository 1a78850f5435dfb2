#include "agent/drivers/cache/gate.h"

#include "agent/drivers/cache/configuration.h"
#include "agent/drivers/cache/opinions.h"
#include "core/crypto/secret.h"
#include "kinds/cache/cache_form.h"

namespace podwright::drivers::cache {
namespace {

constexpr std::size_t kMaxFile = 64UL * 1024;
constexpr std::chrono::milliseconds kStep{250};
constexpr std::chrono::milliseconds kMemberLimit{1000};

// "": the primary; else whose replica it is.
struct Role {
  std::string primary;
  bool promotable = true;
};

class Check {
 public:
  Check(host::Files& files, host::Redis& redis, const std::string& cache, Gate gate, crypto::SecretString password)
      : files_(files),
        redis_(redis),
        cache_(cache),
        paths_(cache),
        gate_(std::move(gate)),
        password_(std::move(password)) {}

  // An error: not yet.
  Result<Role> Decide(bool last_try) {
    PW_ASSIGN(const auto order, files_.Stat(paths_.order));
    if (order) return Ordered();
    if (gate_.sentinels.empty()) return Role();
    const Verdict verdict = AskSentinels(redis_, cache_, gate_.sentinels, gate_.sentinel_port);
    if (!verdict.Majority()) {
      return Unavailable("only " + std::to_string(verdict.answered) + " of " + std::to_string(verdict.asked) +
                         " Sentinels answer, and no majority says who the primary is");
    }
    if (verdict.primary != gate_.self) return Role{verdict.primary, false};
    PW_TRY(MayLead(last_try));
    return Role();
  }

  Status Write(const Role& role) {
    std::string text = "# Made before every start; Redis and Sentinel rewrite it.\ninclude " + paths_.settings +
                       "\ninclude " + paths_.auth + "\n";
    if (!role.primary.empty()) text += "replicaof " + role.primary + " " + std::to_string(gate_.port) + "\n";
    if (!role.promotable) text += "replica-priority 0\n";
    PW_ASSIGN(const bool fresh, AppendsAnew());
    // With an append-only file that is not there yet Redis would not read the snapshot; the agent switches it on.
    if (fresh) text += "appendonly no\n";
    PW_TRY(files_.Write(paths_.conf, text, {0600, "redis", "redis"}));
    return files_.Remove(paths_.order);
  }

 private:
  Result<Role> Ordered() {
    PW_ASSIGN(const std::string text, files_.Read(paths_.order, kMaxFile));
    const std::string word = text.substr(0, text.find('\n'));
    if (word == "primary") return Role();
    if (IsAddress(word)) return Role{word, true};
    return FailedPrecondition(paths_.order + " says neither `primary` nor an address");
  }

  Result<bool> AppendsAnew() {
    if (!gate_.appends) return false;
    PW_ASSIGN(const auto appended, files_.Stat(paths_.data + "/appendonlydir"));
    PW_ASSIGN(const auto snapshot, files_.Stat(paths_.data + "/dump.rdb"));
    return !appended && snapshot;
  }

  Result<bool> Blank() {
    PW_ASSIGN(const auto appended, files_.Stat(paths_.data + "/appendonlydir"));
    PW_ASSIGN(const auto snapshot, files_.Stat(paths_.data + "/dump.rdb"));
    return !appended && !snapshot;
  }

  // The Sentinels say that this is the primary.
  Status MayLead(bool last_try) {
    PW_ASSIGN(const bool blank, Blank());
    std::string silent;
    for (const std::string& other : gate_.others) {
      const host::RedisTarget target{other, gate_.port, kinds::kCacheUser, password_.Reveal(), kMemberLimit};
      const auto info = AskRedis(redis_, target);
      if (!info.ok()) {
        silent = other;
        continue;
      }
      // It followed until this one went down, and runs since: it may know more than what is on disk here.
      const bool followed = TextOf(*info, "role") == "master" || TextOf(*info, "master_link_status") == "up" ||
                            NumberOf(*info, "master_link_down_since_seconds", -1) >= 0;
      if (followed && KeysOf(*info) > 0) {
        return Unavailable("the replica at " + other +
                           " ran on and may have newer data: the Sentinels are to make it the primary first");
      }
      if (blank && KeysOf(*info) > 0) {
        return FailedPrecondition("there is no data here, and the member at " + other + " has " +
                                  std::to_string(KeysOf(*info)) +
                                  " keys: declare that one as the primary, or its data would be lost");
      }
    }
    if (blank && !silent.empty() && (gate_.persists || !last_try)) {
      return Unavailable("there is no data here, and the member at " + silent + " does not answer (yet)");
    }
    return Ok();
  }

  host::Files& files_;
  host::Redis& redis_;
  const std::string& cache_;
  const Paths paths_;
  const Gate gate_;
  const crypto::SecretString password_;
};

}  // namespace

Status PassGate(host::Files& files, host::Redis& redis, const std::string& cache, std::chrono::milliseconds limit) {
  const Paths paths(cache);
  PW_ASSIGN(const std::string text, files.Read(paths.gate, kMaxFile));
  PW_ASSIGN(Gate gate, ParseGate(text));
  PW_ASSIGN(const std::string auth, files.Read(paths.auth, kMaxFile));
  Check check(files, redis, cache, std::move(gate), crypto::SecretString(PasswordOfAuthText(auth)));
  for (std::chrono::milliseconds waited{0};; waited += kStep) {
    const bool last_try = waited >= limit;
    const auto role = check.Decide(last_try);
    if (role.ok()) return check.Write(*role);
    if (last_try) return role.error();
    redis.Wait(kStep);
  }
}

}  // namespace podwright::drivers::cache
