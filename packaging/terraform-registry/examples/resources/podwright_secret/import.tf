import {
  to = podwright_secret.example
  id = "default/example"
}
