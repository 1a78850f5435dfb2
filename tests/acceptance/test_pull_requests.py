#!/usr/bin/env python3
"""Pull requests of a Git source, on servers that stand in for GitHub, GitLab and Forgejo and check every request: one
comment edited in place and a status before it, forks, commands, kill -9 anywhere, and merges that run what was shown."""
import hashlib
import hmac
import pathlib
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from forge_server import ForgeServer  # noqa: E402
from git_server import Repository  # noqa: E402
from harness import BIN, Acceptance, World, eventually, main  # noqa: E402

SECRET = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: %s}
spec: {generator: {length: 20}}
"""
SERVER = """
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: %s}
spec:
  cloud: lab
  files:
    /etc/motd: {content: "%s"}
"""
SOURCE = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: forge-token}
spec: {}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: hook}
spec: {}
---
apiVersion: podwright.dev/v1
kind: GitSource
metadata: {name: %(name)s}
spec:
  url: %(url)s
  interval: 1s
  webhook: {secret: hook, type: github}
  pull_requests:
    forge: %(forge)s
    api_url: %(api)s
    repository: acme/%(name)s
    secret: forge-token
    interval: %(interval)s
"""
TOKEN = "a-token-that-nobody-may-see-0123456789"
HOOK = "what-the-forge-knows-too"


def points():
    text = subprocess.run([str(BIN / "podwrightd"), "fault-points"], capture_output=True, text=True, check=True).stdout
    return [point for point in text.split() if point.startswith("preview.")]


