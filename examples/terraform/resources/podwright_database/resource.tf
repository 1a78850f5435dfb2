resource "podwright_database" "orders" {
  name    = "orders"
  engine  = "postgresql"
  version = "15"
  members = [for server in podwright_server.db : server.name]
  primary = "db-1"
  sync    = { mode = "quorum", count = 1 }

  users = {
    app    = { password = { secret = podwright_secret.orders.name } }
    report = { password = { secret = podwright_secret.report.name }, grants = { orders = "read" } }
  }
  databases = {
    orders = { owner = "app", extensions = ["pg_trgm"] }
  }
  parameters = {
    work_mem       = "8MB"
    shared_buffers = "256MB"
  }
}

resource "podwright_database" "stock" {
  name    = "stock"
  engine  = "mysql" # MariaDB
  version = "10.11"
  members = [for server in podwright_server.db : server.name]
  primary = "db-2"
  sync    = { mode = "quorum", count = 1 }

  users      = { stock = { password = { secret = podwright_secret.report.name }, connection_limit = 50 } }
  databases  = { stock = { owner = "stock" } }
  parameters = { innodb_buffer_pool_size = "512M" }
}

resource "podwright_secret" "orders" {
  name      = "orders-password"
  generator = { length = 32 }
}

resource "podwright_secret" "report" {
  name      = "report-password"
  generator = { length = 32 }
}

resource "podwright_server" "db" {
  for_each = toset(["db-1", "db-2"])
  name     = each.key
}

output "write_to" { value = podwright_database.orders.status.read_write }
output "log_in_as" { value = podwright_database.orders.status.users["app"].login }
