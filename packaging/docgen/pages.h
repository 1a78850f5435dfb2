// All files of the repository that registries read: pages in docs/, what they show in examples/.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tfplugin/tfplugin6.pb.h"

namespace podwright::docgen {

using Files = std::map<std::string, std::string>;  // by path

// `root` is the source tree: examples in examples/terraform win over made ones, guides come from docs/.
Files RegistryFiles(const tfplugin6::GetProviderSchema::Response& schema, const std::filesystem::path& root);

// "" where there is none.
std::string ReadFile(const std::filesystem::path& path);

}  // namespace podwright::docgen
