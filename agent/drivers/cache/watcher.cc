#include "agent/drivers/cache/watcher.h"

#include <algorithm>
#include <set>

#include "kinds/cache/cache_form.h"

namespace podwright::drivers::cache {
namespace {

using host::RedisReply;

constexpr std::chrono::milliseconds kStep{250};
constexpr std::chrono::milliseconds kForgetLimit{40'000};

}  // namespace

Result<std::vector<std::string>> Watcher::Strangers(const std::vector<RedisReply>& replicas,
                                                    const std::vector<RedisReply>& sentinels) const {
  std::set<std::string> strangers;
  const auto note = [&](const std::vector<RedisReply>& seen, const std::vector<std::string>& known) {
    for (const RedisReply& one : seen) {
      const std::string address = one.Field("ip");
      if (std::find(known.begin(), known.end(), address) == known.end()) strangers.insert(address);
    }
  };
  note(replicas, context_.MemberList());
  note(sentinels, context_.SentinelList());
  return std::vector<std::string>(strangers.begin(), strangers.end());
}

Result<FoundWatcher> Watcher::Look() {
  FoundWatcher found;
  const Paths& paths = context_.paths();
  PW_ASSIGN(const std::string text, context_.ReadText(UnitPath(paths.sentinel_unit)));
  PW_ASSIGN(const host::UnitState unit, context_.Unit(paths.sentinel_unit));
  found.unit = text == SentinelUnitText(context_.cache(), context_.kept()) && unit.Enabled();
  found.active = unit.Active();
  found.coming = unit.active_state == "activating";
  if (!found.active) return found;
  const std::string& name = context_.cache();
  const auto replies = context_.Run(context_.SentinelHere(), {{"SENTINEL", "MASTER", name},
                                                              {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name},
                                                              {"SENTINEL", "REPLICAS", name},
                                                              {"SENTINEL", "SENTINELS", name}});
  found.answers = context_.Run(context_.SentinelHere(), {{"PING"}}).ok();
  if (!replies.ok() || replies->at(1).items.size() != 2) return found;
  const RedisReply& master = replies->at(0);
  const auto& wanted = context_.kept().sentinel();
  found.settings = master.Field("quorum") == std::to_string(wanted.quorum()) &&
                   master.Field("down-after-milliseconds") == std::to_string(wanted.down_after_ms()) &&
                   master.Field("failover-timeout") == std::to_string(wanted.failover_timeout_ms());
  found.primary = replies->at(1).items.at(0).text;
  found.epoch = std::atoll(master.Field("config-epoch").c_str());
  PW_ASSIGN(found.strangers, Strangers(replies->at(2).items, replies->at(3).items));
  const auto check = context_.Run(context_.SentinelHere(), {{"SENTINEL", "CKQUORUM", name}});
  found.quorum = check.ok() ? check->at(0).text : check.error().message();
  return found;
}

void Watcher::Observe(const FoundWatcher& found, v1::kinds::CacheObservedSentinel& out) const {
  const auto& kept = context_.kept();
  out.set_running(found.answers);
  if (found.unit && (!found.answers || found.settings)) {
    out.set_settings(kinds::CacheSentinelDigest(kept.sentinel()));
  }
  const auto& topology = kept.sentinel().topology();
  for (const auto& [name, address] : MemberAddresses(topology, kept)) (*out.mutable_addresses())[name] = address;
  for (const auto& [name, address] : SentinelAddresses(topology, kept)) (*out.mutable_addresses())[name] = address;
  if (found.primary.empty()) return;
  out.set_primary_address(kinds::CacheEndpoint(found.primary, topology.port()));
  for (const std::string& one : found.strangers) out.add_strangers(one);
  out.set_epoch(found.epoch);
  out.set_quorum(found.quorum);
}

std::vector<Drift> Watcher::Compare(const FoundWatcher& found) {
  std::vector<Drift> drift;
  if (!found.unit) {
    drift.push_back({"unit:sentinel", "Sentinel's unit differs or is not started at boot", [this] {
                       return context_.WriteUnit(context_.paths().sentinel_unit,
                                                 SentinelUnitText(context_.cache(), context_.kept()));
                     }});
  }
  if (!found.active && !found.coming) {
    drift.push_back({"service:sentinel", "Sentinel is stopped", [this] { return Start(); }});
  }
  if (found.answers && !found.settings) {
    drift.push_back(
        {"settings:sentinel", "settings of the running Sentinel differ", [this] { return ApplySettings(); }});
  }
  return drift;
}

Status Watcher::WriteConf(const std::string& primary) {
  PW_ASSIGN(const std::string_view password, context_.Password());
  PW_ASSIGN(const std::string verifier, context_.OwnVerifier());
  const Paths& paths = context_.paths();
  const host::FileAttributes folder{0700, "redis", "redis"};
  PW_TRY(context_.env().host.files.EnsureFolder(paths.base, folder));
  PW_TRY(context_.env().host.files.EnsureFolder(paths.sentinel_folder, folder));
  return context_.env().host.files.Write(paths.sentinel_conf,
                                         SentinelText(context_.cache(), context_.kept(), primary, password, verifier),
                                         {0600, "redis", "redis"});
}

// What Sentinel knows is in its own file; only where that is lost it begins again with what the others say.
Status Watcher::Start() {
  PW_ASSIGN(const auto conf, context_.env().host.files.Stat(context_.paths().sentinel_conf));
  if (!conf) {
    const std::string primary = context_.FindPrimary();
    if (!IsAddress(primary)) return Unavailable("Sentinel's file is lost, and nobody says who the primary is");
    PW_TRY(WriteConf(primary));
  }
  return context_.StartUnit(context_.paths().sentinel_unit);
}

Status Watcher::ApplySettings() {
  const std::string& name = context_.cache();
  const auto& wanted = context_.kept().sentinel();
  PW_ASSIGN(const std::string_view password, context_.Password());
  std::vector<host::RedisCommand> commands;
  const auto known = context_.Run(context_.SentinelHere(), {{"SENTINEL", "MASTER", name}});
  if (!known.ok()) {
    const std::string primary = context_.FindPrimary();
    if (!IsAddress(primary)) return Unavailable("Sentinel watches over nobody, and nobody says who the primary is");
    commands.push_back({"SENTINEL", "MONITOR", name, primary, std::to_string(wanted.topology().port()),
                        std::to_string(wanted.quorum())});
  }
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
           {"auth-user", kinds::kCacheUser},
           {"auth-pass", std::string(password)},
           {"quorum", std::to_string(wanted.quorum())},
           {"down-after-milliseconds", std::to_string(wanted.down_after_ms())},
           {"failover-timeout", std::to_string(wanted.failover_timeout_ms())}}) {
    commands.push_back({"SENTINEL", "SET", name, option, value});
  }
  PW_TRY(context_.Run(context_.SentinelHere(), commands));
  return Ok();
}

