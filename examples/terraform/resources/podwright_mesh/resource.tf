resource "podwright_mesh" "prod" {
  name    = "prod"
  range   = "10.90.0.0/24"
  members = { for server in podwright_server.shop : server.name => {} }

  rules = {
    postgresql = {
      from = ["app-1", "app-2"]
      to   = ["db-1"]
      port = 5432
    }
  }
}

resource "podwright_server" "shop" {
  for_each = toset(["app-1", "app-2", "db-1"])
  name     = each.key
}

output "database_address" { value = podwright_mesh.prod.status.addresses["db-1"] }
