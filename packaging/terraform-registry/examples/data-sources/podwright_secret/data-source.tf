data "podwright_secret" "example" {
  name = "example"
}
