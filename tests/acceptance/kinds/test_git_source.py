#!/usr/bin/env python3
"""The kind `git_source`: declared like any other, and what it finds is wanted. No servers: what it applies are secrets."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from git_server import Repository  # noqa: E402
from harness import Acceptance, eventually, main  # noqa: E402

SOURCE = """
apiVersion: podwright.dev/v1
kind: GitSource
metadata: {name: %s}
spec: {url: "%s", path: plans, interval: 1s}
"""
SECRET = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: %s}
spec: {generator: {length: 20}}
"""


class GitSource(Acceptance):
    def setUp(self):
        self.repository = Repository(self.world.folder, self.id().rsplit(".", 1)[1].replace("_", "-"))

    def names(self):
        return {row["name"] for row in self.world.json("get", "secret") if not row["deleting"]}

    def test_what_the_branch_declares_is_wanted_and_polling_sees_a_push(self):
        self.repository.write("plans/a.yaml", SECRET % "first")
        self.repository.push("one")
        self.world.apply(SOURCE % ("polled", self.repository.url))
        eventually("the first document", lambda: "first" in self.names())
        self.repository.write("plans/b.yaml", SECRET % "second")
        commit = self.repository.push("two")
        eventually("the second document", lambda: "second" in self.names())
        view = eventually("it to be synced", lambda: [v for v in [self.world.json("source", "get", "polled")]
                                                      if v["state"] == "synced"])[0]
        self.assertEqual(view["applied"]["commit"], commit)
        self.assertEqual(self.world.json("get", "git_source", "polled")["status"]["owner"], "git:polled")

    def test_what_is_wrong_in_the_document_is_said_at_its_place(self):
        said = self.world.apply("""
apiVersion: podwright.dev/v1
kind: GitSource
metadata: {name: bad}
spec:
  url: ssh://git@example.org/plans.git
  path: a/../b
""", code=1)
        for words in ("host_keys", "credentials", "plan.yaml:7:"):
            self.assertIn(words, said)
        said = self.world.apply(SOURCE % ("bad", "http://example.org/plans.git"), code=1)
        self.assertIn("url", said)


if __name__ == "__main__":
    main()
