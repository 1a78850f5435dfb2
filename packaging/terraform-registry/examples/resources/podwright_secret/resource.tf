# Made by the control plane.
resource "podwright_secret" "session_key" {
  name      = "session-key"
  generator = { length = 64, alphabet = "hex" }
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
