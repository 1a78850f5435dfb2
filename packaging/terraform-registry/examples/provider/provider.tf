terraform {
  required_providers {
    podwright = {
      source = "podwright/podwright"
    }
  }
}

provider "podwright" {
  stack    = "shop" # names the owner of everything that is declared here
  endpoint = "podwright.internal:7440"
  # token and CA: PODWRIGHT_TOKEN and PODWRIGHT_CA_FILE, or the CLI's context
}
