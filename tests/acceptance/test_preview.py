#!/usr/bin/env python3
"""podwright preview --tofu-plan: what an apply of a saved plan would do, before it is applied."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Acceptance, Failed, main  # noqa: E402

PROVIDER = 'provider "podwright" {\n  stack      = "%s"\n  bind_plans = true\n}\n'


class Preview(Acceptance):
    def saved(self, name, text, **options):
        """The file that `show -json` of a saved plan makes."""
        folder = self.world.stack(PROVIDER % name + text, name)
        self.world.tofu(folder, "plan", "-out", "plan.bin", **options)
        shown = self.world.tofu(folder, "show", "-json", "plan.bin")
        path = folder / "plan.json"
        path.write_text(next(line for line in shown.splitlines() if line.startswith("{")))
        return folder, path

    def planned_digest(self, path):
        resources = json.loads(path.read_text())["planned_values"]["root_module"]["resources"]
        return [r["values"]["plan_digest"] for r in resources if r["type"].startswith("podwright_")]

    def test_shows_the_whole_list_with_the_digest_that_terraform_holds(self):
        world = self.world
        _, path = self.saved("whole", 'resource "podwright_server" "w" {\n  name  = "whole"\n  cloud = "lab"\n'
                                      '  files = { "/etc/motd" = { content = "hi\\n" } }\n}\n')
        shown = world.json("preview", "--tofu-plan", path)
        self.assertEqual([s["owner"] for s in shown["stacks"]], ["tofu:whole"])
        self.assertTrue(shown["stacks"][0]["bound"])
        self.assertEqual([shown["stacks"][0]["digest"]], self.planned_digest(path))
        self.assertIn("server.file.write", [a["verb"] for a in shown["stacks"][0]["plan"]["actions"]])
        text = world.run("preview", "--tofu-plan", path)
        self.assertIn("create podwright_server.w (server/whole)", text)
        self.assertIn(shown["stacks"][0]["digest"], text)
        comment = world.run("preview", "--tofu-plan", path, "--markdown")
        self.assertTrue(comment.startswith("<!-- podwright preview -->\n"), comment)
        self.assertIn(f"Digest: `{shown['stacks'][0]['digest']}`", comment)
        world.run("preview", "--tofu-plan", path, "--detailed-exitcode", code=2)
        again = world.json("preview", "--tofu-plan", "-", stdin=path.read_text())
        self.assertEqual(again["stacks"][0]["digest"], shown["stacks"][0]["digest"])
        # Nothing was done.
        self.assertEqual(world.json("get", "server"), [])

    def test_a_write_only_value_has_the_digest_of_the_apply_and_is_nowhere(self):
        secret = ('variable "v" {\n  type      = string\n  ephemeral = true\n}\nresource "podwright_secret" "s" {\n'
                  '  name             = "wo"\n  value_wo         = var.v\n  value_wo_version = 1\n}\n')
        _, path = self.saved("wo", secret, variables={"v": "written-7713"})
        shown = self.world.json("preview", "--tofu-plan", path)
        self.assertEqual([shown["stacks"][0]["digest"]], self.planned_digest(path))
        self.assertNotIn("written-7713", json.dumps(shown))

    def test_unknown_values_cannot_be_bound(self):
        _, path = self.saved("open", 'resource "terraform_data" "d" {}\nresource "podwright_server" "o" {\n'
                                     '  name  = "open"\n  cloud = "lab"\n'
                                     '  files = { "/etc/id" = { content = terraform_data.d.id } }\n}\n'
                                     'resource "podwright_secret" "k" {\n  name      = "known"\n  generator = {}\n}\n')
        stack = self.world.json("preview", "--tofu-plan", path)["stacks"][0]
        self.assertEqual((stack["bound"], stack["digest"]), (False, None))
        self.assertEqual(stack["unbound"], [{"address": "podwright_server.o",
                                             "reason": 'files["/etc/id"].content is known only after apply'}])
        self.assertEqual([r["change"] for r in stack["resources"]], ["create", "create"])
        text = self.world.run("preview", "--tofu-plan", path)
        self.assertIn('cannot be bound: podwright_server.o: files["/etc/id"].content', text)
        self.assertIn("Digest: cannot be bound", self.world.run("preview", "--tofu-plan", path, "--markdown"))

    def test_updates_deletions_and_what_stays(self):
        world = self.world
        both = ('resource "podwright_secret" "a" {\n  name      = "changes-a"\n  labels = { n = "%s" }\n  generator = {}\n}\n'
                'resource "podwright_secret" "c" {\n  name      = "changes-c"\n  generator = {}\n}\n')
        goes = 'resource "podwright_secret" "b" {\n  name      = "changes-b"\n  generator = {}\n}\n'
        folder, path = self.saved("changes", both % "1" + goes)
        shown = world.json("preview", "--tofu-plan", path)
        self.assertEqual([r["change"] for r in shown["stacks"][0]["resources"]], ["create"] * 3)
        world.tofu(folder, "apply", "plan.bin")
        folder, path = self.saved("changes", both % "2")
        shown = world.json("preview", "--tofu-plan", path)
        self.assertEqual(shown["unchanged"], 1)
        self.assertEqual([(r["object"], r["change"]) for r in shown["stacks"][0]["resources"]],
                         [("secret/changes-a", "update"), ("secret/changes-b", "delete")])
        world.tofu(folder, "apply", "plan.bin")
        folder, path = self.saved("changes", both % "2")
        self.assertIn("No changes", world.run("preview", "--tofu-plan", path, "--detailed-exitcode", code=0))
        world.tofu(folder, "destroy", "-auto-approve")

    def test_a_reference_within_the_plan_is_no_error(self):
        _, path = self.saved("refs", 'resource "podwright_secret" "t" {\n  name      = "refs-token"\n  generator = {}\n}\n'
                                     'resource "podwright_server" "r" {\n  name    = "refs"\n  cloud   = "lab"\n'
                                     '  secrets = { "/etc/token" = { secret = podwright_secret.t.name } }\n}\n')
        stack = self.world.json("preview", "--tofu-plan", path)["stacks"][0]
        self.assertEqual([s["error"] for s in stack["plan"]["slices"] if s["error"]], [])
        self.assertEqual(len(stack["resources"]), 2)

    def test_wrong_input_says_what_to_run(self):
        folder, path = self.saved("wrong", 'resource "terraform_data" "d" {}\n')
        wrong = folder / "wrong.json"
        for text, said in ((path.read_text(), "no podwright_* resources"), (path.read_text()[:500], "not JSON"),
                           ("", "empty"), (path.read_text().replace('"format_version":"1', '"format_version":"7', 1), "7.")):
            wrong.write_text(text)
            with self.assertRaises(Failed) as failure:
                self.world.run("preview", "--tofu-plan", wrong)
            self.assertEqual(failure.exception.code, 1)
            self.assertIn(said, failure.exception.err)
        with self.assertRaises(Failed) as failure:
            self.world.run("preview", "--tofu-plan", folder / "plan.bin")
        self.assertIn("show -json", failure.exception.err)
        self.world.run("preview", "--tofu-plan", path, "--markdown", "-o", "json", code=1)
        self.world.run("preview", code=64)


if __name__ == "__main__":
    main()
