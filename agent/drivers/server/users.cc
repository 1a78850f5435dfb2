// Users, their groups, and their authorized_keys.
#include "agent/drivers/server/family.h"

namespace podwright::drivers::server {
namespace {

using v1::kinds::ServerObservedUser;
using v1::kinds::ServerUser;
using v1::kinds::UserAction;

constexpr char kEnsure[] = "server.user.ensure";
constexpr char kRemove[] = "server.user.remove";
constexpr std::size_t kMaxKeys = 1024 * 1024;

std::string KeysPath(const host::UserState& user) {
  return user.home + "/.ssh/authorized_keys";
}

template <typename Lines>
std::string KeysText(const Lines& keys) {
  std::string text;
  for (const std::string& key : keys) text += key + "\n";
  return text;
}

std::vector<std::string> KeyLines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// What the account shall be; what is not declared stays as it is.
host::UserWish WishFor(const std::string& name, const ServerUser& user, const host::UserState* present) {
  host::UserWish wish;
  wish.system = user.system();
  wish.shell = user.has_shell() ? user.shell() : present != nullptr ? present->shell : "/bin/bash";
  wish.home = user.has_home() ? user.home() : present != nullptr ? present->home : "/home/" + name;
  wish.groups = {user.groups().begin(), user.groups().end()};
  std::sort(wish.groups.begin(), wish.groups.end());
  wish.groups.erase(std::unique(wish.groups.begin(), wish.groups.end()), wish.groups.end());
  return wish;
}

bool SameAccount(const host::UserState& present, const host::UserWish& wish) {
  return present.shell == wish.shell && present.home == wish.home && present.groups == wish.groups;
}

class Users final : public Family {
 public:
  using Family::Family;
  std::string Name() const override { return "user"; }
  std::vector<std::string> Verbs() const override { return {kEnsure, kRemove}; }

  Status Observe(const ServerSpec& spec, const v1::ObjectState& /*state*/, ServerObserved& observed) override {
    PW_ASSIGN(const auto users, env_.host.users.Find(KeysOf(spec.users())));
    for (const auto& [name, user] : users) {
      ServerObservedUser& found = (*observed.mutable_users())[name];
      found.set_shell(user.shell);
      found.set_home(user.home);
      found.set_uid(user.uid);
      for (const auto& group : user.groups) found.add_groups(group);
      for (const auto& key : ReadKeys(user)) found.add_authorized_keys(key);
    }
    return Ok();
  }

  std::vector<Drift> Compare(const ServerSpec& confirmed, const v1::ObjectState& /*state*/,
                             const ServerObserved& observed) override {
    std::vector<Drift> drift;
    for (const std::string& name : KeysOf(confirmed.users())) {
      const ServerUser& wanted = confirmed.users().at(name);
      const auto found = observed.users().find(name);
      if (found == observed.users().end()) {
        drift.push_back({name, "user " + name + " is gone"});
        continue;
      }
      host::UserState present;
      present.shell = found->second.shell();
      present.home = found->second.home();
      present.groups = {found->second.groups().begin(), found->second.groups().end()};
      const auto& keys = found->second.authorized_keys();
      if (!SameAccount(present, WishFor(name, wanted, &present))) {
        drift.push_back({name, "shell, home or groups of user " + name + " differ"});
      } else if (!wanted.authorized_keys().empty() && KeysText(keys) != KeysText(wanted.authorized_keys())) {
        drift.push_back({name, "authorized_keys of user " + name + " differ"});
      }
    }
    return drift;
  }

  void Watch(const ServerSpec& spec, Watches& watches) const override {
    if (spec.users().empty()) return;
    watches.folders.insert("/etc");
    for (const auto& [name, user] : spec.users()) {
      if (!user.authorized_keys().empty()) {
        watches.folders.insert((user.has_home() ? user.home() : "/home/" + name) + "/.ssh");
      }
    }
  }

  Result<std::string> Fact(const std::string& fact, const std::string& what,
                           const v1::ObjectState& /*state*/) override {
    if (fact != "user.exists") return NotFound(fact);
    PW_ASSIGN(const auto users, env_.host.users.Find({what}));
    return std::string(users.empty() ? "" : "true");
  }

  Result<Proof> Prove(const v1::Action& action, const v1::ObjectState& /*state*/) override {
    PW_ASSIGN(const auto payload, ParsePayload<UserAction>(action));
    PW_ASSIGN(const std::string state, StateOf(payload.name()));
    return Proof{{"user:" + payload.name(), state}};
  }

