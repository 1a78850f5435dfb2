// The names and numbers of local users and groups, read from the files themselves: a static program
// cannot use the C library's name services. Read again when a file changed. Threading: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::host {

class Accounts {
 public:
  struct User {
    std::string name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string home;
    std::string shell;
  };
  struct Group {
    std::string name;
    std::uint32_t gid = 0;
    std::vector<std::string> members;
  };

  explicit Accounts(std::string passwd_path = "/etc/passwd", std::string group_path = "/etc/group")
      : passwd_path_(std::move(passwd_path)), group_path_(std::move(group_path)) {}

  Result<std::optional<User>> FindUser(const std::string& name);
  // Not-found with the name, for who wants to give a file to somebody.
  Result<std::uint32_t> UserId(const std::string& name);
  Result<std::uint32_t> GroupId(const std::string& name);
  // The number itself where it has no name.
  std::string UserName(std::uint32_t uid);
  std::string GroupName(std::uint32_t gid);
  // Groups that list `user` as a member, sorted.
  Result<std::vector<std::string>> GroupsOf(const std::string& user);

 private:
  Status Refresh();  // mutex_ held

  const std::string passwd_path_;
  const std::string group_path_;
  std::mutex mutex_;
  std::string stamp_;  // protected by mutex_, as all below
  std::vector<User> users_;
  std::vector<Group> groups_;
};

}  // namespace podwright::host
