import {
  to = podwright_server.example
  id = "default/example"
}
