# One server with a service of its own, whose unit file and firewall rules are made by the provider's functions.
terraform {
  required_version = ">= 1.8"
  required_providers {
    podwright = {
      source = "podwright/podwright"
    }
  }
}

provider "podwright" {
  stack          = "web"
  default_labels = { team = "shop" }
}

variable "greeting" {
  type    = string
  default = "hello"
}

resource "podwright_secret" "token" {
  name      = "shop-token"
  generator = { length = 48 }
}

resource "podwright_server" "shop" {
  name   = "shop-1"
  cloud  = "lab"
  labels = { tier = "web" }

  files = {
    "/etc/shop.conf" = {
      content  = "greeting=${var.greeting}\n"
      restarts = ["shop.service"]
    }
    "/etc/systemd/system/shop.service" = {
      content = provider::podwright::systemd_unit({
        Unit = { Description = "The shop" }
        Service = {
          EnvironmentFile = "/etc/shop.conf"
          ExecStart       = "/bin/sh -c 'echo $greeting; exec sleep infinity'"
          Restart         = "on-failure"
        }
        Install = { WantedBy = "multi-user.target" }
      })
      restarts = ["shop.service"]
    }
  }
  units   = { "shop.service" = {} }
  secrets = { "/etc/shop/token" = { secret = podwright_secret.token.name } }
  firewall = {
    inbound = {
      web     = provider::podwright::firewall_rule("8080")
      metrics = provider::podwright::firewall_rule("9100-9110/tcp", "10.1.2.3/8", "192.168.7.9")
    }
  }
}

output "addresses" {
  value = podwright_server.shop.status.addresses
}
