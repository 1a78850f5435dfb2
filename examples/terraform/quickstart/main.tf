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

# ---- passwords: made once on the control plane; nobody has to know them ----

resource "podwright_secret" "orders_password" {
  name      = "orders-password"
  generator = { length = 40 }
}

resource "podwright_secret" "sessions_password" {
  name      = "sessions-password"
  generator = { length = 40 }
}

# ---- three servers in the lab: Debian machines with systemd on this computer ----

resource "podwright_server" "web_1" {
  name   = "web-1"
  labels = { tier = "web" }
  cloud  = "lab"
  files  = { "/etc/motd" = { content = "web-1 is kept by Podwright.\n" } }
  packages = {
    "postgresql-client" = {}
    "redis-tools"       = {}
  }
  secrets = {
    "/etc/shop/orders-password"   = { secret = podwright_secret.orders_password.name }
    "/etc/shop/sessions-password" = { secret = podwright_secret.sessions_password.name }
  }
}

resource "podwright_server" "db" {
  for_each = toset(["db-1", "db-2"])
  name     = each.key
  labels   = { tier = "data" }
  cloud    = "lab"
}

locals {
  web = podwright_server.web_1.name
  db  = [podwright_server.db["db-1"].name, podwright_server.db["db-2"].name]
  all = concat([local.web], local.db)
}

# ---- a private network of the three: nothing goes in but what a rule names ----

resource "podwright_mesh" "shop" {
  name    = "shop"
  members = { for server in local.all : server => {} }
  range   = "10.90.0.0/24"
  rules = {
    postgresql = { from = local.all, to = local.db, port = 5432 }
    redis      = { from = local.all, to = local.db, port = 6379 }
    sentinel   = { from = local.all, to = local.all, port = 26379 }
    roles      = { from = local.all, to = local.all, port = 7443 } # who is the primary: the agents ask each other
  }
}

# ---- what the shop needs ----

resource "podwright_database" "orders" {
  name      = "orders"
  engine    = "postgresql"
  version   = "15"
  mesh      = podwright_mesh.shop.name
  members   = local.db
  sync      = { mode = "quorum", count = 1 }
  users     = { app = { password = { secret = podwright_secret.orders_password.name } } }
  databases = { orders = { owner = "app" } }
}

resource "podwright_cache" "sessions" {
  name     = "sessions"
  mesh     = podwright_mesh.shop.name
  members  = local.db
  sentinel = { servers = local.all }
  memory   = "64MiB"
  eviction = "allkeys-lru"
  users    = { app = { password = { secret = podwright_secret.sessions_password.name } } }
}

resource "podwright_load_balancer" "edge" {
  name    = "edge"
  servers = [local.web]
  mesh    = podwright_mesh.shop.name
  listeners = {
    http              = { protocol = "http", port = 80 }
    orders-read-write = { protocol = "tcp", port = 5000, backend = "orders-read-write" }
    orders-read-only  = { protocol = "tcp", port = 5001, backend = "orders-read-only" }
    sessions          = { protocol = "tcp", port = 6000, backend = "sessions" }
  }
  backends = {
    orders-read-write = { database = { name = podwright_database.orders.name, endpoint = "read_write" } }
    orders-read-only  = { database = { name = podwright_database.orders.name, endpoint = "read_only" } }
    sessions          = { cache = { name = podwright_cache.sessions.name } }
  }
  routes = {
    hello = { path = "/", respond = { body = "Hello from Podwright.\n" } }
  }
}

output "web" {
  value = podwright_server.web_1.status.addresses
}
