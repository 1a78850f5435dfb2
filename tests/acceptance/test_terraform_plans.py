#!/usr/bin/env python3
"""Plans that are saved, made before the control plane is known, or that run out of time, under a real tofu or terraform.
Secrets, and servers whose agent never comes: no lab."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

BOUND = 'provider "podwright" {\n  stack      = "%s"\n  bind_plans = true\n}\n'
SERVER = """
resource "podwright_server" "s" {
  name     = "%s"
  sysctl   = { "vm.swappiness" = "%s" }
  timeouts = { create = "3s", update = "3s" }
}
"""


class Plans(Acceptance):
    def objects(self, kind, name):
        return [o for o in self.world.json("get", kind) if o["name"] == name]

    def object(self, kind, name):
        found = self.objects(kind, name)
        self.assertEqual(len(found), 1, f"{kind}/{name}")
        return found[0]

    def refused(self, folder, *arguments, **options):
        with self.assertRaises(Failed) as failure:
            self.world.tofu(folder, *arguments, **options)
        said = " ".join((failure.exception.out + failure.exception.err).replace("│", " ").split())
        self.assertNotIn("Plugin did not respond", said)
        return said

    # ---- bind_plans ----

    def test_a_world_that_changed_under_a_bound_plan_is_refused_and_what_changed_is_named(self):
        self.world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: outside}\nspec: {generator: {}}\n")
        folder = self.world.stack(
            BOUND % "bound" + 'resource "podwright_server" "s" {\n  name    = "bound"\n'
            '  secrets = { "/etc/token" = { secret = "outside" } }\n  timeouts = { create = "2s" }\n}\n', "bound")
        self.world.tofu(folder, "plan", "-out", "plan.bin")
        self.world.run("secret", "rotate", "outside")
        said = self.refused(folder, "apply", "plan.bin")
        self.assertIn("plan_digest", said)
        self.assertRegex(said, r'\.plan_facts\["[^"]*secret/outside[^"]*"\]: was cty.StringVal\("[0-9a-f]{12}"\), but now')
        self.assertEqual(self.objects("server", "bound"), [])

    def test_a_bound_plan_of_an_unchanged_world_is_applied(self):
        folder = self.world.stack(BOUND % "still" + 'resource "podwright_secret" "s" {\n  name      = "still"\n'
                                  "  generator = { length = 20 }\n}\n", "still")
        self.world.tofu(folder, "plan", "-out", "plan.bin")
        self.world.tofu(folder, "apply", "plan.bin")
        self.object("secret", "still")
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")

    def test_unknown_inputs_leave_a_plan_unbound_and_it_is_applied(self):
        folder = self.world.stack(BOUND % "open" + 'resource "terraform_data" "d" {}\nresource "podwright_secret" "s" {\n'
                                  '  name      = "open"\n  labels    = { id = terraform_data.d.id }\n'
                                  "  generator = {}\n}\n", "open")
        self.world.tofu(folder, "plan", "-out", "plan.bin")
        shown = self.world.tofu(folder, "show", "-json", "plan.bin")
        plan = json.loads(next(line for line in shown.splitlines() if line.startswith("{")))
        change = next(c["change"] for c in plan["resource_changes"] if c["type"] == "podwright_secret")
        self.assertIs(change["after_unknown"]["plan_digest"], True)
        self.world.tofu(folder, "apply", "plan.bin")
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")

    # ---- a configuration that is not known while planning ----

    def test_a_token_that_the_same_apply_makes_is_said_to_leave_the_plan_unchecked(self):
        token = self.world.json("token", "create", "--name", "later", "--role", "operator")["secret"]
        folder = self.world.stack(
            'variable "token" {\n  sensitive = true\n}\n'
            'resource "terraform_data" "token" {\n  input = var.token\n}\n'
            'provider "podwright" {\n  stack = "later"\n  token = terraform_data.token.output\n}\n'
            'resource "podwright_secret" "s" {\n  name = "later"\n  generator = {}\n}\n', "later")
        options = {"variables": {"token": token}}
        said = self.world.tofu(folder, "plan", **options)
        self.assertIn("The plan is not checked with the control plane", said)
        self.assertIn("`token`", said)
        said = self.world.tofu(folder, "apply", "-auto-approve", **options)
        self.object("secret", "later")
        # Known from now on: checked again, and nothing is to be done.
        said = self.world.tofu(folder, "plan", "-detailed-exitcode", code=0, **options)
        self.assertNotIn("not checked", said)
        audit = [e["detail"] for e in self.world.json("audit", "list") if e["actor"] == "token:later" and e["verb"] == "apply"]
        self.assertRegex(audit[0], r"asked by terraform-provider-podwright/[0-9.]+ core/[0-9.]+")
        self.world.tofu(folder, "destroy", "-auto-approve", **options)

    def test_an_object_that_a_data_source_needs_before_the_control_plane_is_known_says_what_to_do(self):
        folder = self.world.stack(
            'resource "terraform_data" "e" {\n  input = "127.0.0.1:%d"\n}\n' % self.world.api +
            'provider "podwright" {\n  stack = "early"\n  endpoint = terraform_data.e.output\n}\n'
            'data "podwright_secrets" "all" {}\n', "early")
        said = self.refused(folder, "plan")
        self.assertIn("Of the provider's configuration `endpoint` is made by this apply", said)
        self.assertIn("Apply in two steps", said)
        self.world.tofu(folder, "apply", "-auto-approve", "-target=terraform_data.e")
        self.world.tofu(folder, "apply", "-auto-approve")

    # ---- import ----

    def test_import_blocks_take_a_name_or_a_workspace_with_it(self):
        for given in ("taken", "default/taken"):
            with self.subTest(given):
                body = 'resource "podwright_secret" "s" {\n  name      = "taken"\n  generator = {}\n}\n'
                folder = self.world.stack('provider "podwright" {\n  stack = "taken"\n}\n' + body, "taken")
                self.world.tofu(folder, "apply", "-auto-approve")
                uid = self.object("secret", "taken")["uid"]
                self.world.tofu(folder, "state", "rm", "podwright_secret.s")
                self.world.stack('provider "podwright" {\n  stack = "taken"\n}\n' + body +
                                 'import {\n  to = podwright_secret.s\n  id = "%s"\n}\n' % given, "taken")
                said = self.world.tofu(folder, "plan")
                self.assertIn("1 to import, 0 to add, 0 to change, 0 to destroy", said)
                self.world.tofu(folder, "apply", "-auto-approve")
                self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
                self.assertEqual(self.object("secret", "taken")["uid"], uid)
                self.world.tofu(folder, "destroy", "-auto-approve")

    def test_what_is_not_there_cannot_be_imported(self):
        folder = self.world.stack('provider "podwright" {\n  stack = "none"\n}\nresource "podwright_secret" "s" {\n'
                                  '  name      = "none"\n  generator = {}\n}\n', "none")
        said = self.refused(folder, "import", "podwright_secret.s", "none")
        self.assertIn("Cannot import non-existent remote object", said)
        said = self.refused(folder, "import", "podwright_secret.s", "Not/A/Name")
        self.assertIn("is neither NAME nor WORKSPACE/NAME of a secret", said)

    # ---- time limits ----

    def test_a_create_that_takes_too_long_goes_on_is_named_and_resumed(self):
        """Nobody enrols an agent for the server, so its run waits."""
        folder = self.world.stack('provider "podwright" {\n  stack = "late"\n}\n' + SERVER % ("late", "10"), "late")
        said = self.refused(folder, "apply", "-auto-approve")
        run = self.world.run_of("late")
        self.assertIn("server/late: not done in time, the run goes on", said)
        self.assertIn(f"podwright run get {run['id']}", said)
        self.assertIn("waits for", said)
        self.assertIn("timeouts.create", said)
        self.assertIn(run["state"], ("pending", "running", "waiting"))
        uid = self.object("server", "late")["uid"]
        self.assertIn("podwright_server.s", self.world.tofu(folder, "state", "list"))
        # It is tainted, and what comes next takes it up.
        said = self.refused(folder, "apply", "-auto-approve")
        self.assertIn("exists already and is taken up as it is", said)
        self.assertEqual(self.object("server", "late")["uid"], uid)
        # A value that is not known while planning changes nothing of that.
        (folder / "main.tf").write_text((folder / "main.tf").read_text().replace(
            '"10"', "terraform_data.v.output") + 'resource "terraform_data" "v" {\n  input = "20"\n}\n')
        said = self.world.tofu(folder, "plan")
        self.assertIn("exists already and is taken up as it is", said)
        self.refused(folder, "apply", "-auto-approve")
        self.assertEqual(self.object("server", "late")["uid"], uid)

    def test_other_timeouts_alone_ask_the_control_plane_for_nothing(self):
        text = ('provider "podwright" {\n  stack = "limits"\n}\nresource "podwright_secret" "s" {\n  name      = "limits"\n'
                "  generator = {}\n  timeouts  = { create = \"%s\" }\n}\n")
        folder = self.world.stack(text % "10m", "limits")
        self.world.tofu(folder, "apply", "-auto-approve")
        revision = self.object("secret", "limits")["revision"]
        self.world.stack(text % "20m", "limits")
        self.world.tofu(folder, "apply", "-auto-approve")
        self.assertEqual(self.object("secret", "limits")["revision"], revision)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")

    # ---- names that two resources share for a moment ----

    def test_create_before_destroy_never_deletes_what_is_declared(self):
        text = ('provider "podwright" {\n  stack = "twice"\n}\nresource "podwright_secret" "%s" {\n  name      = "twice"\n'
                "  generator = {}\n  lifecycle {\n    create_before_destroy = true\n  }\n}\n")
        folder = self.world.stack(text % "a", "twice")
        self.world.tofu(folder, "apply", "-auto-approve")
        uid = self.object("secret", "twice")["uid"]
        said = self.world.tofu(folder, "apply", "-auto-approve", "-replace=podwright_secret.a")
        self.assertIn("secret/twice: is kept, since this apply declares it", said)
        self.assertEqual(self.object("secret", "twice")["uid"], uid)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")
        eventually("the secret to go", lambda: not self.objects("secret", "twice"), 30)


if __name__ == "__main__":
    main()
