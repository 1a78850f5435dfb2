# Secrets made, written, read for one run, and found. No value is in the state or in a saved plan.
terraform {
  required_version = ">= 1.11"
  required_providers {
    podwright = {
      source = "podwright/podwright"
    }
  }
}

# Endpoint, token and CA come from the CLI's context.
provider "podwright" {
  stack          = "secrets"
  default_labels = { team = "shop" }
}

# Made by the control plane.
resource "podwright_secret" "session_key" {
  name      = "session-key"
  labels    = { use = "sessions" }
  generator = { length = 64, alphabet = "hex" }
}

# Written through: raise the version together with the value.
variable "smtp_password" {
  type      = string
  ephemeral = true
}

variable "smtp_password_version" {
  type    = number
  default = 1
}

resource "podwright_secret" "smtp_password" {
  name             = "smtp-password"
  value_wo         = var.smtp_password
  value_wo_version = var.smtp_password_version
}

# Read for this run: the token needs the role `operator`, and the audit log notes it. By its `id`, a secret that this
# apply creates is read after that.
ephemeral "podwright_secret" "session_key" {
  id = podwright_secret.session_key.id
}

resource "podwright_secret" "legacy_session_key" {
  name             = "legacy-session-key"
  value_wo         = "v1:${ephemeral.podwright_secret.session_key.value}"
  value_wo_version = podwright_secret.session_key.status.version
}

# Found by their labels.
data "podwright_secrets" "shop" {
  labels     = { team = "shop" }
  depends_on = [podwright_secret.session_key, podwright_secret.smtp_password, podwright_secret.legacy_session_key]
}

output "versions" {
  value = { for name, secret in data.podwright_secrets.shop.secrets : name => secret.status.version }
}

output "workspace" {
  value = provider::podwright::parse_id(podwright_secret.session_key.id).workspace
}
