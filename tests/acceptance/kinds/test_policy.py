#!/usr/bin/env python3
"""The kind `policy`: declared like any other. What it does to plans and runs is in test_policy.py above."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, main  # noqa: E402


class Policy(Acceptance):
    def test_one_is_declared_and_a_second_is_refused(self):
        self.world.apply("""
apiVersion: podwright.dev/v1
kind: Policy
metadata: {name: default}
spec:
  limits: {deletes: 7}
""")
        self.assertEqual(self.world.json("get", "policy", "default")["spec"]["limits"]["deletes"], 7)
        said = self.world.apply("""
apiVersion: podwright.dev/v1
kind: Policy
metadata: {name: second}
spec: {}
""", code=1)
        self.assertIn("a workspace has one policy", said)

    def test_what_is_wrong_in_the_document_is_said_at_its_place(self):
        said = self.world.apply("""
apiVersion: podwright.dev/v1
kind: Policy
metadata: {name: default}
spec:
  approvals: {needed: 2, approvers: ["token:ada"]}
  windows:
    night: {open: ["02:00-02:00"]}
""", code=1)
        for words in ("nothing could ever be approved", "ends when it begins", "plan.yaml"):
            self.assertIn(words, said)
        said = self.world.apply("""
apiVersion: podwright.dev/v1
kind: Policy
metadata: {name: default}
spec:
  windows:
    night: {open: ["02:00-03:00"], time_zone: Europe/Atlantis}
""", code=1)
        self.assertIn("Europe/Atlantis", said)


if __name__ == "__main__":
    main()
