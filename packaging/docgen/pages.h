// All files of the repository that registries read: pages in docs/, what they show in examples/.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tfplugin/tfplugin6.pb.h"

namespace podwright::docgen {

// What the provider serves.
struct Served {
  tfplugin6::GetProviderSchema::Response schema;
  tfplugin6::GetResourceIdentitySchemas::Response identities;
};

using Files = std::map<std::string, std::string>;  // by path

// `root` is the source tree: examples in examples/terraform win over made ones, guides come from docs/.
Files RegistryFiles(const Served& served, const std::filesystem::path& root);

// Of those files the ones that are made from the schema alone, for reviewers to see what changes.
Files CommittedFiles(const Files& files);

// "" where there is none.
std::string ReadFile(const std::filesystem::path& path);

}  // namespace podwright::docgen
