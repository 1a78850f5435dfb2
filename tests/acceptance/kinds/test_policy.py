#!/usr/bin/env python3
"""The kind `policy`: limits and approvals before the command line, Git and Terraform; windows, waves and the share of
servers on lab servers."""
import datetime
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from git_server import Repository  # noqa: E402
from harness import Acceptance, eventually, main  # noqa: E402

POLICY = """
apiVersion: podwright.dev/v1
kind: Policy
metadata: {name: default}
spec: %s
"""
SECRET = """
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: %s}
spec: {generator: {length: 20}}
"""


class Base(Acceptance):
    def policy(self, spec, **options):
        return self.world.apply(POLICY % spec, "--set", "policy", **options)

    def digest(self, said):
        """Of the plan that the message wants to be approved; terraform draws a frame around its messages."""
        found = re.search(r"podwright approve ([0-9a-f]{64})", " ".join(said.replace("│", " ").split()))
        self.assertTrue(found, said)
        return found[1]

    def refused(self, *arguments, **options):
        said = self.world.run(*arguments, code=1, **options)
        self.assertIn("policy holds this plan back, and nothing was applied", said)
        return said

    def approve(self, digest, **options):
        return self.world.run("approve", digest, "--reason", "looked at it", **options)


class Document(Base):
    def test_one_is_declared_and_a_second_is_refused(self):
        self.world.apply(POLICY % "{limits: {deletes: 7}}")
        self.assertEqual(self.world.json("get", "policy", "default")["spec"]["limits"]["deletes"], 7)
        said = self.world.apply((POLICY % "{}").replace("default", "second"), code=1)
        self.assertIn("a workspace has one policy", said)

    def test_what_is_wrong_in_the_document_is_said_at_its_place(self):
        said = self.world.apply(POLICY % """
  approvals: {needed: 2, approvers: ["token:ada"]}
  windows:
    night: {open: ["02:00-02:00"]}
""", code=1)
        for words in ("nothing could ever be approved", "ends when it begins", "plan.yaml"):
            self.assertIn(words, said)
        said = self.world.apply(POLICY % '{windows: {night: {open: ["02:00-03:00"], time_zone: Europe/Atlantis}}}', code=1)
        self.assertIn("Europe/Atlantis", said)