Status Watcher::Set(const std::string& primary, std::vector<std::string>* log) {
  host::Host& host = context_.env().host;
  const Paths& paths = context_.paths();
  AddManaged(context_.state(), "sentinel:");
  PW_ASSIGN(const auto conf, host.files.Stat(paths.sentinel_conf));
  if (!conf) PW_TRY(WriteConf(primary));
  PW_TRY(context_.WriteUnit(paths.sentinel_unit, SentinelUnitText(context_.cache(), context_.kept())));
  PW_ASSIGN(const host::UnitState unit, context_.Unit(paths.sentinel_unit));
  if (!unit.Active()) {
    PW_TRY(context_.StartUnit(paths.sentinel_unit));
    log->push_back("started Sentinel");
  }
  return ApplySettings();
}

Status Watcher::Forget(std::vector<std::string>* log) {
  PW_ASSIGN(const FoundWatcher before, Look());
  if (!before.answers || before.strangers.empty()) return Ok();
  const std::string& name = context_.cache();
  PW_TRY(context_.Run(context_.SentinelHere(), {{"SENTINEL", "RESET", name}}));
  log->push_back("forgot " + std::to_string(before.strangers.size()) + " that are no more");
  const std::size_t others = context_.SentinelList().size() - 1;
  const std::size_t replicas = context_.MemberList().size() - 1;
  for (std::chrono::milliseconds waited{0}; waited < kForgetLimit; waited += kStep) {
    const auto known =
        context_.Run(context_.SentinelHere(), {{"SENTINEL", "SENTINELS", name}, {"SENTINEL", "REPLICAS", name}});
    if (known.ok() && known->at(0).items.size() >= others && known->at(1).items.size() >= replicas) return Ok();
    context_.env().host.redis.Wait(kStep);
  }
  log->push_back("not all the others were found again yet: some may be down");
  return Ok();
}

Status Watcher::Leave() {
  host::Host& host = context_.env().host;
  const Paths& paths = context_.paths();
  PW_TRY(context_.RemoveUnit(paths.sentinel_unit));
  PW_TRY(host.files.RemoveTree(paths.sentinel_folder));
  PW_TRY(host.files.RemoveEmptyFolder(paths.base));
  DropManaged(context_.state(), "sentinel:");
  context_.kept().clear_sentinel();
  return Ok();
}

}  // namespace podwright::drivers::cache
