// What the server is and can do. Threading: any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace podwright::host {

class Facts {
 public:
  virtual ~Facts() = default;
  virtual std::string BootId() = 0;
  virtual std::string Hostname() = 0;
  virtual std::string OperatingSystem() = 0;  // "debian 12"
  // Without loopback, link-local, meshes, and the shared ones of load balancers, which come and go. Sorted.
  virtual std::vector<std::string> Addresses() = 0;
  // The network interface that has the address now, shared ones too; empty where none has it.
  virtual std::string InterfaceOf(const std::string& address) = 0;
  // The one that goes out to others; empty where there is none.
  virtual std::string Address() = 0;
  virtual std::map<std::string, std::string> Capabilities() = 0;  // probed once
  virtual std::map<std::string, double> Health() = 0;  // volatile: load1, memory_available_bytes, disk_free_bytes
};

}  // namespace podwright::host
