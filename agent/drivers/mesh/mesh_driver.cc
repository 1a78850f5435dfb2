#include "agent/drivers/mesh/mesh_driver.h"

#include <algorithm>

#include "agent/drivers/mesh/configuration.h"
#include "agent/drivers/mesh/member.h"
#include "core/digest.h"
#include "kinds/mesh/mesh_form.h"
#include "podwright/v1/agent.pb.h"

namespace podwright::drivers {
namespace {

using mesh::Drift;
using mesh::KeyUse;
using mesh::Member;
using v1::kinds::MeshKeptPeer;

// How long the others wait for a member that goes over to its next key.
constexpr std::chrono::milliseconds kFollowLimit{20'000};

Result<std::string> Bound(const v1::Dispatch& dispatch, const std::string& name) {
  const auto found = dispatch.bound().find(name);
  if (found == dispatch.bound().end())
    return InvalidArgument("the value \"" + name + "\" did not come with the action");
  return found->second;
}

class MeshDriver final : public Driver {
 public:
  explicit MeshDriver(Environment& environment) : env_(environment), keys_(environment) {
    verbs_["mesh.tools.install"] = &MeshDriver::InstallTools;
    verbs_["mesh.key.make"] = &MeshDriver::MakeKey;
    verbs_["mesh.key.stage"] = &MeshDriver::StageKey;
    verbs_["mesh.key.switch"] = &MeshDriver::SwitchKey;
    verbs_["mesh.rules.apply"] = &MeshDriver::ApplyRules;
    verbs_["mesh.interface.set"] = &MeshDriver::SetInterface;
    verbs_["mesh.peers.sync"] = &MeshDriver::SyncPeers;
    verbs_["mesh.peers.announce"] = &MeshDriver::Announce;
    verbs_["mesh.peer.follow"] = &MeshDriver::Follow;
    verbs_["mesh.names.write"] = &MeshDriver::WriteNames;
    verbs_["mesh.member.leave"] = &MeshDriver::Leave;
  }

  std::string Kind() const override { return "mesh"; }
  std::vector<std::string> Verbs() const override {
    std::vector<std::string> verbs;
    for (const auto& entry : verbs_) verbs.push_back(entry.first);
    return verbs;
  }

  // What is found is told of what the actions made; a spec that was not applied yet makes no difference.
  Result<Observation> Observe(const v1::ObjectState& state, const std::string& /*spec*/) override {
    v1::ObjectState copy = state;
    Member member(env_, keys_, copy);
    PW_ASSIGN(const mesh::Found found, member.Look());
    Observation out;
    out.observed = EncodeStable(member.Observed(found));
    for (const Drift& one : member.Compare(found)) out.drift.push_back(one.text);
    return out;
  }

  Watches Watch(const v1::ObjectState& state) override {
    v1::ObjectState copy = state;
    Member member(env_, keys_, copy);
    const std::string& interface = member.kept().interface().interface();
    Watches watches;
    if (interface.empty()) return watches;
    watches.folders = {"/etc", "/etc/wireguard"};
    watches.units = {mesh::UnitOf(interface)};
    return watches;
  }

  Result<std::string> Fact(const std::string& fact, const v1::ObjectState& /*state*/) override {
    return InvalidArgument("this agent does not know the guard \"" + fact + "\"");
  }

  // Digests under the server's own key: the configuration has a private key in it.
  Result<Proof> Prove(const v1::Dispatch& /*dispatch*/, const v1::ObjectState& state) override {
    v1::ObjectState copy = state;
    Member member(env_, keys_, copy);
    Proof proof;
    for (const auto& [use, name] : {std::pair(KeyUse::kCurrent, "key"), std::pair(KeyUse::kNext, "next-key")}) {
      PW_ASSIGN(const auto key, keys_.Read(member.mesh(), use));
      proof[name] = key ? std::to_string(key->version) : "absent";
    }
    proof["kept"] = HexEncode(HmacSha256(env_.local_key, EncodeStable(member.kept()))).substr(0, 32);
    return proof;
  }

  Result<Done> Execute(const ActionContext& context, v1::ObjectState& state) override {
    const auto verb = verbs_.find(context.dispatch.action().verb());
    if (verb == verbs_.end()) {
      return Unimplemented("this agent does not know the verb " + context.dispatch.action().verb());
    }
    Member member(env_, keys_, state);
    auto done = (this->*verb->second)(context, member);
    // Also of an action that failed half-way: what is there is known.
    member.Keep();
    if (!done.ok()) return done;
    state.set_confirmed(true);
    state.set_confirmed_spec(context.dispatch.spec());
    done->changed = true;
    return done;
  }

  std::vector<Repair> RepairDrift(v1::ObjectState& state,
                                  const std::function<bool(const std::string& item)>& permit) override {
    std::vector<Repair> repairs;
    Member member(env_, keys_, state);
    const auto found = member.Look();
    if (!found.ok()) return repairs;  // told by the next observation
    for (const Drift& one : member.Compare(*found)) {
      if (!one.repairable || !permit(one.item)) continue;
      repairs.push_back({one.item, one.text, member.Repair(one)});
    }
    member.Keep();
    return repairs;
  }

 private:
  using Verb = Result<Done> (MeshDriver::*)(const ActionContext&, Member&);

  Result<Done> InstallTools(const ActionContext& /*context*/, Member& member) {
    Done done;
    std::vector<std::string> installed;
    PW_TRY(member.InstallTools(&installed));
    for (const std::string& name : installed) done.log.push_back("installed " + name);
    return done;
  }

  Result<Done> MakeKey(const ActionContext& context, Member& member) { return Make(context, member, KeyUse::kCurrent); }
  Result<Done> StageKey(const ActionContext& context, Member& member) { return Make(context, member, KeyUse::kNext); }

  Result<Done> Make(const ActionContext& context, Member& member, KeyUse use) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::MeshKeyAction>(context.dispatch.action()));
    member.Own("key:");
    PW_ASSIGN(const bool made, keys_.Make(member.mesh(), use, payload.version()));
    Done done;
    done.log.push_back(made ? "made a key of version " + std::to_string(payload.version())
                            : "the key of this version is there");
    return done;
  }

