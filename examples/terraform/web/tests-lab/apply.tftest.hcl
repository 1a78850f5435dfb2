# Makes a server in the lab: tofu test -test-directory=tests-lab (or terraform)
run "create" {
  assert {
    condition     = length(output.addresses) > 0
    error_message = "the server has no address"
  }
  assert {
    condition     = podwright_server.shop.status.in_sync
    error_message = "what runs is not what was declared"
  }
}

run "a_change_that_restarts_says_so_in_the_plan" {
  command = plan
  variables {
    greeting = "good evening"
  }
  assert {
    condition     = podwright_server.shop.planned_disruption == "restart"
    error_message = "the plan does not say that the service is restarted"
  }
}

run "change" {
  variables {
    greeting = "good evening"
  }
  assert {
    condition     = podwright_server.shop.files["/etc/shop.conf"].content == "greeting=good evening\n"
    error_message = "the file is not what was declared"
  }
}

run "nothing_is_left_to_do" {
  command = plan
  variables {
    greeting = "good evening"
  }
  assert {
    condition     = podwright_server.shop.status.in_sync
    error_message = "the plan after an apply is not empty"
  }
}
