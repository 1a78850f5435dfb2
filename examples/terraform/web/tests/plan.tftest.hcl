# Plans only: needs a control plane and makes nothing.
run "plan" {
  command = plan

  assert {
    condition     = podwright_server.shop.firewall.inbound["metrics"].sources == tolist(["10.0.0.0/8", "192.168.7.9/32"])
    error_message = "the networks are not in their normal form"
  }
  assert {
    condition     = podwright_server.shop.firewall.inbound["web"].protocol == "tcp"
    error_message = "tcp is not the default"
  }
  assert {
    condition     = startswith(podwright_server.shop.files["/etc/systemd/system/shop.service"].content, "[Unit]\nDescription=The shop\n")
    error_message = "the unit file is not what systemd expects"
  }
  assert {
    condition     = podwright_server.shop.effective_labels == tomap({ team = "shop", tier = "web" })
    error_message = "the default labels are not part of the plan"
  }
}