  Result<Done> Execute(const ActionContext& context, const ServerSpec& /*wanted*/, v1::ObjectState& state) override {
    const v1::Action& action = context.dispatch.action();
    PW_ASSIGN(const auto payload, ParsePayload<UserAction>(action));
    const std::string item = "user:" + payload.name();
    const std::string before = Noted(context, item);
    Done done;
    if (action.verb() == kRemove) {
      if (!IsManaged(state, item)) {
        done.log.push_back("user " + payload.name() + " was there before Podwright: left as it is");
        return done;
      }
      PW_TRY(TakeAway(payload.name(), state));
      done.changed = before != "absent";
      return done;
    }
    const Status ensured = Ensure(payload.name(), payload.user(), payload.manage_keys());
    PW_ASSIGN(const std::string after, StateOf(payload.name()));
    // An account that was made is ours, also when what came after it failed.
    if (before == "absent" && after != "absent") AddManaged(state, item);
    PW_TRY(ensured);
    done.changed = before != after;
    return done;
  }

  void Confirm(const v1::Dispatch& dispatch, const ServerSpec& wanted, ServerSpec& confirmed) const override {
    const auto payload = ParsePayload<UserAction>(dispatch.action());
    if (!payload.ok()) return;
    const bool ensures = dispatch.action().verb() == kEnsure;
    ConfirmItem(payload->name(), wanted.users(), dispatch.compensation(), ensures ? &payload->user() : nullptr,
                *confirmed.mutable_users());
  }

  Status Repair(const Drift& drift, const ServerSpec& confirmed, v1::ObjectState& /*state*/) override {
    const ServerUser& wanted = confirmed.users().at(drift.name);
    return Ensure(drift.name, wanted, !wanted.authorized_keys().empty());
  }

  Status TakeAway(const std::string& name, v1::ObjectState& state) override {
    PW_ASSIGN(const auto users, env_.host.users.Find({name}));
    if (!users.empty()) {
      PW_TRY(env_.host.users.Remove(name));
    }
    DropManaged(state, "user:" + name);
    return Ok();
  }

 private:
  std::vector<std::string> ReadKeys(const host::UserState& user) {
    const auto text = env_.host.files.Read(KeysPath(user), kMaxKeys);
    return text.ok() ? KeyLines(*text) : std::vector<std::string>();
  }

  Result<std::string> StateOf(const std::string& name) {
    PW_ASSIGN(const auto users, env_.host.users.Find({name}));
    if (users.empty()) return std::string("absent");
    const host::UserState& user = users.begin()->second;
    return user.shell + " " + user.home + "\n" + KeysText(user.groups) + "\n" + KeysText(ReadKeys(user));
  }

  Status Ensure(const std::string& name, const ServerUser& user, bool manage_keys) {
    PW_ASSIGN(auto users, env_.host.users.Find({name}));
    if (users.empty()) {
      PW_TRY(env_.host.users.Add(name, WishFor(name, user, nullptr)));
    } else if (const auto wish = WishFor(name, user, &users.begin()->second);
               !SameAccount(users.begin()->second, wish)) {
      PW_TRY(env_.host.users.Modify(name, wish));
    }
    if (!manage_keys) return Ok();
    PW_ASSIGN(users, env_.host.users.Find({name}));
    if (users.empty()) return Internal("user " + name + " is not there after it was made");
    return WriteKeys(name, users.begin()->second, KeysText(user.authorized_keys()));
  }

  // sshd refuses keys that others could have written: folder and file are the user's alone.
  Status WriteKeys(const std::string& name, const host::UserState& user, const std::string& text) {
    const host::FileAttributes folder{0700, name, user.primary_group};
    const host::FileAttributes file{0600, name, user.primary_group};
    const std::string path = KeysPath(user);
    PW_ASSIGN(const auto stat, env_.host.files.Stat(path));
    if (!stat && text.empty()) return Ok();
    const auto present = env_.host.files.Read(path, kMaxKeys);
    if (stat && present.ok() && *present == text && SameAttributes(*stat, file)) return Ok();
    PW_ASSIGN(const auto home, env_.host.files.Stat(user.home));
    if (!home) {
      PW_TRY(env_.host.files.EnsureFolder(user.home, folder));
    }
    PW_TRY(env_.host.files.EnsureFolder(host::ParentFolder(path), folder));
    return env_.host.files.Write(path, text, file);
  }
};

}  // namespace

std::unique_ptr<Family> MakeUsers(Environment& env) {
  return std::make_unique<Users>(env);
}

}  // namespace podwright::drivers::server