class Limits(Base):
    """Deletions of secrets: they need no servers. `within: 0s`: only the plan itself counts."""

    def setUp(self):
        self.policy("{limits: {deletes: 1, within: 0s}}")
        self.name = self.id().rsplit(".", 1)[1].replace("_", "-")[5:35].strip("-")

    def names(self):
        return {row["name"] for row in self.world.json("get", "secret") if not row["deleting"]}

    def three(self):
        names = [f"{self.name}-{letter}" for letter in "abc"]
        self.world.apply("".join(SECRET % name for name in names), "--set", self.name)
        return names

    def test_the_command_line_is_held_and_the_digest_lets_just_that_plan_pass_once(self):
        a, b, c = self.three()
        delete = ("delete", f"secret/{a}", f"secret/{b}", "--set", self.name, "--yes")
        said = self.refused(*delete)
        self.assertIn("deletes: 2 deletions, and the limit is 1", said)
        digest = self.digest(said)
        self.assertIn(f"podwright approve {digest}", said)
        self.assertLessEqual({a, b, c}, self.names())
        self.assertIn("no plan with the digest", self.world.run("approve", "0" * 64, code=1))
        self.assertIn("all 64", self.world.run("approve", digest[:16], code=1))
        self.assertIn(digest, self.world.run("approvals"))
        self.assertIn("Approved: 1 of 1 approvals", self.approve(digest))
        self.assertNotEqual(self.digest(self.refused("delete", f"secret/{c}", *delete[1:])), digest)
        self.world.stop(signal.SIGKILL)
        self.world.start()
        self.world.run(*delete)
        self.assertEqual({a, b, c} & self.names(), {c})
        self.assertNotIn(digest, self.world.run("approvals"))
        audited = [entry for entry in self.world.json("audit", "list") if digest in entry["object"]]
        self.assertTrue(any(entry["verb"] == "approve" and "looked at it" in entry["detail"] for entry in audited), audited)
        self.three()
        self.refused(*delete)

    def test_an_approval_is_taken_back(self):
        a, b, _ = self.three()
        delete = ("delete", f"secret/{a}", f"secret/{b}", "--set", self.name, "--yes")
        digest = self.digest(self.refused(*delete))
        self.approve(digest)
        self.assertIn("Taken back", self.world.run("approve", digest, "--revoke"))
        self.refused(*delete)

    def test_a_small_change_after_another_counts_with_it_also_after_kill_9(self):
        a, b, _ = self.three()
        self.policy("{limits: {deletes: 1, within: 1ms}}")
        self.world.run("delete", f"secret/{a}", "--set", self.name, "--yes")
        self.policy("{limits: {deletes: 1, within: 1d}}")
        self.world.stop(signal.SIGKILL)
        self.world.start()
        said = self.refused("delete", f"secret/{b}", "--set", self.name, "--yes")
        self.assertIn("were used already", said)
        self.assertIn(b, self.names())

    def test_a_git_source_waits_and_goes_on_by_itself_once_it_is_approved(self):
        repository = Repository(self.world.folder, self.name)
        for letter in "abc":
            repository.write(letter + ".yaml", SECRET % f"{self.name}-{letter}")
        repository.push("three")
        self.world.apply("apiVersion: podwright.dev/v1\nkind: GitSource\n"
                         f"metadata: {{name: {self.name}}}\nspec: {{url: {repository.url}, interval: 1h}}\n",
                         "--set", "sources")
        self.world.run("source", "sync", self.name)
        self.assertIn(f"{self.name}-b", self.names())
        repository.remove("a.yaml")
        repository.remove("b.yaml")
        repository.push("two go")
        said = self.world.run("source", "sync", self.name, code=1)
        self.assertIn("ApprovalNeeded", said)
        self.assertIn("deletes: 2 deletions, and the limit is 1", said)
        digest = self.digest(said)
        self.assertEqual(self.world.json("source", "get", self.name)["problem"]["digest"], digest)
        self.assertIn(f"{self.name}-a", self.names())
        self.approve(digest)
        eventually("what was approved to be applied", lambda: f"{self.name}-b" not in self.names())
        eventually("the source to be synced", lambda: self.world.json("source", "get", self.name)["state"] == "synced")
        self.assertIn(f"{self.name}-c", self.names())

    def test_terraform_is_held_too_its_plan_says_so_and_the_next_apply_passes(self):
        self.policy("{limits: {deletes: 0, within: 0s}}")
        resource = 'resource "podwright_secret" "%s" {\n  name = "%s"\n  generator = {}\n}\n'
        provider = 'provider "podwright" {\n  stack = "%s"\n}\n' % self.name
        both = "".join(resource % (letter, f"{self.name}-{letter}") for letter in "ab")
        folder = self.world.stack(provider + both, self.name)
        self.world.tofu(folder, "apply", "-auto-approve")
        self.world.stack(provider + resource % ("a", f"{self.name}-a"), self.name)
        planned = self.world.tofu(folder, "plan")
        self.assertIn("policy holds this back until it is approved", planned)
        said = self.world.tofu(folder, "apply", "-auto-approve", code=1)
        self.assertIn("policy holds this plan back", said)
        self.assertEqual(self.digest(said), self.digest(planned))
        self.assertIn(f"{self.name}-b", self.names())
        self.approve(self.digest(said))
        self.world.tofu(folder, "apply", "-auto-approve")
        self.assertNotIn(f"{self.name}-b", self.names())
        self.policy("{}")
        self.world.tofu(folder, "destroy", "-auto-approve")

    def test_zz_two_of_three_approve_and_not_who_asked(self):
        people = {name: self.world.json("token", "create", "--name", name, "--role", "operator")["secret"]
                  for name in ("ada", "bob", "carol", "eve")}
        self.policy('{limits: {deletes: 0, within: 0s}, approvals: {needed: 2, not_by_author: true, '
                    'approvers: ["token:ada", "token:bob", "token:carol"]}}')
        a, _, _ = self.three()
        own = dict(self.world.environment)

        def act(who, *arguments, **options):
            self.world.environment = {**own, "PODWRIGHT_TOKEN": people[who]}
            try:
                return self.world.run(*arguments, **options)
            finally:
                self.world.environment = own

        delete = ("delete", f"secret/{a}", "--set", self.name, "--yes")
        said = act("ada", *delete, code=1)
        self.assertIn("2 people have to approve it", said)
        digest = self.digest(said)
        self.assertIn("somebody else", act("ada", "approve", digest, code=1))
        self.assertIn("none of the approvers", act("eve", "approve", digest, code=1))
        self.assertIn("1 of 2", act("bob", "approve", digest))
        self.assertIn("1 of 2", act("bob", "approve", digest))
        self.assertIn("(1 did)", act("ada", *delete, code=1))
        self.assertIn("2 of 2", act("carol", "approve", digest))
        act("ada", *delete)
        self.assertNotIn(a, self.names())
        said = self.policy("{}", code=1)
        self.assertIn("policy_change", said)


