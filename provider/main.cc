// terraform-provider-podwright: what OpenTofu and Terraform start.
#include "core/version.h"
#include "kinds/registry.h"
#include "provider/client_backend.h"
#include "provider/podwright_provider.h"
#include "provider/sdk/serve.h"

int main(int argc, char** argv) {
  podwright::provider::PodwrightProvider provider(podwright::kinds::AllKinds(), podwright::provider::ConnectBackend,
                                                  podwright::kVersion, podwright::client::ProcessEnvironment());
  return podwright::sdk::Serve(
      provider,
      {.name = "podwright",
       .version = podwright::kVersion,
       .addresses = {"registry.opentofu.org/podwright/podwright", "registry.terraform.io/podwright/podwright"}},
      argc, argv);
}
