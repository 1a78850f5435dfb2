# `tofu test` (or `terraform test`) over this example, against a running control plane. Version numbers of a name are never used again, so
# they begin where an earlier run of this test ended.
variables {
  smtp_password = "first"
}

run "plan" {
  command = plan

  assert {
    condition     = podwright_secret.session_key.effective_labels == tomap({ team = "shop", use = "sessions" })
    error_message = "the default labels are not part of the plan"
  }
  assert {
    condition     = podwright_secret.smtp_password.planned_disruption == "none"
    error_message = "a new secret disturbs something"
  }
}

run "create" {
  assert {
    condition     = podwright_secret.session_key.status.has_value && podwright_secret.session_key.status.version >= 1
    error_message = "the generated value is not there"
  }
  assert {
    condition     = podwright_secret.smtp_password.value_wo == null
    error_message = "a write-only value came back"
  }
  assert {
    condition     = join(",", keys(output.versions)) == "legacy-session-key,session-key,smtp-password"
    error_message = "the data source does not find what was made"
  }
  assert {
    condition     = output.workspace == "default"
    error_message = "the id names another workspace"
  }
}

run "another_value_without_another_version_is_not_written" {
  variables {
    smtp_password = "second"
  }
  assert {
    condition     = output.versions["smtp-password"] == run.create.versions["smtp-password"]
    error_message = "the value was written though its version stayed"
  }
}

run "another_version" {
  variables {
    smtp_password         = "second"
    smtp_password_version = 2
  }
  assert {
    condition     = podwright_secret.smtp_password.status.version == run.create.versions["smtp-password"] + 1
    error_message = "the second value is not there"
  }
  assert {
    condition     = podwright_secret.session_key.status.version == run.create.versions["session-key"]
    error_message = "a secret that nobody changed has another version"
  }
}
