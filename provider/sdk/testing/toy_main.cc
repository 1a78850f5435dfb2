#include <cstdio>
#include <cstdlib>

#include "provider/sdk/serve.h"
#include "provider/sdk/testing/toy_provider.h"

namespace {

// What an author does not do on purpose: printing before main, before Serve and (ToyProvider::Configure) after it.
void Print(const char* when) {
  if (std::getenv("TOY_PRINTS") == nullptr) return;
  std::printf("printed to stdout %s\n", when);
  std::fprintf(stderr, "printed to stderr %s\n", when);
}

const bool kPrintsEarly = (Print("before main"), true);

}  // namespace

int main(int argc, char** argv) {
  podwright::sdk::testing::ToyProvider provider;
  if (kPrintsEarly) Print("before the handshake");
  return podwright::sdk::Serve(
      provider,
      {.name = "toy",
       .version = "0.1.0",
       .addresses = {"registry.terraform.io/podwright/toy", "registry.opentofu.org/podwright/toy"}},
      argc, argv);
}
