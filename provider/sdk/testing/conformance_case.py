"""What the conformance tests share: a case with a configuration, the toy's objects and a real tofu or terraform."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

PROVIDER = None
CLI = shutil.which("tofu") or shutil.which("terraform")

HEAD = """
terraform {
  required_providers {
    toy = { source = "podwright/toy" }
  }
}
provider "toy" {
  folder = "%s"
}
"""

FULL = """
resource "toy_file" "a" {
  name              = "a"
  content           = "%s"
  ttl               = "60s"
  ratio             = 0.1
  enabled           = true
  tags              = { x = "1" }
  numbers           = [1, -2.5, 18446744073709551616, 0.3]
  ports             = [443, 80]
  anything          = { deep = [1, "x", null] }
  secret_wo         = "s3cret-text"
  secret_wo_version = 1
  owner             = { name = "o" }
  users             = { app = { roles = ["w", "r"], password_wo = "s3cret-nested" }, web = {} }
  rules             = [{ port = 1 }, { port = 2 }]
  labels            = [{ key = "k" }, { key = "j", value = "no" }]
}
"""


class Case(unittest.TestCase):
    """A folder with a configuration, the toy's objects and the CLI's settings."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="toy")
        self.addCleanup(shutil.rmtree, self.root, True)
        self.objects = os.path.join(self.root, "objects")
        self.sockets = os.path.join(self.root, "s")
        self.work = os.path.join(self.root, "work")
        for folder in (self.objects, self.sockets, self.work):
            os.mkdir(folder)
        rc = os.path.join(self.root, "cli.rc")
        with open(rc, "w") as file:
            file.write('provider_installation {\n  dev_overrides { "podwright/toy" = "%s" }\n}\n' % os.path.dirname(PROVIDER))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "PODWRIGHT_"))}
        self.env = dict(kept, TF_CLI_CONFIG_FILE=rc, CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1", TMPDIR=self.sockets)

    def tearDown(self):
        deadline = time.monotonic() + 10
        while os.listdir(self.sockets) and time.monotonic() < deadline:
            time.sleep(0.05)  # the provider unlinks its socket as it ends
        self.assertEqual(os.listdir(self.sockets), [], "sockets left behind")

    def write(self, body, head=True):
        with open(os.path.join(self.work, "main.tf"), "w") as file:
            file.write((HEAD % self.objects if head else "") + body)

    def run_cli(self, *arguments, expect=0, **env):
        done = subprocess.run([CLI, *arguments, "-no-color"], cwd=self.work, env=dict(self.env, **env), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout)
        return re.sub(r"[\s│]+", " ", done.stdout)

    def apply(self, expect=0, **env):
        return self.run_cli("apply", "-auto-approve", expect=expect, **env)

    def assert_settled(self):
        self.run_cli("plan", "-refresh=false", "-detailed-exitcode")
        self.run_cli("plan", "-detailed-exitcode")
        # Not by exit code: Terraform 1.11 answers 2 here for any resource with a sensitive attribute.
        self.assertIn("still matches the configuration", self.run_cli("plan", "-refresh-only"))

    def object(self, name):
        with open(os.path.join(self.objects, name + ".json")) as file:
            return json.load(file)

    def state(self):
        with open(os.path.join(self.work, "terraform.tfstate")) as file:
            return json.load(file)

    def instance(self, index=0):
        return self.state()["resources"][index]["instances"][0]

    def providers(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as file:
                    mine = ("TMPDIR=" + self.sockets).encode() in file.read().split(b"\0")
                if mine and os.readlink("/proc/%s/exe" % pid) == PROVIDER:
                    found.append(int(pid))
            except OSError:
                continue
        return found

    def eventually(self, condition, what):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)


def main():
    """Runs the tests of the file that was started with the provider's binary as its first argument."""
    global PROVIDER
    if CLI is None:
        sys.exit("neither tofu nor terraform is on PATH: https://opentofu.org/docs/intro/install/")
    PROVIDER = os.path.realpath(sys.argv.pop(1))
    unittest.main()
