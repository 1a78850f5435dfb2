#!/usr/bin/env python3
"""The forges' clients, without a control plane, on servers that stand in for GitHub, GitLab and Forgejo: every call is
held to the forge's OpenAPI description; lists of many pages, lost and late answers, limits, and what is no answer."""
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from forge_server import ForgeServer  # noqa: E402
from harness import BIN, eventually  # noqa: E402

TOKEN = "s3cr3t-of-the-bot"
SHA = "%040d"
OPEN, CLOSED, MERGED = range(3)
PENDING, SUCCESS, FAILURE, ERROR = range(4)


class Refused(Exception):
    def __init__(self, answer):
        super().__init__(answer)
        self.code, self.message, self.retry_in = answer["error"], answer["message"], answer["retry_in"]


class Client:
    """A process with the clients, as podwrightd has them; all that are opened in it share what an account shares."""

    def __init__(self):
        # It asks 127.0.0.1 only.
        self.process = subprocess.Popen([BIN.parent / "tests" / "forge-client"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin"})

    def call(self, op, **arguments):
        self.process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise Refused(answer)
        return answer["value"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Clients:
    """The tests; each forge runs them all."""

    forge, kind = "", ""

    @classmethod
    def setUpClass(cls):
        cls.server = ForgeServer()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.server.control("reset")
        self.at = self.server.on(self.forge, "acme/plans")
        self.at.token(TOKEN)
        self.at.person("podwright-bot", "admin" if self.forge == "forgejo" else "write")
        self.client = Client()
        self.addCleanup(self.client.close)
        self.open()

    def open(self, timeout=60_000):
        self.client.call("open", type=self.kind, api=self.server.api(self.forge), repository="acme/plans", token=TOKEN,
                         timeout=timeout)

    def refused(self, code, op, **arguments):
        with self.assertRaises(Refused) as caught:
            self.client.call(op, **arguments)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertNotIn("s3cr3t", caught.exception.message)
        return caught.exception

    def requests(self):
        return [r for r in self.server.log()["requests"] if r["forge"] == self.forge]

    def ours(self, number):
        return self.at.comments(number, author="podwright-bot")

    def kept(self):
        self.assertEqual(self.server.problems(), [])

    # ---- the tests ----

    def test_every_call_is_as_the_forge_describes_it(self):
        number = self.at.pull(title="a \"b\" <c>", head_sha=SHA % 7, head_branch="feature/x", base_branch="main")
        fork = self.at.pull(head_sha=SHA % 8, base_branch="main", fork=True, draft=True, author="stranger")
        self.at.pull(head_sha=SHA % 9, base_branch="other")
        self.assertEqual({p["number"] for p in self.client.call("list", branch="main")}, {number, fork})
        self.assertEqual(len(self.client.call("list")), 3)
        pull = self.client.call("get", number=number)
        self.assertEqual((pull["title"], pull["head_sha"], pull["head_branch"], pull["state"], pull["from_fork"]),
                         ("a \"b\" <c>", SHA % 7, "feature/x", OPEN, False))
        pull = self.client.call("get", number=fork)
        self.assertEqual((pull["from_fork"], pull["draft"], pull["author"]), (True, True, "stranger"))
        if self.forge != "github":  # whose own description does not know that the head's repository may be gone
            gone = self.at.pull(head_sha=SHA % 10, fork="gone")
            self.assertTrue(self.client.call("get", number=gone)["from_fork"])
        self.at.change(number, state="merged", merge_commit=SHA % 77)
        pull = self.client.call("get", number=number)
        self.assertEqual((pull["state"], pull["merge_commit"]), (MERGED, SHA % 77))
        self.at.change(fork, state="closed")
        self.assertEqual(self.client.call("get", number=fork)["state"], CLOSED)
        self.refused("not-found", "get", number=99)

        made = self.client.call("create", number=number, text="one \u00e9 @ada\n| a |")
        self.assertEqual(made["body"], "one \u00e9 @ada\n| a |")
        self.at.comment(number, "ada", "podwright plan")
        self.assertEqual(self.client.call("edit", number=number, id=made["id"], text="two")["body"], "two")
        comments = self.client.call("comments", number=number)
        self.assertEqual([(c["author"], c["body"]) for c in comments], [("podwright-bot", "two"), ("ada", "podwright plan")])
        self.client.call("delete", number=number, id=made["id"])
        self.client.call("delete", number=number, id=made["id"])
        self.refused("not-found", "edit", number=number, id=made["id"], text="three")
        self.assertEqual(self.ours(number), [])

        for state in (PENDING, PENDING, SUCCESS, FAILURE, PENDING, ERROR):
            self.client.call("status", sha=SHA % 7, state=state, text="x\u00e9\n" * 200)
        words = [s["state"] for s in self.at.statuses(SHA % 7)]
        failed = ["failed", "failed"] if self.forge == "gitlab" else ["failure", "error"]
        self.assertEqual([w for w in words if w not in ("pending", "success")], failed)
        self.refused("not-found", "status", sha=SHA % 1234, state=SUCCESS)

        for rank, permission in enumerate(("none", "read", "write", "admin")):
            self.at.person(f"p-{permission}", permission)
            self.assertEqual(self.client.call("permission", text=f"p-{permission}"), rank)
        self.assertEqual(self.client.call("permission", text="nobody/../x"), 0)
        self.at.person("podwright-bot", "read")
        if self.forge != "gitlab":
            self.refused("permission-denied", "permission", text="p-write")
        self.assertEqual(self.client.call("login"), "podwright-bot")
        self.kept()

    def test_lists_are_read_to_their_end(self):
        numbers = [self.at.pull(head_sha=SHA % n) for n in range(130)]
        self.assertEqual(sorted(p["number"] for p in self.client.call("list")), numbers)
        ids = [self.at.comment(1, "ada", str(n)) for n in range(120)]
        self.assertEqual([c["id"] for c in self.client.call("comments", number=1)], ids)
        since = self.at.comments(1)[110]["updated"] // 1000 * 1000
        late = [c["id"] for c in self.client.call("comments", number=1, since=since)]
        self.assertEqual(late, [c["id"] for c in self.at.comments(1) if c["updated"] >= since])
        self.kept()

    def test_a_lost_or_late_answer_makes_no_second_comment(self):
        create = {"method": "POST", "path": "(comments|notes)$"}
        for kind, more in (("cut", {}), ("cut_after", {}), ("after_status", {"status": 502}), ("status", {"status": 500}),
                           ("late", {"ms": 120_000}), ("after_status", {"status": 200}), ("after_status", {"status": 201})):
            with self.subTest(kind, **more):
                number = self.at.pull(head_sha=SHA % 7)
                self.at.fault(kind, **create, **more)
                self.open(timeout=8000 if kind == "late" else 60_000)
                with self.assertRaises(Refused) as caught:
                    self.client.call("own", number=number, text="one")
                if more.get("status", 500) >= 500:
                    self.assertEqual(caught.exception.code, "unknown", caught.exception.message)
                self.open()
                known = self.client.call("own", number=number, text="one")["id"]
                self.assertEqual([c["id"] for c in self.ours(number)], [known])
                self.assertFalse(self.client.call("own", number=number, text="one")["written"])
                self.client.call("own", number=number, id=known, text="two")
                self.assertEqual([c["body"].splitlines()[-1] for c in self.ours(number)], ["two"])
        self.kept()

    def test_what_the_forge_limits_is_waited_for(self):
        self.at.pull(head_sha=SHA % 7)
        self.server.control("limits", forge=self.forge, per_minute=2)
        for _ in range(2):
            self.client.call("create", number=1, text="x")
        refused = self.refused("resource-exhausted", "create", number=1, text="x")
        self.assertGreater(refused.retry_in, 0)
        self.assertLessEqual(refused.retry_in, 61_000)
        # Nobody of the account asks again before, neither reads nor writes.
        asked = len(self.requests())
        self.open()
        self.refused("resource-exhausted", "get", number=1)
        self.refused("resource-exhausted", "create", number=1, text="x", patience=1000)
        self.assertEqual(len(self.requests()), asked)
        self.assertEqual(len(self.ours(1)), 2)

    def test_after_the_wait_that_the_forge_named_it_goes_on(self):
        self.at.pull(head_sha=SHA % 7)
        self.at.fault("secondary_limit", seconds=2, method="POST")
        started = time.monotonic()
        self.refused("resource-exhausted", "create", number=1, text="x")
        self.client.call("create", number=1, text="x", patience=60_000)
        self.assertGreaterEqual(time.monotonic() - started, 2)
        self.at.fault("primary_limit", seconds=10, method="GET")
        self.assertGreater(self.refused("resource-exhausted", "get", number=1).retry_in, 0)
        self.refused("resource-exhausted", "get", number=1)
        eventually("reads to be allowed", self.reads, 60)
        self.assertEqual(len(self.ours(1)), 1)
        self.kept()

    def reads(self):
        try:
            return self.client.call("get", number=1)
        except Refused:
            return None

    def test_what_is_no_answer_of_the_forge(self):
        self.at.pull(head_sha=SHA % 7)
        hits = []

        class Elsewhere(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                hits.append(self.headers.get("Authorization"))
                self.send_response(200)
                self.end_headers()

        other = http.server.HTTPServer(("127.0.0.1", 0), Elsewhere)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        get = {"method": "GET"}
        for code, kind, more in (("internal", "huge", {"bytes": 40 << 20}), ("internal", "garbage", {}),
                                 ("unavailable", "status", {"status": 502}), ("unavailable", "cut", {"times": 9}),
                                 ("unauthenticated", "status", {"status": 401}),
                                 ("invalid-argument", "redirect", {"location": f"http://127.0.0.1:{other.server_port}/"})):
            with self.subTest(kind):
                self.at.fault(kind, **get, **more)
                self.refused(code, "get", number=1)
                self.server.control("clear_faults")
        self.open(timeout=1500)
        self.at.fault("hang", **get)
        self.refused("unavailable", "get", number=1)
        self.open()
        self.at.fault("redirect", **get, location=self.requests()[0]["path"])
        self.client.call("get", number=1)
        self.assertEqual(hits, [])
        self.server.control("revoke", forge=self.forge, token=TOKEN)
        self.refused("unauthenticated", "get", number=1)
        self.kept()

    def test_what_is_longer_than_the_forge_takes_is_not_sent(self):
        self.at.pull(head_sha=SHA % 7)
        most = 1_000_000 if self.forge == "gitlab" else 65_535
        self.client.call("create", number=1, text="x" * most)
        asked = len(self.requests())
        self.refused("invalid-argument", "create", number=1, text="x" * (most + 2))
        self.assertEqual(len(self.requests()), asked)
        self.kept()


class GitHub(Clients, unittest.TestCase):
    forge, kind = "github", "github"

    def test_a_write_that_is_carried_out_long_after_becomes_one_with_the_other(self):
        number = self.at.pull(head_sha=SHA % 7)
        self.at.fault("late_done", ms=20_000, method="POST", path="(comments|notes)$")
        self.open(timeout=8000)
        self.refused("unknown", "own", number=number, text="one")
        self.open()
        self.client.call("own", number=number, text="one")
        eventually("the late one to be there", lambda: len(self.ours(number)) == 2, 60)
        self.client.call("own", number=number, text="two")
        self.assertEqual([c["body"].splitlines()[-1] for c in self.ours(number)], ["two"])

    def test_what_has_not_changed_is_not_sent_again(self):
        self.at.pull(head_sha=SHA % 7)
        first = self.client.call("list")
        self.assertEqual(self.client.call("list"), first)
        self.assertEqual([r["status"] for r in self.requests()], [200, 304])
        self.at.change(1, head_sha=SHA % 8)
        self.assertEqual(self.client.call("list")[0]["head_sha"], SHA % 8)
        self.at.person("ada", "write")
        self.client.call("permission", text="ada")
        self.client.call("permission", text="ada")
        self.assertEqual([r["status"] for r in self.requests()][2:], [200, 200, 200])
        self.kept()

    def test_an_enterprise_server_has_its_api_in_a_folder(self):
        self.at.pull(head_sha=SHA % 7)
        self.client.call("open", type="github", api=self.server.api("github-enterprise"), repository="acme/plans",
                         token=TOKEN)
        self.assertEqual(self.client.call("get", number=1)["head_sha"], SHA % 7)
        self.kept()


class GitLab(Clients, unittest.TestCase):
    forge, kind = "gitlab", "gitlab"

    def test_texts_of_strangers_that_are_far_too_long_hide_nobody(self):
        for n in range(6):
            self.at.pull(head_sha=SHA % n, title="x" * (6 << 20), author="stranger", fork=True)
        number = self.at.pull(head_sha=SHA % 7)
        self.open(timeout=120_000)
        self.assertIn(number, [p["number"] for p in self.client.call("list")])
        self.assertEqual(len(self.client.call("list")), 7)
        self.kept()


class Forgejo(Clients, unittest.TestCase):
    forge, kind = "forgejo", "gitea"


class Encrypted(unittest.TestCase):
    def test_only_the_certificate_that_is_declared_is_trusted(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = f"{folder}/c.pem", f"{folder}/k.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "2", "-subj", "/CN=forge", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-keyout", key, "-out", certificate], check=True, capture_output=True)
            ca = pathlib.Path(certificate).read_text("utf-8")
            with ForgeServer(certificate, key) as server, Client() as client:
                server.on("github", "acme/plans").token(TOKEN)
                server.on("github", "acme/plans").pull(head_sha=SHA % 7)
                settings = {"type": "github", "api": server.api("github"), "repository": "acme/plans", "token": TOKEN}
                client.call("open", **settings, ca=ca)
                self.assertEqual(client.call("get", number=1)["number"], 1)
                client.call("open", **settings)
                with self.assertRaises(Refused) as caught:
                    client.call("get", number=1)
                self.assertEqual(caught.exception.code, "permission-denied")
                self.assertIn("certificate", caught.exception.message)
                self.assertEqual(len(server.log()["requests"]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
