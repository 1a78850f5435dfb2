#!/usr/bin/env python3
"""podwright export and podwright transfer: what is wanted as documents, and from one owner to another; nothing that runs
notices. What is owned here are secrets and other objects that need no servers."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from git_server import Repository  # noqa: E402
from harness import Acceptance, Failed, main  # noqa: E402

SECRET = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: %s, labels: {team: shop}}
spec: {generator: {length: %d}}
"""
SOURCE = """
apiVersion: podwright.dev/v1
kind: GitSource
metadata: {name: %s}
spec: {url: "%s", interval: 1h}
"""
WRITTEN = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: written}
spec: {}
---
apiVersion: podwright.dev/v1
kind: Policy
metadata: {name: default}
spec: {limits: {deletes: 5}}
"""
PROVIDER = 'provider "podwright" {\n  stack = "%s"\n}\n'
RESOURCE = 'resource "podwright_secret" "%s" {\n  name      = "%s"\n  generator = {}\n}\n'


class Ownership(Acceptance):
    def owner(self, name):
        return {row["name"]: row["owner"] for row in self.world.json("get", "secret") if not row["deleting"]}.get(name)

    def refused(self, *arguments):
        with self.assertRaises(Failed) as failure:
            self.world.run(*arguments)
        self.assertEqual(failure.exception.code, 1)
        return failure.exception.out + failure.exception.err

    def test_a_terraform_stack_goes_to_a_git_source_and_comes_back(self):
        world = self.world
        repository = Repository(world.folder, "shop")
        repository.write("mine.yaml", SECRET % ("shop-mine", 20))
        repository.push("What the source has")
        world.apply(SOURCE % ("shop", repository.url))
        world.run("source", "sync", "shop")
        both = RESOURCE % ("a", "shop-a") + RESOURCE % ("b", "shop-b")
        folder = world.stack(PROVIDER % "shop" + both, "shop-stack")
        world.tofu(folder, "apply", "-auto-approve")
        before = world.json("get", "secret/shop-a")

        # It would delete what it does not declare: so it does not get it.
        said = self.refused("transfer", "--from", "tofu:shop", "--to", "git:shop", "--yes")
        self.assertIn("does not declare secret/shop-a, secret/shop-b", said)
        self.assertEqual(self.owner("shop-a"), "tofu:shop")

        # The documents come first; the source waits for the transfer.
        world.run("export", "--owner", "tofu:shop", "--dir", repository.clone / "prod")
        pushed = repository.push("The shop")
        self.assertIn("Refused", world.run("source", "sync", "shop", code=1))
        said = world.run("transfer", "secret/shop-a", "secret/shop-b", "--to", "git:shop", "--yes")
        self.assertIn("Transferred; nothing changes on servers.", said)
        self.assertIn("secret/shop-a: tofu:shop → git:shop", world.last.stderr)
        self.assertIn("`removed` block", world.last.stderr)
        self.assertEqual((self.owner("shop-a"), self.owner("shop-b")), ("git:shop", "git:shop"))
        view = world.json("source", "get", "shop")
        self.assertEqual((view["state"], view["applied"]["commit"]), ("synced", pushed))
        after = world.json("get", "secret/shop-a")
        self.assertEqual(after["generation"], before["generation"])
        audited = [e for e in world.json("audit", "list") if e["verb"] == "transfer" and e["outcome"] == "ok"]
        self.assertTrue(any("git:shop secret/shop-a secret/shop-b" in e["object"] and e["actor"] for e in audited), audited)

        # Whoever had them before deletes nothing.
        with self.assertRaises(Failed) as failure:
            world.tofu(folder, "destroy", "-auto-approve")
        self.assertIn("git:shop", failure.exception.out + failure.exception.err)
        self.assertEqual(self.owner("shop-b"), "git:shop")
        gone = "".join("removed {\n  from = podwright_secret.%s\n  lifecycle {\n    destroy = false\n  }\n}\n" % name
                       for name in "ab")
        world.stack(PROVIDER % "shop" + gone, "shop-stack")
        world.tofu(folder, "apply", "-auto-approve")
        self.assertEqual(self.owner("shop-b"), "git:shop")

        # Back again, one of them.
        said = world.run("transfer", "secret/shop-b", "--to", "tofu:shop", "--yes")
        self.assertIn("take the documents out of its repository", world.last.stderr)
        world.stack(PROVIDER % "shop" + RESOURCE % ("b", "shop-b") +
                    'import {\n  to = podwright_secret.b\n  id = "default/shop-b"\n}\n', "shop-stack")
        world.tofu(folder, "apply", "-auto-approve")
        self.assertIn("No changes", world.tofu(folder, "plan"))
        repository.write("mine.yaml", SECRET % ("shop-mine", 21))
        repository.push("As if nothing had happened")
        self.assertIn("secret/shop-b belongs to tofu:shop", world.run("source", "sync", "shop", code=1))
        repository.remove("prod/secret/shop-b.yaml")
        repository.push("Terraform has it again")
        world.run("source", "sync", "shop")
        self.assertEqual((self.owner("shop-a"), self.owner("shop-b")), ("git:shop", "tofu:shop"))

    def test_a_source_that_is_suspended_or_pinned_takes_nothing(self):
        world = self.world
        repository = Repository(world.folder, "held")
        repository.write("a.yaml", SECRET % ("held-a", 20))
        repository.push("One")
        world.apply(SOURCE % ("held", repository.url))
        world.run("source", "sync", "held")
        world.apply(SECRET % ("held-b", 20), "--set", "held")
        repository.write("b.yaml", SECRET % ("held-b", 20))
        repository.push("Two")
        world.run("source", "suspend", "held", "--reason", "away")
        self.assertIn("is suspended", self.refused("transfer", "secret/held-b", "--to", "git:held", "--yes"))
        world.run("source", "resume", "held", code=(0, 1))
        world.run("source", "rollback", "held", "--to", repository.git("rev-parse", "HEAD~1"), "--reason", "no")
        self.assertIn("is pinned", self.refused("transfer", "secret/held-b", "--to", "git:held", "--yes"))
        world.run("source", "release", "held", code=(0, 1))
        world.run("transfer", "secret/held-b", "--to", "git:held", "--yes")
        self.assertEqual(self.owner("held-b"), "git:held")

    def test_one_that_cannot_go_keeps_all_and_nobody_without_the_role_transfers(self):
        world = self.world
        world.apply(SECRET % ("one-a", 20) + "---" + SECRET % ("one-b", 20), "--set", "one")
        world.apply(SECRET % ("one-c", 20), "--set", "two")
        said = self.refused("transfer", "secret/one-a", "secret/one-c", "--from", "cli:one", "--to", "cli:three", "--yes")
        self.assertIn("secret/one-c belongs to cli:two, not to cli:one", said)
        self.assertIn("nothing was transferred", said)
        self.assertEqual(self.owner("one-a"), "cli:one")
        self.assertIn("there is no", self.refused("transfer", "secret/nowhere", "--to", "cli:three", "--yes"))
        self.assertIn("has to be like", self.refused("transfer", "secret/one-a", "--to", "three", "--yes"))
        own = dict(world.environment)
        for role in ("viewer", "planner"):
            token = world.json("token", "create", "--name", "t-" + role, "--role", role)["secret"]
            try:
                world.environment["PODWRIGHT_TOKEN"] = token
                self.assertIn("operator", self.refused("transfer", "secret/one-a", "--to", "cli:three", "--yes"))
            finally:
                world.environment = dict(own)
        self.assertTrue([e for e in world.json("audit", "list") if e["verb"] == "apply" and e["outcome"] == "refused"
                         and "cli:three" in e["object"]] or
                        [e for e in world.json("audit", "list") if "cli:three" in e["object"] and e["outcome"] != "ok"])
        # Without somebody to ask, nothing goes unasked.
        self.assertIn("--yes", self.refused("transfer", "--from", "cli:one", "--to", "cli:three"))
        shown = world.json("transfer", "--from", "cli:one", "--to", "cli:three", "--yes")
        self.assertEqual(sorted(o["object"]["name"] for o in shown["transferred"]), ["one-a", "one-b"])
        self.assertEqual((self.owner("one-a"), self.owner("one-b"), self.owner("one-c")), ("cli:three", "cli:three", "cli:two"))
        self.assertIn("already", world.run("transfer", "secret/one-a", "--to", "cli:three", "--yes"))

    def test_what_was_exported_is_what_is_there(self):
        world = self.world
        world.apply(WRITTEN + "---" + SECRET % ("made", 31), "--set", "export")
        world.run("secret", "set", "written", stdin="hush-4711")
        text = world.run("export", "--owner", "cli:export")
        self.assertEqual(world.run("export", "--owner", "cli:export"), text)
        self.assertNotIn("hush-4711", text)
        self.assertIn("podwright secret set written", text)
        self.assertIn("length: 31", text)
        self.assertIn("team: shop", text)
        folder = world.folder / "exported"
        self.assertIn("3 documents, 3 written anew", world.run("export", "--owner", "cli:export", "--dir", folder))
        self.assertIn("3 documents, 0 written anew", world.run("export", "--owner", "cli:export", "--dir", folder))
        self.assertEqual(sorted(str(p.relative_to(folder)) for p in folder.rglob("*.yaml")),
                         ["policy/default.yaml", "secret/made.yaml", "secret/written.yaml"])
        world.run("validate", folder)
        self.assertIn("No difference", world.run("diff", folder))
        self.assertIn("No changes", world.run("apply", folder, "--set", "export", "--prune", "--yes"))
        (folder / "secret/made.yaml").write_text("# somebody's\n")
        self.assertIn("was not written by an export", self.refused("export", "--owner", "cli:export", "--dir", folder))
        self.assertEqual((folder / "secret/made.yaml").read_text(), "# somebody's\n")
        self.assertIn("1 written anew", world.run("export", "--owner", "cli:export", "--dir", folder, "--force"))
        one = world.run("export", "secret/made")
        self.assertIn("kind: Secret", one)
        self.assertNotIn("---", one)
        self.assertIn("there is no", self.refused("export", "secret/nowhere"))


if __name__ == "__main__":
    main()
