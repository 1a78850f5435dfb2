// What the machine is, from /proc, /etc/os-release and the network interfaces. Threading: any thread.
#pragma once

#include <mutex>
#include <optional>

#include "agent/host/facts.h"

namespace podwright::host {

class RealFacts final : public Facts {
 public:
  std::string BootId() override;
  std::string Hostname() override;
  std::string OperatingSystem() override;
  std::vector<std::string> Addresses() override;
  std::string InterfaceOf(const std::string& address) override;
  std::string Address() override;
  std::map<std::string, std::string> Capabilities() override;
  std::map<std::string, double> Health() override;

 private:
  std::mutex mutex_;
  std::optional<std::map<std::string, std::string>> capabilities_;  // protected by mutex_
};

}  // namespace podwright::host
