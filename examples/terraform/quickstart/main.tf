# The plan of examples/gitops/quickstart, in HCL: both give the same digest.
terraform {
  required_providers {
    podwright = {
      source = "podwright/podwright"
    }
  }
}

# Endpoint, token and CA come from the CLI's context.
provider "podwright" {
  stack = "quickstart"
}

resource "podwright_secret" "hello_token" {
  name      = "hello-token"
  generator = { length = 40 }
}

resource "podwright_server" "web_1" {
  name   = "web-1"
  labels = { tier = "web" }
  cloud  = "lab"
  files = {
    "/etc/motd" = { content = "web-1 is kept by Podwright.\n" }
    "/etc/systemd/system/hello.service" = {
      content  = <<-UNIT
        [Unit]
        Description=Says hello once a minute

        [Service]
        ExecStart=/bin/sh -c 'while :; do echo hello; sleep 60; done'

        [Install]
        WantedBy=multi-user.target
      UNIT
      restarts = ["hello.service"]
    }
  }
  units   = { "hello.service" = {} }
  secrets = { "/etc/hello/token" = { secret = podwright_secret.hello_token.name } }
}

resource "podwright_server" "web_2" {
  name    = "web-2"
  labels  = { tier = "web" }
  cloud   = "lab"
  files   = { "/etc/motd" = { content = "web-2 is kept by Podwright.\n" } }
  secrets = { "/etc/hello/token" = { secret = podwright_secret.hello_token.name } }
}

resource "podwright_server" "db_1" {
  name   = "db-1"
  labels = { tier = "data" }
  cloud  = "lab"
  files  = { "/etc/motd" = { content = "db-1 is kept by Podwright.\n" } }
  users  = { app = {} }
  sysctl = { "net.ipv4.ip_forward" = "1" }
}

output "addresses" {
  value = {
    for s in [podwright_server.web_1, podwright_server.web_2, podwright_server.db_1] : s.name => s.status.addresses
  }
}
