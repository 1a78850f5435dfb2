data "podwright_server" "example" {
  name = "example"
}
