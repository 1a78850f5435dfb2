// Distribution packages (dpkg and apt). Threading: one caller at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"

namespace podwright::host {

class Packages {
 public:
  virtual ~Packages() = default;
  // Versions of those of `names` that are installed and configured.
  virtual Result<std::map<std::string, std::string>> Installed(const std::vector<std::string>& names) = 0;
  // An empty version means any. Waits for the lock of another apt; asks nothing; keeps changed
  // configuration files. Not-found when no source has the package or that version.
  virtual Status Install(const std::string& name, const std::string& version) = 0;
  virtual Status Remove(const std::string& name) = 0;
};

}  // namespace podwright::host
