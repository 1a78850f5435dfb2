data "podwright_secrets" "example" {}
