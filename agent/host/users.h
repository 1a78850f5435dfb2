// Local users and groups. Threading: one caller at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::host {

struct UserState {
  std::uint32_t uid = 0;
  std::string primary_group;
  std::string home;
  std::string shell;
  std::vector<std::string> groups;  // further ones, sorted
};

struct UserWish {
  std::string home;
  std::string shell;
  std::vector<std::string> groups;  // exactly these
  bool system = false;              // only when it is made
};

class Users {
 public:
  virtual ~Users() = default;
  // Those of `names` that exist.
  virtual Result<std::map<std::string, UserState>> Find(const std::vector<std::string>& names) = 0;
  virtual Status Add(const std::string& name, const UserWish& wish) = 0;
  virtual Status Modify(const std::string& name, const UserWish& wish) = 0;
  // The home folder stays.
  virtual Status Remove(const std::string& name) = 0;
};

}  // namespace podwright::host
