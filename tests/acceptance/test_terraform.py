#!/usr/bin/env python3
"""podwright_server and podwright_secret under a real tofu or terraform."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

PROVIDER = 'provider "podwright" { stack = "%s" }\n'

STACK = """
resource "podwright_secret" "token" {
  name      = "%(name)s-token"
  generator = { length = 40 }
}
resource "podwright_server" "web" {
  name   = "%(name)s"
  labels = { tier = "web" }
  cloud  = "lab"
  files = {
    "/etc/motd" = { content = "%(motd)s\\n" }
  }
  secrets = { "/etc/token" = { secret = podwright_secret.token.name } }
}
data "podwright_server" "web" {
  name       = podwright_server.web.name
  depends_on = [podwright_server.web]
}
output "addresses" { value = podwright_server.web.status.addresses }
output "in_sync" { value = data.podwright_server.web.status.in_sync }
"""


class Terraform(Acceptance):
    def stack(self, name, motd="hello", extra=""):
        return self.world.stack(PROVIDER % name + STACK % {"name": name, "motd": motd} + extra, name)

    def plan_is_empty(self, folder, *arguments):
        self.world.tofu(folder, "plan", "-detailed-exitcode", *arguments, code=0)

    def test_create_update_drift_import_destroy(self):
        world, folder = self.world, self.stack("life")
        world.tofu(folder, "plan", "-detailed-exitcode", code=2)
        log = world.folder / "progress.log"
        world.tofu(folder, "apply", "-auto-approve", TF_LOG_PROVIDER="INFO", TF_LOG_PATH=str(log))
        done = [line for line in log.read_text().splitlines() if " action: " in line and "state=done" in line]
        self.assertTrue([line for line in done if "make a machine in the cloud lab" in line and "where=life" in line], done)
        self.assertEqual(world.shell("life", "cat /etc/motd"), "hello\n")
        self.plan_is_empty(folder, "-refresh=false")
        self.plan_is_empty(folder)

        self.stack("life", motd="changed")
        text = world.tofu(folder, "plan", "-detailed-exitcode", code=2)
        self.assertIn("updated in-place", text)
        world.tofu(folder, "apply", "-auto-approve")
        self.assertEqual(world.shell("life", "cat /etc/motd"), "changed\n")
        self.plan_is_empty(folder)

        # Real drift is read: paused, so that the agent does not repair it first.
        world.run("pause", "server/life", "--for", "10m", "--reason", "drift")
        world.shell("life", "echo drifted > /etc/motd")
        eventually("the drift to be seen by terraform",
                   lambda: "drifted" in world.tofu(folder, "plan", "-detailed-exitcode", code=2), 60)
        world.run("resume", "server/life")
        eventually("the repair", lambda: world.shell("life", "cat /etc/motd") == "changed\n", 30)
        self.plan_is_empty(folder)

        state = world.tofu(folder, "state", "pull")
        world.tofu(folder, "state", "rm", "podwright_server.web", "podwright_secret.token")
        world.tofu(folder, "import", "podwright_server.web", "life")
        world.tofu(folder, "import", "podwright_secret.token", "life-token")
        self.plan_is_empty(folder)
        self.assertNotIn("PRIVATE", state)

        world.tofu(folder, "destroy", "-auto-approve")
        self.assertEqual([o for o in world.json("get", "server") if o["name"] == "life"], [])
        self.assertEqual([m for m in world.json("lab", "list") if m["server"] == "life"], [])

    def test_a_written_secret_is_in_no_state_and_no_plan_file(self):
        value = "written-once-9d81c5"
        folder = self.world.stack(
            PROVIDER % "written" +
            'variable "v" {\n type = string\n ephemeral = true\n}\n'
            'resource "podwright_secret" "s" {\n name = "written"\n value_wo = var.v\n value_wo_version = 1\n}\n', "written")
        self.world.tofu(folder, "apply", "-auto-approve", variables={"v": value})
        self.assertNotIn(value, self.world.tofu(folder, "state", "pull"))
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0, variables={"v": value})
        self.world.tofu(folder, "destroy", "-auto-approve", variables={"v": value})

    def test_removing_a_secret_with_its_use_in_one_apply_ends_with_nothing_left_and_no_gap(self):
        """Terraform destroys first: the referenced secret leaves a tombstone, and goes when the server lets go."""
        world, folder = self.world, self.stack("letgo")
        world.tofu(folder, "apply", "-auto-approve")
        text = (folder / "main.tf").read_text()
        start, end = text.index('resource "podwright_secret"'), text.index('resource "podwright_server"')
        text = text[:start] + text[end:]
        text = text.replace('  secrets = { "/etc/token" = { secret = podwright_secret.token.name } }\n', "")
        (folder / "main.tf").write_text(text)
        said = world.tofu(folder, "apply", "-auto-approve")
        self.assertIn("letgo", said)
        eventually("the secret to go", lambda: not [o for o in world.json("get", "secret") if o["name"] == "letgo-token"], 60)
        world.shell("letgo", "test ! -e /etc/token")
        self.plan_is_empty(folder)
        world.tofu(folder, "destroy", "-auto-approve")

    def test_a_create_that_failed_half_way_is_resumed_not_wiped(self):
        world = self.world
        folder = self.stack("half")
        text = (folder / "main.tf").read_text()
        broken = text.replace('  cloud  = "lab"\n', '  cloud  = "lab"\n  packages = { no-such-package-anywhere = {} }\n')
        (folder / "main.tf").write_text(broken)
        with self.assertRaises(Failed) as failure:
            world.tofu(folder, "apply", "-auto-approve")
        self.assertIn("no-such-package-anywhere", failure.exception.out + failure.exception.err)
        machine = [m["id"] for m in world.json("lab", "list") if m["server"] == "half"]
        self.assertEqual(len(machine), 1)
        uid = [o["uid"] for o in world.json("get", "server") if o["name"] == "half"]
        (folder / "main.tf").write_text(text)
        world.tofu(folder, "apply", "-auto-approve")
        self.assertEqual([m["id"] for m in world.json("lab", "list") if m["server"] == "half"], machine)
        self.assertEqual([o["uid"] for o in world.json("get", "server") if o["name"] == "half"], uid)
        self.plan_is_empty(folder)
        world.tofu(folder, "destroy", "-auto-approve")

    def test_a_wrong_document_is_told_at_its_attribute(self):
        folder = self.world.stack(PROVIDER % "wrong" + 'resource "podwright_server" "w" {\n name = "Wrong_Name"\n}\n', "wrong")
        with self.assertRaises(Failed) as failure:
            self.world.tofu(folder, "validate")
        self.assertIn("Wrong_Name", failure.exception.out + failure.exception.err)

    def test_hcl_and_yaml_plan_the_same_digest(self):
        world = self.world
        folder = world.stack(PROVIDER.replace("stack =", "bind_plans = true\n  stack =").replace("{ bind", "{\n  bind")
                             .replace(" }\n", "\n}\n") % "twin" +
                             'resource "podwright_server" "t" {\n name = "twin"\n cloud = "lab"\n'
                             ' files = { "/etc/motd" = { content = "twin\\n" } }\n}\n', "twin")
        world.tofu(folder, "plan", "-out", "plan.bin")
        plan = json.loads(world.tofu(folder, "show", "-json", "plan.bin").splitlines()[0])
        hcl = plan["planned_values"]["root_module"]["resources"][0]["values"]["plan_digest"]
        yaml = world.plan("apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: twin}\nspec:\n  cloud: lab\n"
                          "  files:\n    /etc/motd: {content: \"twin\\n\"}\n", "-o", "json")
        self.assertEqual(hcl, json.loads(yaml)["digest"])


if __name__ == "__main__":
    main()
