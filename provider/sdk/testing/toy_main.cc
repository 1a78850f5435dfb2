#include "provider/sdk/serve.h"
#include "provider/sdk/testing/toy_provider.h"

int main(int argc, char** argv) {
  podwright::sdk::testing::ToyProvider provider;
  return podwright::sdk::Serve(
      provider,
      {.name = "toy",
       .version = "0.1.0",
       .addresses = {"registry.terraform.io/podwright/toy", "registry.opentofu.org/podwright/toy"}},
      argc, argv);
}
