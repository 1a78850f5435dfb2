output "name" {
  value = provider::podwright::parse_id("shop/web-1").name # "web-1"
}
