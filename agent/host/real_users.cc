#include "agent/host/programs.h"
#include "agent/host/real_machine.h"

namespace podwright::host {
namespace {

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

}  // namespace

Result<std::map<std::string, UserState>> LocalUsers::Find(const std::vector<std::string>& names) {
  std::map<std::string, UserState> found;
  for (const std::string& name : names) {
    PW_ASSIGN(const auto user, accounts_.FindUser(name));
    if (!user) continue;
    UserState& state = found[name];
    state.uid = user->uid;
    state.primary_group = accounts_.GroupName(user->gid);
    state.home = user->home;
    state.shell = user->shell;
    PW_ASSIGN(state.groups, accounts_.GroupsOf(name));
  }
  return found;
}

Status LocalUsers::Add(const std::string& name, const UserWish& wish) {
  std::vector<std::string> argv = {"useradd", "--shell", wish.shell, "--home-dir", wish.home, "--user-group"};
  if (wish.system) {
    argv.insert(argv.end(), {"--system", "--no-create-home"});
  } else {
    argv.emplace_back("--create-home");
  }
  if (!wish.groups.empty()) argv.insert(argv.end(), {"--groups", Joined(wish.groups)});
  argv.insert(argv.end(), {"--", name});
  return RunProgram(argv);
}

Status LocalUsers::Modify(const std::string& name, const UserWish& wish) {
  PW_ASSIGN(const auto user, accounts_.FindUser(name));
  if (!user) return NotFound("there is no user \"" + name + "\"");
  std::vector<std::string> argv = {"usermod"};
  if (user->shell != wish.shell) argv.insert(argv.end(), {"--shell", wish.shell});
  // A user with running processes keeps its home: usermod refuses, and its words say so.
  if (user->home != wish.home) argv.insert(argv.end(), {"--home", wish.home});
  PW_ASSIGN(const auto groups, accounts_.GroupsOf(name));
  if (groups != wish.groups) argv.insert(argv.end(), {"--groups", Joined(wish.groups)});
  if (argv.size() == 1) return Ok();
  argv.insert(argv.end(), {"--", name});
  return RunProgram(argv);
}

Status LocalUsers::Remove(const std::string& name) {
  return RunProgram({"userdel", "--", name});
}

}  // namespace podwright::host