  Result<Done> SwitchKey(const ActionContext& context, Member& member) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::MeshKeyAction>(context.dispatch.action()));
    PW_TRY(keys_.Promote(member.mesh(), payload.version()));
    PW_TRY(member.Push());
    // The others see the new key only when something comes with it.
    std::vector<std::string> addresses;
    for (const auto& [name, peer] : member.kept().peers()) addresses.push_back(peer.address());
    std::sort(addresses.begin(), addresses.end());
    env_.host.wireguard.Nudge(addresses);
    return Done();
  }

  Result<Done> ApplyRules(const ActionContext& context, Member& member) {
    PW_ASSIGN(*member.kept().mutable_rules(), ParsePayload<v1::kinds::MeshRulesAction>(context.dispatch.action()));
    PW_TRY(member.ApplyRules());
    return Done();
  }

  Result<Done> SetInterface(const ActionContext& context, Member& member) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::MeshInterfaceAction>(context.dispatch.action()));
    PW_TRY(mesh::CheckInterface(payload));
    *member.kept().mutable_interface() = payload;
    PW_TRY(member.BringUp());
    return Done();
  }

  // All of the action or nothing of it.
  Result<Done> SyncPeers(const ActionContext& context, Member& member) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::MeshPeersAction>(context.dispatch.action()));
    v1::kinds::MeshKept wanted = member.kept();
    for (const std::string& name : payload.remove()) wanted.mutable_peers()->erase(name);
    for (const auto& [name, peer] : payload.set()) {
      MeshKeptPeer& one = (*wanted.mutable_peers())[name];
      one.set_address(peer.address());
      one.set_keepalive_ms(peer.keepalive_ms());
      PW_ASSIGN(*one.mutable_public_key(), Bound(context.dispatch, "key/" + name));
      if (one.next_public_key() == one.public_key()) one.clear_next_public_key();
      one.set_endpoint(peer.endpoint());
      if (peer.endpoint().empty()) {
        PW_ASSIGN(const std::string address, Bound(context.dispatch, "endpoint/" + name));
        one.set_endpoint(kinds::JoinHostPort(address, peer.port()));
      }
      PW_TRY(mesh::CheckPeer(name, one));
    }
    return Confirm(wanted, member);
  }

  Result<Done> Announce(const ActionContext& context, Member& member) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::MeshAnnounceAction>(context.dispatch.action()));
    v1::kinds::MeshKept wanted = member.kept();
    for (const std::string& name : payload.peers()) {
      const auto peer = wanted.mutable_peers()->find(name);
      if (peer == wanted.mutable_peers()->end()) return FailedPrecondition(name + " is no peer here");
      PW_ASSIGN(*peer->second.mutable_next_public_key(), Bound(context.dispatch, "next/" + name));
      PW_TRY(mesh::CheckPeer(name, peer->second));
    }
    return Confirm(wanted, member);
  }

  Result<Done> Follow(const ActionContext& context, Member& member) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::MeshFollowAction>(context.dispatch.action()));
    v1::kinds::MeshKept wanted = member.kept();
    const auto peer = wanted.mutable_peers()->find(payload.peer());
    if (peer == wanted.mutable_peers()->end()) return FailedPrecondition(payload.peer() + " is no peer here");
    if (peer->second.next_public_key().empty()) {
      if (context.resumed) return Done();  // an earlier try followed
      return FailedPrecondition("the next key of " + payload.peer() + " is not known here");
    }
    PW_ASSIGN(const bool came, env_.host.wireguard.AwaitHandshake(wanted.interface().interface(),
                                                                  peer->second.next_public_key(), kFollowLimit));
    Done done;
    if (!came) {
      PW_ASSIGN(const bool answers, StillAnswers(wanted.interface().interface(), peer->second.public_key()));
      if (answers) {
        return Error(ErrorCode::kDeadlineExceeded,
                     payload.peer() + " did not come with its new key, and still answers with the old one",
                     Retry::kBackoff);
      }
      // A way that is down already must not hold up the others: whichever key it comes back with is in the plan.
      done.log.push_back(payload.peer() + " is not reached from here: its address goes over all the same");
    }
    peer->second.set_public_key(peer->second.next_public_key());
    peer->second.clear_next_public_key();
    PW_TRY(Confirm(wanted, member));
    return done;
  }

  Result<bool> StillAnswers(const std::string& interface, const std::string& public_key) {
    PW_ASSIGN(const auto device, env_.host.wireguard.Show(interface));
    if (!device) return false;
    const auto peer = device->peers.find(public_key);
    return peer != device->peers.end() && mesh::Answers(peer->second, env_.clock);
  }

  Result<Done> WriteNames(const ActionContext& context, Member& member) {
    PW_ASSIGN(auto payload, ParsePayload<v1::kinds::MeshNamesAction>(context.dispatch.action()));
    const auto plain = [](const std::string& text) {
      return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
      });
    };
    bool good = true;
    for (const auto& [name, address] : payload.names()) good = good && plain(name) && plain(address);
    for (const auto& [name, service] : payload.services()) {
      good = good && plain(name) && std::all_of(service.addresses().begin(), service.addresses().end(), plain);
    }
    if (!good) return InvalidArgument("what came as a name is none");
    *member.kept().mutable_names() = std::move(payload);
    PW_TRY(member.WriteNames());
    return Done();
  }

  Result<Done> Leave(const ActionContext& context, Member& member) {
    PW_ASSIGN(const auto payload, ParsePayload<v1::kinds::MeshLeaveAction>(context.dispatch.action()));
    Done done;
    PW_TRY(member.TakeAway({payload.keep_packages().begin(), payload.keep_packages().end()}, &done.log));
    done.forget_object = true;
    return done;
  }

  // The interface first: that is what people wait for. What it refuses is not kept.
  Result<Done> Confirm(const v1::kinds::MeshKept& wanted, Member& member) {
    const v1::kinds::MeshKept before = member.kept();
    member.kept() = wanted;
    if (const Status pushed = member.Push(); !pushed.ok()) {
      member.kept() = before;
      return pushed.error();
    }
    return Done();
  }

  Environment& env_;
  mesh::Keys keys_;
  std::map<std::string, Verb> verbs_;
};

}  // namespace

std::unique_ptr<Driver> MakeMeshDriver(Environment& environment) {
  return std::make_unique<MeshDriver>(environment);
}

}  // namespace podwright::drivers
