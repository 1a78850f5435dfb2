#!/usr/bin/env python3
"""The kind `secret`: made, set, rotated, delivered; in clear nowhere but in the delivered file."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

VALUE = "correct-horse-battery-staple-4711"

PLAN = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: brought}
spec: {}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: made}
spec:
  generator: {length: 64, alphabet: hex}
---
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: keeper}
spec:
  cloud: lab
  secrets:
    /etc/made: {secret: made}
"""
WITH_BROUGHT = PLAN + "    /etc/brought: {secret: brought}\n"


class SecretOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(PLAN)

    def sh(self, command, **options):
        return self.world.shell("keeper", command, **options)

    def test_a_generated_secret_is_delivered_0600(self):
        self.assertEqual(self.sh("stat -c '%a %s' /etc/made").strip(), "600 64")
        self.assertRegex(self.sh("cat /etc/made"), "^[0-9a-f]{64}$")

    def test_who_needs_a_value_that_is_not_there_waits_and_says_which_command_brings_it(self):
        applying = self.world.begin_apply(WITH_BROUGHT.replace("brought", "missing"))
        said = []
        for line in applying.stdout:
            said.append(line)
            if line.startswith("waiting") and "podwright secret set missing" in line:
                self.world.run("secret", "set", "missing", stdin=VALUE)
        self.assertEqual(applying.wait(60), 0, "".join(said))
        self.assertEqual(self.sh("cat /etc/missing"), VALUE)
        self.world.apply(PLAN)
        self.assertEqual(self.sh("ls /etc/missing 2>&1; true").count("No such file"), 1)

    def test_a_set_secret_reaches_the_server_and_nothing_else(self):
        self.world.run("secret", "set", "brought", stdin=VALUE)
        self.world.apply(WITH_BROUGHT)
        self.assertEqual(self.sh("cat /etc/brought"), VALUE)
        # data/lab holds the disks of the lab's servers, where the delivered file is meant to be.
        found = subprocess.run(["grep", "-rlaF", "--exclude-dir=lab", VALUE, str(self.world.folder)], capture_output=True,
                               text=True, check=False)
        self.assertEqual(found.stdout, "", "the value stands in clear in the control plane's files")
        # On the server: in the delivered file, nowhere in the agent's state, journal or the system's log.
        inside = self.sh(f"grep -rlaF '{VALUE}' /etc /var/lib/podwright-agent 2>/dev/null; true").split()
        self.assertEqual(inside, ["/etc/brought"])
        logged = self.sh("journalctl --no-pager -u podwright-agent | grep -cF '" + VALUE + "'; true")
        self.assertEqual(logged.strip(), "0")
        for arguments in (["get", "secret", "-o", "json"], ["describe", "secret/brought"], ["events"], ["run", "list", "-o", "json"]):
            self.assertNotIn(VALUE, self.world.run(*arguments))

    def test_rotation_reaches_the_server(self):
        before = self.sh("cat /etc/made")
        self.world.run("secret", "rotate", "made")
        eventually("the new value", lambda: self.sh("cat /etc/made") != before, 60)
        self.assertRegex(self.sh("cat /etc/made"), "^[0-9a-f]{64}$")

    def test_a_plaintext_value_in_a_document_is_refused(self):
        with self.assertRaises(Failed) as failure:
            self.world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: plain}\nspec: {value: abc}\n")
        text = failure.exception.out + failure.exception.err
        self.assertIn("plan.yaml:4", text)
        self.assertIn("podwright secret set", text)


if __name__ == "__main__":
    main()
