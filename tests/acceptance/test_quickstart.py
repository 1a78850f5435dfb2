#!/usr/bin/env python3
"""./dev quickstart and --down, as a new user runs them."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import BIN, ROOT, free_port, main  # noqa: E402


def sh(command, check=True, **environment):
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            env={**os.environ, "NO_COLOR": "1", **environment}, timeout=1500, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"{command}: {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result.stdout + result.stderr


def traces():
    """What a machine would show of a running quick start: processes, networks, mounts, files outside the clone."""
    processes = [line for line in sh("ps -eo args").splitlines()
                 if str(ROOT) in line and ("podwrightd" in line or "conmon" in line)]
    links = [line for line in sh("ip -o link").splitlines() if "podwright" in line or "pw-" in line]
    mounts = [line for line in sh("cat /proc/mounts").splitlines() if ".quickstart" in line]
    files = sh("ls -d /etc/podwright /var/lib/podwright ~/.config/podwright 2>/dev/null; true").split()
    return {"processes": processes, "links": links, "mounts": mounts, "files": files}


class QuickStart(unittest.TestCase):
    def test_the_shop_works_and_down_leaves_nothing(self):
        before = traces()
        ports = {"QUICKSTART_API_PORT": str(free_port()), "QUICKSTART_HTTPS_PORT": str(free_port()),
                 "QUICKSTART_AGENTS_PORT": str(free_port())}
        try:
            said = sh("./dev quickstart", **ports)
            context = {"PODWRIGHT_CONFIG": str(ROOT / ".quickstart" / "context.yaml")}
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
            again = sh("./dev quickstart", **ports)
            self.assertIn("No changes", again)
        finally:
            sh("./dev quickstart --down")
        self.assertEqual(traces(), before)
        self.assertFalse((ROOT / ".quickstart").exists())


if __name__ == "__main__":
    main()
