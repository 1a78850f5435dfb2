# Plans only: needs a control plane and makes nothing.
run "plan" {
  command = plan

  assert {
    condition     = podwright_server.web_1.secrets["/etc/hello/token"].secret == podwright_secret.hello_token.name
    error_message = "the token is not delivered to web-1"
  }
  assert {
    condition     = podwright_server.db_1.planned_disruption == "none"
    error_message = "making a server disturbs another one"
  }
}
