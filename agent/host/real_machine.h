// Packages, units, users and kernel parameters of the machine that the agent runs on.
// Threading: as each interface says.
#pragma once

#include "agent/host/accounts.h"
#include "agent/host/packages.h"
#include "agent/host/sysctls.h"
#include "agent/host/units.h"
#include "agent/host/users.h"

namespace podwright::host {

class AptPackages final : public Packages {
 public:
  Result<std::map<std::string, std::string>> Installed(const std::vector<std::string>& names) override;
  Status Install(const std::string& name, const std::string& version) override;
  Status Remove(const std::string& name) override;

 private:
  // dpkg's database is asked again only when its file changed.
  std::string stamp_;
  std::map<std::vector<std::string>, std::map<std::string, std::string>> cached_;  // by what was asked for
};

class SystemdUnits final : public Units {
 public:
  Result<std::map<std::string, UnitState>> Show(const std::vector<std::string>& units) override;
  std::string Stamp(const std::vector<std::string>& units) override;
  Status SetEnabled(const std::string& unit, bool enabled) override;
  Status Start(const std::string& unit) override;
  Status Stop(const std::string& unit) override;
  Status Reload(const std::string& unit) override;
  Status Restart(const std::string& unit) override;
  Status DaemonReload() override;
  Status ArmTimer(const std::string& name, std::chrono::milliseconds delay,
                  const std::vector<std::string>& argv) override;
  Status DisarmTimer(const std::string& name) override;
  Result<bool> TimerPending(const std::string& name) override;
};

// What `systemctl show` printed for `units`, in their order. Pure; for SystemdUnits and its test.
Result<std::map<std::string, UnitState>> ParseShow(const std::string& output, const std::vector<std::string>& units);

class LocalUsers final : public Users {
 public:
  explicit LocalUsers(Accounts& accounts) : accounts_(accounts) {}
  Result<std::map<std::string, UserState>> Find(const std::vector<std::string>& names) override;
  Status Add(const std::string& name, const UserWish& wish) override;
  Status Modify(const std::string& name, const UserWish& wish) override;
  Status Remove(const std::string& name) override;

 private:
  Accounts& accounts_;
};

class ProcSysctls final : public Sysctls {
 public:
  explicit ProcSysctls(std::string root = "/proc/sys") : root_(std::move(root)) {}
  Result<std::optional<std::string>> Get(const std::string& name) override;
  Status Set(const std::string& name, const std::string& value) override;

 private:
  Result<std::string> PathOf(const std::string& name) const;
  const std::string root_;
};

}  // namespace podwright::host