class Forges:
    """The tests; each forge runs them all."""

    forge, kind, heads = "", "", "refs/pull/%d/head"

    @classmethod
    def setUpClass(cls):
        cls.forges = ForgeServer()
        cls.addClassCleanup(cls.forges.close)
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        cls.world.environment["PODWRIGHT_PUBLIC_URL"] = f"https://localhost:{cls.world.https}"
        cls.world.start()

    def setUp(self):
        self.name = self.id().rsplit(".", 1)[1].replace("_", "-")[5:30].strip("-")
        self.repository = Repository(self.world.folder, self.name)
        self.at = self.forges.on(self.forge, f"acme/{self.name}")
        self.at.token(TOKEN)
        self.at.person("podwright-bot", "write")
        self.at.person("ada", "write")

    def tearDown(self):
        self.assertEqual(self.forges.problems(), [])
        self.world.run("delete", f"git_source/{self.name}", "--yes", code=(0, 1))

    # ---- a repository, its pull requests, its people ----

    def begin(self, interval="1s"):
        self.repository.write("a.yaml", SECRET % f"{self.name}-a")
        self.repository.push("one")
        self.world.apply(SOURCE % {"name": self.name, "url": self.repository.url, "forge": self.kind,
                                   "api": self.forges.api(self.forge), "interval": interval})
        self.world.run("secret", "set", "forge-token", "--no-wait", stdin=TOKEN)
        self.world.run("secret", "set", "hook", "--no-wait", stdin=HOOK)
        eventually("the source to be synced", lambda: self.view()["state"] == "synced", 60)

    def view(self):
        return self.world.json("source", "get", self.name)

    def seen(self, number):
        return next((p for p in self.view().get("pull_requests", []) if int(p["number"]) == number), {})

    def publish(self, number, commit):
        self.repository.git("push", "-q", "-f", "origin", f"{commit}:{self.heads % number}")

    def open(self, path, text, branch="change", **more):
        self.repository.git("checkout", "-q", "-B", branch, "main")
        self.repository.write(path, text) if text is not None else self.repository.remove(path)
        head = self.repository.commit(f"change {path}")
        self.repository.git("checkout", "-q", "main")
        number = len(self.at.read()["pulls"]) + 1
        self.publish(number, head)
        self.at.pull(number=number, head_sha=head, head_branch=branch, **more)
        return number, head

    def push(self, number, path, text, branch="change"):
        self.repository.git("checkout", "-q", branch)
        self.repository.write(path, text)
        head = self.repository.commit("more")
        self.repository.git("checkout", "-q", "main")
        self.publish(number, head)
        self.at.change(number, head_sha=head)
        return head

    def squash(self, number, branch="change"):
        self.repository.git("merge", "-q", "--squash", branch)
        commit = self.repository.push(f"squashed {branch}")
        self.at.change(number, state="merged", merge_commit=commit)
        return commit

    def ours(self, number):
        return self.at.comments(number, author="podwright-bot")

    def says(self, number, *words):
        """The one comment, once it says all of this."""
        def look():
            comments = self.ours(number)
            assert len(comments) <= 1, comments
            return comments and all(word in comments[0]["body"] for word in words) and comments[0]
        return eventually(f"a comment with {words}", lambda: look() or self.ours(number) and None, 60)

    def status(self, head):
        statuses = self.at.statuses(head)
        return statuses[-1]["state"] if statuses else ""

    def passes(self, head):
        eventually("the status to be a success", lambda: self.status(head) == "success", 60)

    # ---- the tests ----

    def test_one_comment_edited_in_place_and_the_status_first(self):
        self.begin()
        number, head = self.open("web.yaml", SERVER % (f"{self.name[:20]}-web", "hi @everyone <b>"))
        first = self.says(number, "action", head[:12], "Digest:")
        self.passes(head)
        self.assertLess(self.at.statuses(head)[0]["at"], first["created"])
        self.assertNotIn("\n@everyone", first["body"])
        new = self.push(number, "web.yaml", "kind: Nonsense\n")
        second = self.says(number, new[:12], "web.yaml:1:")
        self.assertEqual(second["id"], first["id"])
        self.assertIn(self.status(new), ("failure", "failed"))
        described = self.world.run("source", "describe", self.name)
        self.assertIn("failed", described)
        self.assertIn(new[:12], described)
        self.assertNotIn(TOKEN, str(self.at.read()) + described + self.world.log())

    def test_the_whole_preview_is_behind_its_link_only(self):
        self.begin()
        number, _ = self.open("web.yaml", SERVER % (f"{self.name[:20]}-web", "x"))
        link = self.says(number, f"https://localhost:{self.world.https}/previews/")["body"].split("](")[1].split(")")[0]
        trust = ssl._create_unverified_context()  # noqa: SLF001
        with urllib.request.urlopen(link, context=trust, timeout=20) as answer:
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            page = answer.read().decode()
        self.assertIn(f"{self.name[:20]}-web", page)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(link[:-4] + "aaaa", context=trust, timeout=20)
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()
        self.assertIn("action", self.world.run("source", "pull-request", self.name, number))

    def test_a_webhook_wakes_and_a_lost_answer_makes_no_second_comment(self):
        self.begin(interval="1h")
        number, head = self.open("b.yaml", SECRET % f"{self.name}-b")
        method = "POST"
        self.at.fault("cut_after", method=method, path="(comments|notes)$")
        body = b'{"action":"opened"}'
        signature = "sha256=" + hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest()
        call = urllib.request.Request(f"https://localhost:{self.world.https}/webhooks/default/{self.name}", data=body,
                                      method="POST", headers={"X-Hub-Signature-256": signature})
        with urllib.request.urlopen(call, context=ssl._create_unverified_context(), timeout=20) as answer:  # noqa: SLF001
            self.assertEqual(answer.status, 202)
        self.passes(head)
        self.says(number, head[:12])
        eventually("the comment to be known", lambda: self.seen(number)["state"] == "planned", 30)
        self.assertEqual(len(self.ours(number)), 1)

    def test_a_fork_is_not_fetched_before_somebody_names_its_head(self):
        self.begin()
        number, head = self.open("b.yaml", SECRET % f"{self.name}-b", author="stranger", fork=True)
        self.says(number, f"podwright plan {head[:12]}")
        self.at.comment(number, "stranger", f"podwright plan {head[:12]}")
        self.at.comment(number, "ada", "podwright plan")
        self.says(number, "say which head")
        self.assertEqual(self.seen(number)["state"], "untrusted")
        self.at.comment(number, "ada", f"podwright plan {head[:12]}")
        self.says(number, "Digest:")
        new = self.push(number, "b.yaml", SECRET % f"{self.name}-c")
        self.says(number, f"podwright plan {new[:12]}")

    def test_a_merge_runs_what_was_shown_or_stops(self):
        self.begin()
        number, head = self.open("b.yaml", SECRET % f"{self.name}-b")
        self.says(number, "Digest:", head[:12])
        commit = self.squash(number)
        eventually("the merge to be applied", lambda: self.view()["applied"]["commit"] == commit, 60)
        number, head = self.open("web.yaml", SECRET % f"{self.name}-c", branch="second")
        self.says(number, "Digest:", head[:12])
        eventually("the ledger to have it", lambda: self.seen(number)["state"] == "planned", 30)
        self.world.stop(signal.SIGKILL)
        self.push(number, "web.yaml", SERVER % (f"{self.name[:20]}-web", "sneaked in"), branch="second")
        commit = self.squash(number, "second")
        self.world.start()
        problem = eventually("the source to stop", lambda: self.view().get("problem"), 60)
        self.assertEqual(problem["reason"], "PlanChanged", problem)
        self.assertIn(f"#{number}", problem["message"])
        self.assertIn(f"server/{self.name[:20]}-web", problem["message"])
        self.assertNotIn(f"{self.name[:20]}-web", [row["name"] for row in self.world.json("get", "server")])
        self.repository.git("revert", "--no-edit", "HEAD")
        reverted = self.repository.push("taken back")
        self.world.run("source", "rollback", self.name, "--to", reverted, "--reason", "taken back")
        self.assertEqual(self.view()["applied"]["commit"], reverted)

    def test_an_approval_in_a_comment_is_of_the_digest_and_of_who_may_write(self):
        self.begin()
        self.world.apply(SECRET % f"{self.name}-other" + "---\napiVersion: podwright.dev/v1\nkind: Policy\nmetadata: {name: default}\n"
                         "spec: {limits: {deletes: 0}}\n")
        self.repository.write("b.yaml", SECRET % f"{self.name}-b")
        self.repository.push("two")
        eventually("the source to have both", lambda: sum(self.view()["phases"].values()) == 2, 60)
        number, head = self.open("b.yaml", None)
        comment = self.says(number, "needs approval", "podwright approve ")
        command = "podwright approve " + comment["body"].split("podwright approve ")[1].split("`")[0]
        self.at.comment(number, "stranger", command)
        self.at.comment(number, "ada", "podwright approve 0123456789abcdef")
        self.says(number, "is not the digest")
        self.assertNotEqual(self.status(head), "success")
        self.at.comment(number, "ada", command)
        self.says(number, "ada approved")
        self.passes(head)
        self.assertEqual(sum(self.view()["phases"].values()), 2, "nothing unmerged is applied")
        commit = self.squash(number)
        eventually("the merge to be applied", lambda: self.view()["applied"]["commit"] == commit, 60)
        eventually("it to be gone", lambda: sum(self.view()["phases"].values()) == 1, 60)

    def test_kill_9_anywhere_makes_no_second_comment_and_loses_nothing(self):
        self.begin()
        self.assertGreater(len(points()), 6)
        for i, point in enumerate(points(), 1):
            with self.subTest(point):
                self.world.stop()
                number, head = self.open(f"n{i}.yaml", SECRET % f"{self.name[:20]}-n{i}", branch=f"change-{i}")
                self.world.start(wait=False, PODWRIGHT_FAULT=point)
                eventually(f"podwrightd to die at {point}", lambda: self.world.daemon.poll() is not None, 60)
                self.world.daemon = None
                self.world.start()
                self.says(number, head[:12], "Digest:")
                self.passes(head)
                eventually("it to be planned", lambda: self.seen(number)["state"] == "planned", 30)
        for number in range(1, len(points()) + 1):
            self.assertEqual(len(self.ours(number)), 1)


class GitHub(Forges, Acceptance):
    forge, kind = "github", "github"


class GitLab(Forges, Acceptance):
    forge, kind, heads = "gitlab", "gitlab", "refs/merge-requests/%d/head"


class Forgejo(Forges, Acceptance):
    forge, kind = "forgejo", "gitea"


if __name__ == "__main__":
    main()
