resource "podwright_server" "app" {
  name = "app-1"
  files = {
    "/etc/systemd/system/app.service" = {
      content = provider::podwright::systemd_unit({
        Unit    = { Description = "The app" }
        Service = { ExecStart = "/usr/bin/app", Environment = ["A=1", "B=2"] }
        Install = { WantedBy = "multi-user.target" }
      })
      restarts = ["app.service"]
    }
  }
  units = { "app.service" = {} }
}
