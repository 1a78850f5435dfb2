#!/usr/bin/env python3
"""kill -9 at every fault point of podwrightd and the agent: the run ends converged, every effect once.

The points are those that the programs list themselves; one that is never reached fails its case.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import BIN, Acceptance, eventually, main  # noqa: E402

PLAN = """
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: crash}
spec:
  cloud: lab
  files:
    /etc/app.conf:
      content: "%(value)s\\n"
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


def points(program):
    text = subprocess.run([str(BIN / program), "fault-points"], capture_output=True, text=True, check=True).stdout
    return text.split()


class Crash(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.number = 0
        cls.world.apply(PLAN % {"value": "0"})

    def sh(self, command, **options):
        return self.world.shell("crash", command, **options)

    def change(self):
        Crash.number += 1
        return PLAN % {"value": str(Crash.number)}

    def converged(self, text, starts_before):
        eventually("the run to end converged", lambda: self.world.plan(text, "--detailed-exitcode", code=(0,)) or True, 120)
        self.assertEqual(self.sh("cat /etc/app.conf").strip(), str(Crash.number))
        self.assertEqual(int(self.sh("wc -l < /var/lib/starts")), starts_before + 1, "restarted more than once")

    def test_podwrightd_dies_at_every_point(self):
        for point in points("podwrightd"):
            if point.startswith(("agent.", "machine.", "source.", "preview.")):  # sources: test_git.py, previews: test_pull_requests.py
                continue
            with self.subTest(point):
                before = int(self.sh("wc -l < /var/lib/starts"))
                self.world.stop()
                self.world.start(PODWRIGHT_FAULT=point)
                eventually("the agent to be back", self.agent_is_connected)
                text = self.change()
                applying = self.world.begin_apply(text)
                eventually(f"podwrightd to die at {point}", lambda: self.world.daemon.poll() is not None, 60)
                self.world.daemon = None
                self.world.start()
                said, _ = applying.communicate(timeout=120)
                self.assertEqual(applying.returncode, 0, said)
                self.converged(text, before)

    def agent_is_connected(self):
        return any(a["connected"] for a in self.world.json("agent", "list"))

    def test_the_agent_dies_at_every_point(self):
        for point in points("podwright-agent"):
            with self.subTest(point):
                eventually("the agent to be connected", self.agent_is_connected)
                before = int(self.sh("wc -l < /var/lib/starts"))
                self.sh(f"mkdir -p /etc/podwright && echo {point} > /etc/podwright/fault && "
                        "mkdir -p /etc/systemd/system/podwright-agent.service.d && "
                        "printf '[Service]\\nEnvironment=PODWRIGHT_FAULT_FILE=/etc/podwright/fault\\n' "
                        "> /etc/systemd/system/podwright-agent.service.d/fault.conf && "
                        "systemctl daemon-reload && systemctl restart podwright-agent")
                eventually("the agent to be connected", self.agent_is_connected)
                text = self.change()
                self.world.apply(text)
                self.assertEqual(self.sh("test -e /etc/podwright/fault && echo there || echo gone").strip(), "gone",
                                 f"{point} was never reached")
                self.converged(text, before)

    def test_a_machine_is_made_once_wherever_podwrightd_dies(self):
        for number, point in enumerate(p for p in points("podwrightd") if p.startswith("machine.")):
            with self.subTest(point):
                name = f"made-{number}"
                text = f"apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {{name: {name}}}\nspec: {{cloud: lab}}\n"
                self.world.stop()
                self.world.start(PODWRIGHT_FAULT=point)
                applying = self.world.begin_apply(text)
                eventually(f"podwrightd to die at {point}", lambda: self.world.daemon.poll() is not None, 60)
                self.world.daemon = None
                self.world.start()
                said, _ = applying.communicate(timeout=180)
                self.assertEqual(applying.returncode, 0, said)
                eventually("the server to be ready", lambda: [
                    o for o in self.world.json("get", "server") if o["name"] == name and o["phase"] == "ready"], 180)
                machines = [m for m in self.world.json("lab", "list") if m["server"] == name]
                self.assertEqual(len(machines), 1, machines)
                self.assertFalse([m for m in self.world.json("lab", "list") if m.get("stray")])
                self.world.run("delete", f"server/{name}", "--yes")


if __name__ == "__main__":
    main()
