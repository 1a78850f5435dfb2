# Plans only: needs a control plane and makes nothing.
run "plan" {
  command = plan

  assert {
    condition     = podwright_database.orders.users["app"].password.secret == podwright_secret.orders_password.name
    error_message = "the shop's user does not log in with the generated password"
  }
  assert {
    condition     = podwright_server.db["db-1"].planned_disruption == "none"
    error_message = "making a server disturbs another one"
  }
}
