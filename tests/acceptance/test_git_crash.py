#!/usr/bin/env python3
"""kill -9 of podwrightd wherever a source can be: between fetch, load, the commit of the objects and the ledger's write.

After the restart nothing was done twice and no commit is lost. The points are those that podwrightd lists itself; one that
is never reached fails its case.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from git_server import Repository  # noqa: E402
from harness import BIN, Acceptance, eventually, main  # noqa: E402

PLAN = """
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: crash}
spec:
  cloud: lab
  files:
    /etc/app.conf:
      content: "%s\\n"
      restarts: [count.service]
    /etc/systemd/system/count.service:
      content: |
        [Service]
        ExecStartPre=/bin/sh -c 'echo start >> /var/lib/starts'
        ExecStart=/bin/sleep infinity
        [Install]
        WantedBy=multi-user.target
  units:
    count.service: {}
"""


def points():
    text = subprocess.run([str(BIN / "podwrightd"), "fault-points"], capture_output=True, text=True, check=True).stdout
    return [point for point in text.split() if point.startswith(("source.", "apply."))]


class SourceCrash(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.repository = Repository(cls.world.folder)
        cls.repository.write("crash.yaml", PLAN % "0")
        cls.repository.push("0")
        cls.world.run("source", "add", "plans", cls.repository.url, "--interval", "1s", "--yes")
        eventually("the first push to run", lambda: cls.view()["state"] == "synced", 180)

    @classmethod
    def view(cls):
        return cls.world.json("source", "get", "plans")

    def sh(self, command):
        return self.world.shell("crash", command)

    def test_orphan_locks_after_a_runner_died_there_are_none_at_any_point(self):
        """tofu-controller#1876: whoever dies holds nothing that somebody would have to unlock."""
        self.assertGreater(len(points()), 4)
        for number, point in enumerate(points(), 1):
            with self.subTest(point):
                starts = int(self.sh("wc -l < /var/lib/starts"))
                self.world.stop()
                self.repository.write("crash.yaml", PLAN % number)
                commit = self.repository.push(str(number))
                self.world.start(wait=False, PODWRIGHT_FAULT=point)
                eventually(f"podwrightd to die at {point}", lambda: self.world.daemon.poll() is not None, 60)
                self.world.daemon = None
                self.world.start()
                eventually("the commit to be applied", lambda: self.view()["applied"]["commit"] == commit, 60)
                eventually("it to be synced", lambda: self.view()["state"] == "synced", 60)
                self.assertEqual(self.sh("cat /etc/app.conf").strip(), str(number))
                self.assertEqual(int(self.sh("wc -l < /var/lib/starts")), starts + 1, "restarted more than once")
                history = [entry["commit"] for entry in self.view()["history"]]
                self.assertEqual(history.count(commit), 1)
                self.assertEqual(len(history), number + 1, "no commit is lost, none is there twice")


if __name__ == "__main__":
    main()
