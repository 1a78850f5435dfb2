resource "podwright_secret" "plans_token" {
  name = "plans-token"
}

resource "podwright_git_source" "plans" {
  name        = "plans"
  url         = "https://github.com/acme/plans.git"
  branch      = "main"
  path        = "prod"
  interval    = "5m"
  credentials = { secret = podwright_secret.plans_token.name, username = "x-access-token" }
  verification = {
    signers = {
      ada = { ssh_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3pXrVrZlT3ZbUoq2jKXoFYOLbJpLmVxSvbKuT2bGz7" }
    }
  }
}

# What a pull request would do stands in one comment of it; a merge runs just that.
resource "podwright_secret" "plans_forge" {
  name = "plans-forge"
}

resource "podwright_git_source" "staging" {
  name        = "plans-staging"
  url         = "https://github.com/acme/plans.git"
  path        = "staging"
  credentials = { secret = podwright_secret.plans_token.name, username = "x-access-token" }
  pull_requests = {
    forge      = "github"
    repository = "acme/plans"
    secret     = podwright_secret.plans_forge.name
  }
}
