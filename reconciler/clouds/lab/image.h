// The lab's image: built once by debootstrap from the host's apt sources, kept as a tar in a cache
// folder that several labs may share, and imported into each lab's own podman storage.
//
// A build works in a folder of its own below the cache and is renamed into place when it is whole;
// what a killed build left is removed by the next. It runs in a mount and a process namespace, so no
// mount and no process outlives it.
//
// Threading: any thread; builds of one cache wait for each other, across processes too.
#pragma once

#include <string>

#include "core/result.h"
#include "reconciler/clouds/lab/podman.h"
#include "reconciler/clouds/lab/recipe.h"

namespace podwright::clouds::lab {

class ImageStore {
 public:
  // `podman` must outlive this.
  ImageStore(const Podman& podman, std::string cache_folder) : podman_(podman), folder_(std::move(cache_folder)) {}

  // The reference of the image for `recipe`, which is in podman's storage afterwards.
  Result<std::string> Ensure(const Recipe& recipe, const CallOptions& options) const;
  // Only the tar, which is there afterwards; its path. `podwright lab` and CI warm the cache with it.
  Result<std::string> EnsureArchive(const Recipe& recipe, const CallOptions& options) const;

 private:
  Status Build(const Recipe& recipe, const std::string& work, const std::string& archive,
               const CallOptions& options) const;
  Status RemoveOld(const Recipe& recipe) const;

  const Podman& podman_;
  const std::string folder_;
};

}  // namespace podwright::clouds::lab
