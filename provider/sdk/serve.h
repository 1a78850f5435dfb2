// Serve: runs a provider as the plugin process that OpenTofu and Terraform start.
//
//   int main(int argc, char** argv) {
//     ToyProvider provider;
//     return podwright::sdk::Serve(provider, {.name = "toy", .version = "1.0.0",
//                                             .addresses = {"registry.terraform.io/example/toy"}},
//                                  argc, argv);
//   }
//
// Returns the process's exit code: 0 after the host has asked it to end, 1 when it was not started by a
// host or could not serve. With `-debug` it serves on its own, prints TF_REATTACH_PROVIDERS and ends at
// Ctrl-C. Call it once, from main, before other threads are started.
#pragma once

#include <string>
#include <vector>

#include "provider/sdk/provider.h"

namespace podwright::sdk {

struct ServeOptions {
  std::string name{};     // the provider's type: "podwright"
  std::string version{};  // "0.1.0"
  // Full addresses, HOST/NAMESPACE/TYPE: the keys of TF_REATTACH_PROVIDERS, and what to install.
  std::vector<std::string> addresses{};
};

int Serve(Provider& provider, const ServeOptions& options, int argc, char** argv);

}  // namespace podwright::sdk
