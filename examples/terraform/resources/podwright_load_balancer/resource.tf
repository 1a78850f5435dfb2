resource "podwright_load_balancer" "front" {
  name    = "front"
  servers = [podwright_server.edge.name]

  listeners = {
    web = { port = 80, redirect_to_https = true }
    tls = {
      protocol     = "https"
      port         = 443
      certificates = { shop = { certificate = { secret = podwright_secret.tls.name } } }
    }
  }

  backends = {
    app = {
      port    = 8080
      servers = { for server in podwright_server.web : server.name => {} }
      check   = { type = "http", path = "/healthz" }
    }
  }

  routes = {
    app = { backend = "app" }
    api = {
      hosts      = ["shop.example.com"]
      path       = "/api"
      backend    = "app"
      rate_limit = { requests = 50, burst = 100 }
    }
  }
}

# Certificate and key: `podwright secret set shop-tls`.
resource "podwright_secret" "tls" { name = "shop-tls" }

resource "podwright_server" "edge" { name = "edge-1" }

resource "podwright_server" "web" {
  for_each = toset(["web-1", "web-2"])
  name     = each.key
}

output "front" { value = podwright_load_balancer.front.status.endpoints }
