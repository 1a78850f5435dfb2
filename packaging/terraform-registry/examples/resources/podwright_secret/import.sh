# The id is WORKSPACE/NAME, or NAME in the provider's workspace.
terraform import podwright_secret.example default/example
