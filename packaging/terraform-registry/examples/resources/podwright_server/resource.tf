resource "podwright_server" "web" {
  name                = "web-1"
  labels              = { team = "shop", tier = "web" }
  deletion_protection = true

  packages = { nginx = {} }
  files = {
    "/etc/nginx/conf.d/shop.conf" = {
      content = "server { listen 8080; return 200 \"shop\\n\"; }\n"
      reloads = ["nginx.service"]
    }
  }
  units    = { "nginx.service" = { enabled = true, running = true } }
  firewall = { inbound = { http = { port = 8080 } } }
  secrets  = { "/etc/shop/api-token" = { secret = podwright_secret.api_token.name } }
}

resource "podwright_secret" "api_token" {
  name      = "shop-api-token"
  generator = { length = 48 }
}
