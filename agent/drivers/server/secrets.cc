// Secrets delivered into files. The value is kept in clear in the delivered file alone: what else is
// on disk is a digest under a key of this server, and the value as it came, sealed.
#include "agent/drivers/secrets/sealed.h"
#include "agent/drivers/server/family.h"
#include "core/digest.h"

namespace podwright::drivers::server {
namespace {

using v1::kinds::SecretFileAction;
using v1::kinds::ServerSecretFile;

constexpr char kDeliver[] = "server.secret.deliver";
constexpr char kRemove[] = "server.secret.remove";
constexpr char kDefaultMode[] = "0600";
constexpr std::size_t kMaxRead = 1024 * 1024;

class Secrets final : public Family {
 public:
  using Family::Family;
  std::string Name() const override { return "secret"; }
  std::vector<std::string> Verbs() const override { return {kDeliver, kRemove}; }

  Status Observe(const ServerSpec& spec, const v1::ObjectState& state, ServerObserved& observed) override {
    for (const auto& entry : spec.secrets()) {
      PW_ASSIGN(const auto stat, env_.host.files.Stat(entry.first));
      if (!stat) continue;
      auto& found = (*observed.mutable_secrets())[entry.first];
      found.set_mode(host::FormatMode(stat->mode));
      found.set_owner(stat->owner);
      found.set_group(stat->group);
      found.set_version(0);
      const auto record = state.secrets().find(entry.first);
      if (record == state.secrets().end()) continue;
      found.set_name(record->second.name());
      if (!record->second.sealed().key().empty()) found.set_key(record->second.sealed().key());
      if (IsDelivered(entry.first, *stat, record->second)) found.set_version(record->second.version());
    }
    return Ok();
  }

  std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& state,
                             const ServerObserved& observed) override {
    std::vector<Drift> drift;
    for (const std::string& path : KeysOf(confirmed.secrets())) {
      const auto record = state.secrets().find(path);
      if (record == state.secrets().end()) continue;
      const auto found = observed.secrets().find(path);
      const auto attributes = AttributesOf(confirmed.secrets().at(path), kDefaultMode);
      if (!attributes.ok()) continue;
      if (found == observed.secrets().end()) {
        drift.push_back({path, "the secret file " + path + " is gone"});
      } else if (found->second.version() == 0) {
        drift.push_back({path, "the secret file " + path + " is not what was delivered"});
      } else if (found->second.mode() != host::FormatMode(attributes->mode) ||
                 found->second.owner() != attributes->owner || found->second.group() != attributes->group) {
        drift.push_back({path, "mode or owner of the secret file " + path + " differ"});
      }
    }
    return drift;
  }

  void Watch(const ServerSpec& spec, Watches& watches) const override {
    for (const auto& entry : spec.secrets()) watches.folders.insert(host::ParentFolder(entry.first));
  }

  Result<std::string> Fact(const std::string& fact, const std::string& what, const v1::ObjectState& state) override {
    if (fact != "secret.version") return NotFound(fact);
    PW_ASSIGN(const std::string text, StateOf(what, state));
    const auto at = text.rfind('@');
    return at == std::string::npos ? std::string() : text.substr(at + 1);
  }

  Result<Proof> Prove(const v1::Action& action, const v1::ObjectState& state) override {
    PW_ASSIGN(const auto payload, ParsePayload<SecretFileAction>(action));
    PW_ASSIGN(const std::string text, StateOf(payload.path(), state));
    return Proof{{"secret:" + payload.path(), text}};
  }

  Result<Done> Execute(const ActionContext& context, const ServerSpec& /*wanted*/, v1::ObjectState& state) override {
    const v1::Action& action = context.dispatch.action();
    PW_ASSIGN(const auto payload, ParsePayload<SecretFileAction>(action));
    const std::string& path = payload.path();
    const std::string before = Noted(context, "secret:" + path);
    Done done;
    if (action.verb() == kRemove) {
      if (!IsManaged(state, "secret:" + path)) {
        done.log.push_back(path + " was there before Podwright: left as it is");
        return done;
      }
      PW_TRY(TakeAway(path, state));
      done.changed = before != "absent";
      return done;
    }
    v1::SecretUse use;
    use.set_name(payload.secret());
    use.set_version(payload.version());
    use.set_key(payload.key());
    PW_ASSIGN(const v1::SealedSecret* sealed, FindSealed(context.dispatch, use));
    PW_TRY(Put(path, payload.file(), *sealed, state));
    if (before == "absent") AddManaged(state, "secret:" + path);
    PW_ASSIGN(const std::string after, StateOf(path, state));
    done.changed = before != after;
    if (done.changed) {
      const ServerSecretFile& file = payload.file();
      PW_TRY(NoteOwed(env_, {file.reloads().begin(), file.reloads().end()},
                      {file.restarts().begin(), file.restarts().end()}, state));
    }
    return done;
  }

