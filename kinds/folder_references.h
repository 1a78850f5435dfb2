// The references between the documents of one load: what is declared twice, what is not there, what goes round in
// circles. For the files of kinds/ only.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kinds/diagnostic.h"
#include "kinds/references.h"

namespace podwright::kinds {

struct LoadOptions;

class FolderReferences {
 public:
  // Where the object was declared before; unknown when this is the first time.
  Location Declare(const std::string& kind, const std::string& name, const Location& location);
  void Add(const std::string& kind, const std::string& name, Reference reference, const Location& place);
  void Check(const LoadOptions& options, Diagnostics* out) const;

 private:
  using Id = std::pair<std::string, std::string>;
  struct Edge {
    Id to;
    Path path;
    Location place;
  };
  void CheckDangling(const LoadOptions& options, Diagnostics* out) const;
  void CheckCycles(Diagnostics* out) const;

  std::map<Id, Location> declared_;
  std::map<Id, std::vector<Edge>> edges_;
};

}  // namespace podwright::kinds
