// Small things that the lab's parts share: programs with a time limit, and files.
//
// Threading: any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "reconciler/clouds/cloud.h"

namespace podwright::clouds::lab {

struct ToolInput {
  std::string stdin_bytes;
  std::map<std::string, std::string> env;
};

// Standard output of a program that must succeed. `limit` holds where `options` has no deadline.
Result<std::string> RunTool(std::vector<std::string> argv, const CallOptions& options, std::chrono::seconds limit,
                            ToolInput input = {});

Result<std::string> ReadFile(const std::string& path);
// With missing parents, which get the same mode.
Status MakeFolder(const std::string& path, std::uint32_t mode);
// Unmounts everything at or below `path`, deepest first. Nothing mounted is success.
Status UnmountBelow(const std::string& path);
// Removes the tree, which must not have mounts in it. Absence is success.
Status RemoveTree(const std::string& path);

}  // namespace podwright::clouds::lab
