#!/usr/bin/env python3
"""./dev quickstart and --down, as a new user runs them."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import BIN, ROOT, free_port, main  # noqa: E402

STATE = ROOT / ".quickstart"


def sh(command, check=True, **environment):
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            env={**os.environ, "NO_COLOR": "1", **environment}, timeout=1500, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"{command}: {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result.stdout + result.stderr


def lab():
    """What the running quick start's lab is called in the kernel; other labs may be running beside it."""
    return re.search(rf"{re.escape(str(STATE))}/.*/run/podwright_([0-9a-f]+)/", sh("ps -ewwo args"))[1]


def traces(name):
    """What the machine shows of the quick start whose lab has this name: processes, networks, mounts, rules, folders."""
    words = (f"{STATE}/", f"podwright_{name}", f"pw-{name}")
    shown = {"processes": "ps -ewwo args", "links": "ip -o link", "mounts": "cat /proc/mounts", "rules": "nft list tables",
             "folders": "ls -d /run/podwright* /sys/fs/cgroup/podwright* /sys/fs/cgroup/*/podwright* 2>/dev/null; true"}
    found = {what: [line for line in sh(command).splitlines() if any(word in line for word in words)]
             for what, command in shown.items()}
    return {what: lines for what, lines in found.items() if lines}


def files():
    """What a quick start must not leave outside its clone."""
    return set(sh("ls -d /etc/podwright /var/lib/podwright ~/.config/podwright 2>/dev/null; true").split())


class QuickStart(unittest.TestCase):
    def test_the_shop_works_and_down_leaves_nothing(self):
        before = files()
        ports = {"QUICKSTART_API_PORT": str(free_port()), "QUICKSTART_HTTPS_PORT": str(free_port()),
                 "QUICKSTART_AGENTS_PORT": str(free_port())}
        context = {"PODWRIGHT_CONFIG": str(STATE / "context.yaml")}
        try:
            said = sh("./dev quickstart", **ports)
            table = sh(f"{BIN}/podwright get server", **context)
            for name in ("web-1", "db-1", "db-2"):
                self.assertIn(name, said)
                self.assertRegex(table, rf"{name}\s.*ready")
            self.assertRegex(said, r"read from the replica db-[12] over the mesh: a row written through the balancer")
            self.assertIn("Redis: a key set through the balancer", said)
            self.assertRegex(said, r"nginx on [0-9.]+: Hello from Podwright\.")
            self.assertEqual(sh(f"{BIN}/podwright lab ssh web-1 -- cat /etc/motd", **context), "web-1 is kept by Podwright.\n")
            self.assertEqual(sh(f"{BIN}/podwright lab ssh web-1 -- stat -c '%a %s' /etc/shop/orders-password", **context),
                             "600 40\n")
            diff = sh(f"{BIN}/podwright diff examples/gitops/quickstart", **context)
            self.assertIn("No difference", diff)
            self.pushed_and_previewed(said)
            again = sh("./dev quickstart", **ports)
            self.assertIn("No changes", again)
            self.assertRegex(again, r":8080/ says: Release 2, from Git\.\n(.|\n)*:8080/ says: Release 3, from Git\.\n")
            name = lab()
            self.assertEqual({"processes", "links", "mounts", "rules", "folders"} - traces(name).keys(), set())
        finally:
            sh("./dev quickstart --down")
        self.assertEqual(traces(name), {})
        self.assertEqual(files(), before)
        self.assertFalse(STATE.exists())

    def pushed_and_previewed(self, said):
        first, second = (said.index(f":8080/ says: Release {release}, from Git.") for release in (1, 2))
        # The one who pushes sees what came of it.
        push = said.index("$ git push origin main", first)
        self.assertLess(push, second)
        preview = said[said.index("$ podwright preview --source site --base main --head health"):]
        self.assertIn("update prod/site.yaml", preview)
        self.assertIn("load_balancer/site", preview)
        self.assertRegex(preview, r"Digest: [0-9a-f]{64}")
        # Nothing of the branch is served.
        self.assertNotIn("says: ok", said)


if __name__ == "__main__":
    main()
