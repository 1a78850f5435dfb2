data "podwright_servers" "example" {}
