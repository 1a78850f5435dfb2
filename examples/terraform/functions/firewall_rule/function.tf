resource "podwright_server" "metrics" {
  name = "metrics-1"
  firewall = {
    inbound = {
      web     = provider::podwright::firewall_rule("8080")
      metrics = provider::podwright::firewall_rule("9100-9110/tcp", "10.1.2.3/8", "192.168.7.9")
    }
  }
}
