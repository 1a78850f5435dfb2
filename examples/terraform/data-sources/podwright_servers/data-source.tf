data "podwright_servers" "web" {
  labels         = { tier = "web" }
  label_selector = "!canary"
}

output "addresses" {
  value = { for name, server in data.podwright_servers.web.servers : name => server.status.addresses }
}
