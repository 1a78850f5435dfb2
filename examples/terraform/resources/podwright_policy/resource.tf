resource "podwright_policy" "this" {
  name = "default"
  limits = {
    deletes         = 5
    data_losses     = 0
    restarts        = 20
    failovers       = 2
    servers_percent = 30
    within          = "30m"
  }
  approvals = {
    needed        = 2
    approvers     = ["token:ada", "token:bob", "github:carol"]
    not_by_author = true
    expires       = "2d"
  }
  windows = {
    databases = {
      kinds     = ["database"]
      open      = ["Sat 02:00-04:00"]
      time_zone = "Europe/Berlin"
      from      = "failover"
    }
  }
  waves = ["stage=canary", "stage=main"]
}
