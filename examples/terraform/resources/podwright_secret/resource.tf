# Made by the control plane.
resource "podwright_secret" "session_key" {
  name      = "session-key"
  generator = { length = 64, alphabet = "hex" }
}

# A certificate of the workspace's own CA, with the parts certificate, private_key and ca.
resource "podwright_secret" "shop_tls" {
  name      = "shop-tls"
  generator = { certificate = { common_name = "shop", names = ["shop.example.org"], duration = "90d" } }
}

# Written through, never stored in state.
variable "smtp_password" {
  type      = string
  ephemeral = true
}

resource "podwright_secret" "smtp_password" {
  name             = "smtp-password"
  value_wo         = var.smtp_password
  value_wo_version = 1
}
