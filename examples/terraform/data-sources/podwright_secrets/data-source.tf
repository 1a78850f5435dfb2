data "podwright_secrets" "shop" {
  labels = { team = "shop" }
}

output "without_value" {
  value = [for name, secret in data.podwright_secrets.shop.secrets : name if !secret.status.has_value]
}
