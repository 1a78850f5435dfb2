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
  virtual std::string OperatingSystem() = 0;         // "debian 12"
  virtual std::vector<std::string> Addresses() = 0;  // without loopback, link-local and meshes, sorted
  // The one that goes out to others; empty where there is none.
  virtual std::string Address() = 0;
  virtual std::map<std::string, std::string> Capabilities() = 0;  // probed once
  virtual std::map<std::string, double> Health() = 0;  // volatile: load1, memory_available_bytes, disk_free_bytes
};

}  // namespace podwright::host
