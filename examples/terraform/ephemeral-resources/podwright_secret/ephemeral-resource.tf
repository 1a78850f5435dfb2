# In memory for this run, in no state and in no plan. The token needs the role `operator`.
ephemeral "podwright_secret" "session_key" {
  name = "session-key"
}

# Write-only attributes and providers' settings take it.
resource "podwright_secret" "copy" {
  name             = "session-key-copy"
  value_wo         = ephemeral.podwright_secret.session_key.value
  value_wo_version = 1
}
