#include "agent/host/accounts.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace podwright::host {
namespace {

std::string StampOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "-";
  return std::to_string(info.st_ino) + ":" + std::to_string(info.st_mtim.tv_sec) + ":" +
         std::to_string(info.st_mtim.tv_nsec) + ":" + std::to_string(info.st_size) + ":" +
         std::to_string(info.st_ctim.tv_nsec);
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in(text);
  while (std::getline(in, part, separator)) parts.push_back(part);
  return parts;
}

std::optional<std::uint32_t> Number(const std::string& text) {
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

Status Accounts::Refresh() {
  const std::string stamp = StampOf(passwd_path_) + "/" + StampOf(group_path_);
  if (stamp == stamp_) return Ok();
  std::ifstream passwd(passwd_path_);
  std::ifstream group(group_path_);
  if (!passwd || !group) return Unavailable("cannot read " + passwd_path_ + " and " + group_path_);
  users_.clear();
  groups_.clear();
  for (std::string line; std::getline(passwd, line);) {
    const auto fields = Split(line, ':');
    if (fields.size() < 6) continue;
    const auto uid = Number(fields[2]);
    const auto gid = Number(fields[3]);
    if (!uid || !gid) continue;
    users_.push_back({fields[0], *uid, *gid, fields[5], fields.size() > 6 ? fields[6] : ""});
  }
  for (std::string line; std::getline(group, line);) {
    const auto fields = Split(line, ':');
    if (fields.size() < 3) continue;
    if (const auto gid = Number(fields[2]); gid) {
      groups_.push_back({fields[0], *gid, fields.size() > 3 ? Split(fields[3], ',') : std::vector<std::string>()});
    }
  }
  stamp_ = stamp;
  return Ok();
}

Result<std::optional<Accounts::User>> Accounts::FindUser(const std::string& name) {
  std::lock_guard lock(mutex_);
  PW_TRY(Refresh());
  for (const User& user : users_) {
    if (user.name == name) return std::optional<User>(user);
  }
  return std::optional<User>();
}

Result<std::uint32_t> Accounts::UserId(const std::string& name) {
  if (const auto number = Number(name); number) return *number;
  PW_ASSIGN(const auto user, FindUser(name));
  if (!user) return Error(ErrorCode::kNotFound, "there is no user \"" + name + "\"", Retry::kBackoff);
  return user->uid;
}

Result<std::uint32_t> Accounts::GroupId(const std::string& name) {
  if (const auto number = Number(name); number) return *number;
  std::lock_guard lock(mutex_);
  PW_TRY(Refresh());
  for (const Group& group : groups_) {
    if (group.name == name) return group.gid;
  }
  return Error(ErrorCode::kNotFound, "there is no group \"" + name + "\"", Retry::kBackoff);
}

std::string Accounts::UserName(std::uint32_t uid) {
  std::lock_guard lock(mutex_);
  if (Refresh().ok()) {
    for (const User& user : users_) {
      if (user.uid == uid) return user.name;
    }
  }
  return std::to_string(uid);
}

std::string Accounts::GroupName(std::uint32_t gid) {
  std::lock_guard lock(mutex_);
  if (Refresh().ok()) {
    for (const Group& group : groups_) {
      if (group.gid == gid) return group.name;
    }
  }
  return std::to_string(gid);
}

Result<std::vector<std::string>> Accounts::GroupsOf(const std::string& user) {
  std::lock_guard lock(mutex_);
  PW_TRY(Refresh());
  std::vector<std::string> names;
  for (const Group& group : groups_) {
    if (std::find(group.members.begin(), group.members.end(), user) != group.members.end()) {
      names.push_back(group.name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace podwright::host
