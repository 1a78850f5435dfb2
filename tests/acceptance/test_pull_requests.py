#!/usr/bin/env python3
"""Pull requests of a Git source, on servers that stand in for GitHub, GitLab and Forgejo and check every request: one
comment edited in place and a status before it, forks, commands, kill -9 anywhere, and merges that run what was shown.

Servers in the plans are never made: what is merged has secrets only."""
import hashlib
import hmac
import pathlib
import re
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
  webhook: {secret: hook, type: %(forge)s}
  pull_requests:
    forge: %(forge)s
    api_url: %(api)s
    repository: acme/%(name)s
    secret: forge-token
    interval: %(interval)s
"""
POLICY = """
apiVersion: podwright.dev/v1
kind: Policy
metadata: {name: default}
spec: {limits: {deletes: %d}}
"""
TOKEN = "a-token-that-nobody-may-see-0123456789"
HOOK = "what-the-forge-knows-too"


def points():
    text = subprocess.run([str(BIN / "podwrightd"), "fault-points"], capture_output=True, text=True, check=True).stdout
    return [point for point in text.split() if point.startswith("preview.")]


class Forges:
    """What each forge has to show."""

    forge, kind, heads = "", "", "refs/pull/%d/head"

    @staticmethod
    def sign(body):
        return {"X-Hub-Signature-256": "sha256=" + hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest()}

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
        self.at.person("podwright-bot", "admin" if self.forge == "forgejo" else "write")
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
        self.repository.commit(f"squashed {branch}")
        return self.merged(number)

    def merged(self, number):
        """main as it is in the clone is pushed, and the forge says that it merged the pull request."""
        self.repository.git("push", "-q", "origin", "main")
        commit = self.repository.git("rev-parse", "main")
        self.at.change(number, state="merged", merge_commit=commit)
        return commit

    def applies(self, commit):
        def look():
            view = self.view()
            assert "problem" not in view or view["problem"]["reason"] != "PlanChanged", view["problem"]
            return view["applied"]["commit"] == commit
        eventually("the merge to be applied", look, 60)

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
        evil = "/etc/x` | @everyone <img src=x onerror=y> [a](http:b) <!--"
        number, head = self.open("web.yaml", SERVER % (f"{self.name[:20]}-web", "hi") + f'    "{evil}": {{content: x}}\n')
        first = self.says(number, "action", head[:12], "Digest:", "everyone")
        self.passes(head)
        self.assertLess(self.at.statuses(head)[0]["at"], first["created"])
        prose = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", first["body"])
        for bad in ("@everyone", "<img", "](http:b)"):
            self.assertNotIn(bad, prose)
        self.assertEqual(prose.count("<!--"), 1, "our own mark")
        new = self.push(number, "web.yaml", "kind: Nonsense\n")
        second = self.says(number, new[:12], "web.yaml:1:")
        self.assertEqual(second["id"], first["id"])
        self.assertIn(self.status(new), ("failure", "failed"))
        described = self.world.run("source", "describe", self.name)
        self.assertIn("failed", described)
        self.assertIn(new[:12], described)
        self.assertNotIn(TOKEN, str(self.at.read()) + described + self.world.log())

    def test_a_webhook_wakes_and_a_lost_answer_makes_no_second_comment(self):
        self.begin(interval="1h")
        number, head = self.open("b.yaml", SECRET % f"{self.name}-b")
        self.at.fault("cut_after", method="POST", path="(comments|notes)$")
        body = b'{"action":"opened"}'
        call = urllib.request.Request(f"https://localhost:{self.world.https}/webhooks/default/{self.name}", data=body,
                                      method="POST", headers=self.sign(body))
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

    def test_a_squashed_merge_runs_what_was_shown(self):
        self.begin()
        number, head = self.open("b.yaml", SECRET % f"{self.name}-b")
        self.says(number, "Digest:", head[:12])
        self.applies(self.squash(number))
        eventually("it to be told", lambda: self.seen(number)["state"] == "merged", 30)


class GitHub(Forges, Acceptance):
    forge, kind = "github", "github"

    def test_the_whole_preview_is_behind_its_link_only(self):
        self.begin()
        number, _ = self.open("web.yaml", SERVER % (f"{self.name[:20]}-web", "x"))
        body = self.says(number, f"https://localhost:{self.world.https}/previews/")["body"]
        link = re.search(r"\]\((https://[^)]*/previews/[^)]*)\)", body)[1]
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

    def test_a_plan_longer_than_a_comment_is_cut_and_whole_on_its_page(self):
        self.begin()
        files = "".join(f'    /etc/many/{i:04}{"x" * 150}: {{content: "{i}"}}\n' for i in range(999))
        number, head = self.open("web.yaml", SERVER % (f"{self.name[:20]}-web", "x") + files)
        body = self.says(number, head[:12], "Digest:")["body"]
        self.assertLessEqual(len(body.encode()), 65536)
        self.assertRegex(body, r"and \d+ more actions: \[the whole preview\]")
        whole = self.world.run("source", "pull-request", self.name, number)
        self.assertIn("/etc/many/0998", whole)

    def test_it_is_planned_again_when_the_head_the_base_or_an_object_changes(self):
        self.begin()
        added = f"{self.name[:30]}-b".replace("--", "-")
        number, head = self.open("b.yaml", SECRET % added)
        first = self.says(number, "Digest:", head[:12])
        self.world.apply(SECRET % added)
        self.says(number, "cannot be applied", added)
        self.world.run("delete", f"secret/{added}", "--yes")
        self.says(number, "Digest:")
        self.repository.write("b.yaml", SECRET % "somebody-elses")
        self.repository.push("the same file")
        self.says(number, "conflicts in 1 file", "b.yaml")
        self.assertEqual(self.status(head), "failure")
        self.repository.git("checkout", "-q", "change")
        self.repository.git("rebase", "-q", "-X", "theirs", "main")
        head = self.repository.git("rev-parse", "HEAD")
        self.repository.git("checkout", "-q", "main")
        self.publish(number, head)
        self.at.change(number, head_sha=head)
        last = self.says(number, "Digest:", head[:12])
        self.assertEqual(last["id"], first["id"])

    def test_a_command_plans_again_and_is_followed_for_those_who_may_write(self):
        self.begin()
        number, head = self.open("b.yaml", SECRET % f"{self.name[:30]}-b")
        self.says(number, "Digest:", head[:12])
        self.at.comment(number, "ada", "podwright plan 0123456789")
        self.says(number, "ada asked for a plan of")
        self.at.comment(number, "stranger", "podwright plan")
        self.at.comment(number, "ada", "> podwright plan\n\nwhat is that?")
        self.at.comment(number, "ada", "podwright plan")
        eventually("it to be followed", lambda: "ada asked" not in self.ours(number)[0]["body"], 30)

    def test_a_merge_runs_what_was_shown_or_stops(self):
        self.begin()
        number, head = self.open("b.yaml", SECRET % f"{self.name}-b")
        self.says(number, "Digest:", head[:12])
        self.repository.git("merge", "-q", "--no-ff", "-m", "merge", "change")
        self.applies(self.merged(number))
        number, _ = self.open("c.yaml", SECRET % f"{self.name}-c", branch="rebased")
        head = self.push(number, "d.yaml", SECRET % f"{self.name}-d", branch="rebased")
        self.says(number, "Digest:", head[:12])
        self.repository.write("README.md", "words\n")
        self.repository.push("a push in between")
        self.repository.git("checkout", "-q", "rebased")
        self.repository.git("rebase", "-q", "main")
        self.repository.git("checkout", "-q", "main")
        self.repository.git("merge", "-q", "--ff-only", "rebased")
        self.applies(self.merged(number))

        number, head = self.open("web.yaml", SECRET % f"{self.name}-e", branch="last")
        self.says(number, "Digest:", head[:12])
        eventually("the ledger to have it", lambda: self.seen(number)["state"] == "planned", 30)
        self.world.stop(signal.SIGKILL)
        self.push(number, "web.yaml", SERVER % (f"{self.name[:20]}-web", "sneaked in"), branch="last")
        self.squash(number, "last")
        self.world.start()
        problem = eventually("the source to stop", lambda: self.view().get("problem"), 60)
        self.assertEqual(problem["reason"], "PlanChanged", problem)
        self.assertIn(f"#{number}", problem["message"])
        self.assertIn(f"server/{self.name[:20]}-web", problem["message"])
        self.assertIn("--accept", problem["message"])
        self.assertNotIn(f"{self.name[:20]}-web", [row["name"] for row in self.world.json("get", "server")])
        self.repository.git("revert", "--no-edit", "HEAD")
        reverted = self.repository.push("taken back")
        eventually("the way back to be taken", lambda: self.view()["applied"]["commit"] == reverted, 60)

    def test_an_approval_in_a_comment_is_of_the_digest_and_of_who_may_write(self):
        self.begin()
        self.world.apply(POLICY % 0)
        self.addCleanup(self.world.apply, POLICY % 1000)
        self.repository.write("b.yaml", SECRET % f"{self.name[:30]}-b")
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
        self.applies(self.squash(number))
        eventually("it to be gone", lambda: sum(self.view()["phases"].values()) == 1, 60)

    def test_kill_9_anywhere_makes_no_second_comment_and_loses_nothing(self):
        self.begin()
        self.assertGreater(len(points()), 6)
        for i, point in enumerate(points(), 1):
            with self.subTest(point):
                self.world.stop(signal.SIGKILL)
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


class GitLab(Forges, Acceptance):
    forge, kind, heads = "gitlab", "gitlab", "refs/merge-requests/%d/head"

    @staticmethod
    def sign(body):
        return {"X-Gitlab-Token": HOOK}


class Forgejo(Forges, Acceptance):
    forge, kind = "forgejo", "gitea"

    @staticmethod
    def sign(body):
        return {"X-Gitea-Signature": hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest()}


if __name__ == "__main__":
    main()