SERVER = """
---
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: %s, labels: {stage: %s}}
spec:
  cloud: lab
  files:
    /etc/systemd/system/counter.service:
      content: |
        [Service]
        ExecStart=/bin/sleep infinity
      restarts: [counter.service]
    /etc/counter.conf: {content: "%s\\n", restarts: [counter.service]}
  units:
    counter.service: {}
"""


def one(content):
    return SERVER % ("one", "canary", content)


def both(content):
    return one(content) + SERVER % ("two", "main", content)


class OnTheLab(Base):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(both("first"), timeout=600)

    def content(self, server="one"):
        return self.world.shell(server, "cat /etc/counter.conf").strip()

    def both(self, content, *arguments, **options):
        return self.world.apply(both(content), *arguments, **options)

    def test_a_restart_waits_for_its_window_until_somebody_releases_its_run(self):
        day = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)).strftime("%a")
        self.policy('{windows: {night: {open: ["%s 02:00-03:00"], objects: [server/one]}}}' % day)
        before = self.content()
        said = self.world.plan(both("in its window"))
        self.assertIn("server/one waits for its window night", said)
        self.both("in its window", "--no-wait")
        run = self.world.run_of("one")
        eventually("the other server to be changed", lambda: self.content("two") == "in its window")
        eventually("it to wait", lambda: "server/one waits for its window night" in self.world.run("run", "get", run["id"]))
        self.assertEqual(self.content(), before)
        self.assertIn("run release " + run["id"], self.world.run("get", "server", "one", "-o", "json"))
        self.world.stop(signal.SIGKILL)
        self.world.start()
        eventually("it to wait still", lambda: "waits for its window" in self.world.run("run", "get", run["id"]))
        self.assertEqual(self.content(), before)
        self.world.run("run", "release", run["id"])
        eventually("what was released", lambda: self.content() == "in its window")
        eventually("its end", lambda: self.world.json("run", "get", run["id"])["state"] == "succeeded")
        self.assertIn("Released:  by token:", self.world.run("run", "get", run["id"]))
        self.policy('{windows: {night: {open: ["00:00-24:00"], objects: [server/one]}}}')
        self.both("while it is open")
        self.assertEqual(self.content(), "while it is open")

    def test_the_canary_goes_first(self):
        self.policy('{waves: [stage=canary, stage=main]}')
        self.assertIn("wave 2 (stage=main): server/two", self.both("in waves"))
        run = self.world.json("run", "get", self.world.run_of("two")["id"])
        done = {record["action"]["server"]: record for record in run["actions"]}
        first = max(record["done"] for record in run["actions"] if record["action"]["server"] == "one")
        self.assertLessEqual(first, min(record["sent"] for record in run["actions"]
                                        if record["action"]["server"] == "two"), done)

    def test_x_the_share_of_servers_is_limited(self):
        # Eight more that are declared and have no agent yet: the two of the lab are a fifth of all.
        more = "".join("---\napiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: later-%d}\nspec: {}\n" % i
                       for i in range(8))
        self.policy('{limits: {servers_percent: 100}}')
        self.world.apply(more, "--set", "later", "--no-wait")
        self.policy('{limits: {servers_percent: 10, within: 0s}}')
        before = self.content()
        said = self.both("everywhere", code=1)
        self.assertIn("servers_percent: it disturbs 2 of 10 servers, and the limit is 10% (one, two)", said)
        self.assertEqual(self.content(), before)
        self.approve(self.digest(said))
        self.both("everywhere")
        self.assertEqual((self.content("one"), self.content("two")), ("everywhere", "everywhere"))

    def test_z_a_server_that_is_no_longer_declared_is_a_data_loss_and_a_deleted_one_is_not(self):
        self.policy("{}")
        content = self.content()
        said = self.world.apply(one(content), "--prune", code=1)
        self.assertIn("data_losses: ", said)
        self.assertIn("server/two", said)
        self.assertEqual(self.content("two"), content)
        self.approve(self.digest(said))
        self.world.apply(one(content), "--prune")
        eventually("the server to be gone", lambda: "two" not in [row["name"] for row in self.world.json("get", "server")])
        self.world.run("delete", "server/one", "--yes")


if __name__ == "__main__":
    main()
