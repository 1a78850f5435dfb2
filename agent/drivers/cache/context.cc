#include "agent/drivers/cache/context.h"

#include <sstream>

#include "agent/drivers/secrets/sealed.h"
#include "agent/host/programs.h"
#include "core/digest.h"
#include "kinds/cache/cache_form.h"

namespace podwright::drivers::cache {
namespace {

constexpr char kStateName[] = "cache";
constexpr std::size_t kMaxFile = std::size_t{4} << 20U;

std::vector<std::string> Values(const Addresses& addresses) {
  std::vector<std::string> out;
  for (const auto& [name, address] : addresses) out.push_back(address);
  return out;
}

// Redis marks its warnings and errors with "#"; what has no mark at all is the gate's, or of a file it cannot read.
std::string LastWords(const std::string& journal) {
  constexpr std::size_t kMostWords = 600;
  std::istringstream lines(journal);
  std::string words;
  for (std::string line; std::getline(lines, line);) {
    const auto mark = line.find(" # ");
    const bool plain = !line.empty() && (line.front() < '0' || line.front() > '9');
    const std::string said = mark != std::string::npos ? line.substr(mark + 3) : plain ? line : "";
    if (said.empty() || words.find(said) != std::string::npos || words.size() + said.size() > kMostWords) continue;
    words += (words.empty() ? "" : "; ") + said;
  }
  return words;
}

}  // namespace

Context::Context(Environment& environment, v1::ObjectState& state)
    : env_(environment), state_(state), paths_(state.object().name()) {
  const auto found = state.kept().find(kStateName);
  if (found != state.kept().end() && !kept_.ParseFromString(found->second)) kept_.Clear();
}

void Context::Keep() {
  (*state_.mutable_kept())[kStateName] = EncodeStable(kept_);
}

Status Context::TakeTopology(const v1::kinds::CacheTopology& topology, const v1::Dispatch& dispatch) {
  for (const auto* servers : {&topology.members(), &topology.sentinels()}) {
    for (const auto& [name, declared] : *servers) {
      const auto bound = dispatch.bound().find("address/" + name);
      const std::string address = !declared.empty() ? declared : bound == dispatch.bound().end() ? "" : bound->second;
      if (!IsAddress(address)) {
        return FailedPrecondition("the address of " + name + " did not come with the action, or is none");
      }
      (*kept_.mutable_addresses())[name] = address;
    }
  }
  return Ok();
}

Status Context::TakePassword(const v1::SecretUse& use, const v1::Dispatch& dispatch) {
  PW_ASSIGN(const v1::SealedSecret* const sealed, FindSealed(dispatch, use));
  kept_.set_password(sealed->SerializeAsString());
  password_ = crypto::SecretString();
  return Ok();
}

Result<std::string_view> Context::Password() {
  if (!password_.empty()) return password_.Reveal();
  v1::SealedSecret sealed;
  if (kept_.password().empty() || !sealed.ParseFromString(kept_.password())) {
    return FailedPrecondition("the cache's own password did not come to this server yet");
  }
  PW_TRY(env_.open_secret(sealed, [&](std::string_view value) -> Status {
    password_ = crypto::SecretString(value);
    return Ok();
  }));
  return password_.Reveal();
}

Result<std::string> Context::OwnVerifier() {
  PW_ASSIGN(const std::string_view password, Password());
  return Sha256(password).Hex();
}

const v1::kinds::CacheTopology& Context::topology() const {
  return kept_.has_member() ? kept_.member().topology() : kept_.sentinel().topology();
}

std::vector<std::string> Context::SentinelList() const {
  return Values(SentinelAddresses(topology(), kept_));
}

std::vector<std::string> Context::MemberList() const {
  return Values(MemberAddresses(topology(), kept_));
}

Result<host::RedisTarget> Context::Redis(const std::string& address) {
  PW_ASSIGN(const std::string_view password, Password());
  return host::RedisTarget{address, topology().port(), kinds::kCacheUser, password};
}

Result<host::RedisTarget> Context::Sentinel(const std::string& address) {
  PW_ASSIGN(const std::string_view password, Password());
  return host::RedisTarget{address, topology().sentinel_port(), kinds::kCacheUser, password};
}

Result<std::vector<host::RedisReply>> Context::Run(const Result<host::RedisTarget>& target,
                                                   const std::vector<host::RedisCommand>& commands) {
  if (!target.ok()) return target.error();
  return env_.host.redis.Run(*target, commands);
}

std::string Context::FindPrimary() {
  const Verdict verdict = AskSentinels(env_.host.redis, cache(), SentinelList(), topology().sentinel_port());
  if (!verdict.primary.empty()) return verdict.primary;
  for (const std::string& address : MemberList()) {
    const auto target = Redis(address);
    if (!target.ok()) continue;
    const auto info = AskRedis(env_.host.redis, *target);
    if (info.ok() && TextOf(*info, "role") == "master") return address;
  }
  return "";
}

Result<std::string> Context::ReadText(const std::string& path) {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
  if (!stat || stat->type != host::FileType::kFile) return std::string();
  return env_.host.files.Read(path, kMaxFile);
}

Result<host::UnitState> Context::Unit(const std::string& unit) {
  PW_ASSIGN(const auto states, env_.host.units.Show({unit}));
  return states.begin()->second;
}

Status Context::WriteUnit(const std::string& unit, const std::string& text) {
  PW_ASSIGN(const std::string present, ReadText(UnitPath(unit)));
  if (present != text) {
    PW_TRY(env_.host.files.Write(UnitPath(unit), text, {}));
    PW_TRY(env_.host.units.DaemonReload());
  }
  PW_ASSIGN(const host::UnitState state, Unit(unit));
  return state.Enabled() ? Ok() : env_.host.units.SetEnabled(unit, true);
}

Status Context::StartUnit(const std::string& unit) {
  const Status started = env_.host.units.Start(unit);
  if (started.ok()) return started;
  const auto said = env_.host.programs.Run(
      host::Program({"journalctl", "_SYSTEMD_UNIT=" + unit, "--lines=20", "--output=cat", "--no-pager", "--quiet"}));
  const std::string words = said.ok() ? LastWords(said->out) : "";
  if (words.empty()) return started;
  // What is in the way (a port that another program has) may go; trying again is cheap.
  return Error(started.error().code(), unit + " does not start: " + words, started.error().retry());
}

Status Context::RemoveUnit(const std::string& unit) {
  PW_ASSIGN(const auto stat, env_.host.files.Stat(UnitPath(unit)));
  if (!stat) return Ok();
  PW_TRY(env_.host.units.Stop(unit));
  PW_TRY(env_.host.units.SetEnabled(unit, false));
  PW_TRY(env_.host.files.Remove(UnitPath(unit)));
  return env_.host.units.DaemonReload();
}

}  // namespace podwright::drivers::cache
