resource "podwright_cache" "sessions" {
  name    = "sessions"
  members = ["cache-1", "cache-2"]
  primary = "cache-1"

  sentinel = {
    servers    = [for server in podwright_server.shop : server.name]
    down_after = "2s"
  }

  min_replicas = { count = 1 }
  memory       = "256MiB"
  eviction     = "volatile-lru"
  users = {
    app = {
      password = { secret = podwright_secret.sessions.name }
      commands = ["+@all", "-@admin", "-@dangerous"]
      keys     = ["session:*"]
    }
  }
  depends_on = [podwright_server.shop]
}

resource "podwright_secret" "sessions" {
  name      = "sessions-password"
  generator = { length = 40 }
}

resource "podwright_server" "shop" {
  for_each = toset(["cache-1", "cache-2", "app-1"])
  name     = each.key
}

output "sentinels" { value = podwright_cache.sessions.status.sentinels }