  void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const override {
    const auto payload = ParsePayload<SecretFileAction>(dispatch.action());
    if (!payload.ok()) return;
    const bool delivers = dispatch.action().verb() == kDeliver;
    ConfirmItem(payload->path(), wanted.secrets(), dispatch.compensation(), delivers ? &payload->file() : nullptr,
                *confirmed.mutable_secrets());
  }

  Status Repair(const Drift& drift, const ServerSpec& confirmed, v1::ObjectState& state) override {
    const ServerSecretFile& wanted = confirmed.secrets().at(drift.name);
    const v1::SealedSecret sealed = state.secrets().at(drift.name).sealed();
    PW_TRY(Put(drift.name, wanted, sealed, state));
    return ReloadRunning(env_, {wanted.reloads().begin(), wanted.reloads().end()});
  }

  Status TakeAway(const std::string& path, v1::ObjectState& state) override {
    PW_TRY(env_.host.files.Remove(path));
    PW_TRY(DropFoldersOf(env_, path, state));
    state.mutable_secrets()->erase(path);
    DropManaged(state, "secret:" + path);
    return Ok();
  }

 private:
  std::string Mark(const std::string& path, std::string_view value) const {
    return HmacSha256(env_.local_key, path + '\0' + std::string(value));
  }

  bool IsDelivered(const std::string& path, const host::FileStat& stat, const v1::DeliveredSecret& record) {
    if (stat.type != host::FileType::kFile) return false;
    auto& known = marks_[path];
    if (known.first != stat.stamp || known.second.empty()) {
      auto content = env_.host.files.Read(path, kMaxRead);
      if (!content.ok()) return false;
      known = {stat.stamp, Mark(path, *content)};
      Wipe(*content);
    }
    return ConstantTimeEquals(known.second, record.content_hmac());
  }

  static void Wipe(std::string& text) {
    volatile char* at = text.data();
    for (std::size_t i = 0; i < text.size(); ++i) at[i] = 0;
  }

  // "absent", "other", or "NAME[#KEY] mode owner:group@VERSION".
  Result<std::string> StateOf(const std::string& path, const v1::ObjectState& state) {
    PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
    if (!stat) return std::string("absent");
    const std::string attributes = " " + host::FormatMode(stat->mode) + " " + stat->owner + ":" + stat->group;
    const auto record = state.secrets().find(path);
    if (record == state.secrets().end() || !IsDelivered(path, *stat, record->second)) return "other" + attributes;
    const std::string& key = record->second.sealed().key();
    return record->second.name() + (key.empty() ? "" : "#" + key) + attributes + "@" +
           std::to_string(record->second.version());
  }

  Status Put(const std::string& path, const ServerSecretFile& file, const v1::SealedSecret& sealed,
             v1::ObjectState& state) {
    PW_ASSIGN(const host::FileAttributes attributes, AttributesOf(file, kDefaultMode));
    PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
    const auto record = state.secrets().find(path);
    if (stat && record != state.secrets().end() && record->second.name() == sealed.name() &&
        record->second.version() == sealed.version() && record->second.sealed().key() == sealed.key() &&
        IsDelivered(path, *stat, record->second)) {
      return SameAttributes(*stat, attributes) ? Ok() : env_.host.files.SetAttributes(path, attributes);
    }
    PW_TRY(MakeFoldersFor(env_, path, state));
    std::string mark;
    const auto write = [&](std::string_view value) -> Status {
      mark = Mark(path, value);
      return env_.host.files.Write(path, value, attributes);
    };
    PW_TRY(env_.open_secret(sealed, write));
    v1::DeliveredSecret& delivered = (*state.mutable_secrets())[path];
    delivered.set_name(sealed.name());
    delivered.set_version(sealed.version());
    delivered.set_content_hmac(mark);
    *delivered.mutable_sealed() = sealed;
    return Ok();
  }

  std::map<std::string, std::pair<std::string, std::string>> marks_;  // path → stamp, HMAC of what is there
};

}  // namespace

std::unique_ptr<Family> MakeSecrets(Environment& env) {
  return std::make_unique<Secrets>(env);
}

}  // namespace podwright::drivers::server
