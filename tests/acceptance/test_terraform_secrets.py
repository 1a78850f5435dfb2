#!/usr/bin/env python3
"""A secret's value goes from an ephemeral resource into a write-only attribute, and is nowhere else: not in the state, a
saved plan, what is said, or a log of every level."""
import json
import pathlib
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Acceptance, Failed, main  # noqa: E402

# Reads a secret as an operator would: into a file of his own.
READ = """
provider "podwright" {
  stack = "reader"
}
ephemeral "podwright_secret" "s" {
  name = "%s"
}
resource "terraform_data" "read" {
  triggers_replace = timestamp()
  provisioner "local-exec" {
    command     = "printenv VALUE > value"
    environment = { VALUE = ephemeral.podwright_secret.s.value }
  }
}
"""
STACK = """
terraform {
  required_version = ">= 1.11"
}
provider "podwright" {
  stack = "copies"
}
ephemeral "podwright_secret" "source" {
  name = "source"
}
resource "podwright_secret" "copy" {
  name             = "copy"
  value_wo         = "copied ${ephemeral.podwright_secret.source.value}"
  value_wo_version = %d
}
output "version" {
  value = podwright_secret.copy.status.version
}
"""


class WriteOnly(Acceptance):
    def setUp(self):
        self.world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: source}\nspec: {}\n")
        self.give("first-5f0c77d1")
        self.folder = self.world.stack(STACK % 1, "copies")
        self.trace = self.world.folder / "trace.log"

    def give(self, value):
        self.world.run("secret", "set", "source", stdin=value)

    def value_of(self, name):
        folder = self.world.stack(READ % name, "reader")
        self.world.tofu(folder, "apply", "-auto-approve")
        return (folder / "value").read_text().rstrip("\n")

    def tofu(self, *arguments, **options):
        return self.world.tofu(self.folder, *arguments, TF_LOG="TRACE", TF_LOG_PATH=str(self.trace), **options)

    def apply_saved(self):
        said = self.tofu("plan", "-out", "plan.bin")
        shown = self.tofu("show", "-json", "plan.bin")
        said += shown + self.tofu("apply", "plan.bin")
        plan = self.folder / "plan.bin"
        with zipfile.ZipFile(plan) as zipped:
            said += "".join(zipped.read(name).decode(errors="replace") for name in zipped.namelist())
        return said

    def test_the_value_is_written_with_each_new_version_and_is_nowhere_else(self):
        first, second = "first-5f0c77d1", "second-81b20ce6"
        said = self.apply_saved()
        self.assertEqual(self.value_of("copy"), "copied " + first)
        # Another value alone is no change: its version is what counts.
        self.give(second)
        said += self.tofu("plan", "-detailed-exitcode", code=0)
        self.world.stack(STACK % 2, "copies")
        said += self.tofu("plan", "-detailed-exitcode", code=2)
        said += self.apply_saved()
        self.assertEqual(self.value_of("copy"), "copied " + second)
        self.assertEqual(json.loads(self.world.tofu(self.folder, "output", "-json", "version")), 2)
        said += self.tofu("plan", "-detailed-exitcode", code=0)

        trace = self.trace.read_text(errors="replace")
        self.assertIn("terraform-provider-podwright", trace)
        files = b"".join(p.read_bytes() for p in self.folder.rglob("*") if p.is_file())
        for value in (first, second):
            self.assertNotIn(value, said)
            self.assertNotIn(value, trace)
            self.assertNotIn(value, self.world.tofu(self.folder, "state", "pull"))
            self.assertNotIn(value.encode(), files)
            self.assertNotIn(value, self.world.log())
            self.assertNotIn(value, self.world.run("audit", "list"))
        opened = [e for e in self.world.json("audit", "list") if e["verb"] == "secret.open" and e["object"] == "secret/source"]
        self.assertTrue(opened)
        self.tofu("destroy", "-auto-approve")

    def test_a_value_that_the_control_plane_refuses_is_not_in_what_is_said(self):
        """A write-only value where the secret has a generator, too."""
        self.world.stack(STACK % 1 + 'resource "podwright_secret" "both" {\n  name             = "both"\n  generator        = {}\n'
                                     "  value_wo         = ephemeral.podwright_secret.source.value\n  value_wo_version = 1\n}\n",
                         "copies")
        with self.assertRaises(Failed) as failure:
            self.tofu("apply", "-auto-approve")
        said = failure.exception.out + failure.exception.err
        self.assertIn("podwright_secret.both", said)
        self.assertNotIn("first-5f0c77d1", said + self.trace.read_text())


PARTS = """
provider "podwright" {
  stack = "parts"
}
resource "podwright_secret" "account" {
  name             = "account"
  parts            = ["user", "password"]
  value_wo         = jsonencode({ user = "app", password = "parts-5f0c77d1" })
  value_wo_version = 1
}
resource "podwright_secret" "tls" {
  name      = "tls"
  generator = { certificate = { common_name = "shop", names = ["shop.example.org"] } }
}
ephemeral "podwright_secret" "account" {
  id = podwright_secret.account.id
}
ephemeral "podwright_secret" "tls" {
  id = podwright_secret.tls.id
}
resource "terraform_data" "read" {
  provisioner "local-exec" {
    command     = "printenv PASSWORD > password; printenv CERTIFICATE > certificate"
    environment = {
      PASSWORD    = ephemeral.podwright_secret.account.parts["password"]
      CERTIFICATE = ephemeral.podwright_secret.tls.parts["certificate"]
    }
  }
}
output "parts" {
  value = podwright_secret.tls.status.parts
}
"""


class Parts(Acceptance):
    def test_parts_are_written_and_read_and_stand_in_no_state(self):
        folder = self.world.stack(PARTS, "parts")
        self.world.tofu(folder, "apply", "-auto-approve")
        self.assertEqual((folder / "password").read_text(), "parts-5f0c77d1\n")
        self.assertIn("BEGIN CERTIFICATE", (folder / "certificate").read_text())
        self.assertEqual(json.loads(self.world.tofu(folder, "output", "-json", "parts")), ["ca", "certificate", "private_key"])
        state = self.world.tofu(folder, "state", "pull")
        self.assertNotIn("parts-5f0c77d1", state)
        self.assertNotIn("BEGIN", state)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")


if __name__ == "__main__":
    main()
