#!/usr/bin/env python3
"""The kind `server` on a real lab server: every item is made, kept, paused, removed."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

UNIT = """
        [Unit]
        Description=Counts its starts
        [Service]
        ExecStartPre=/bin/sh -c 'echo start >> /var/lib/starts'
        ExecStart=/bin/sleep infinity
        ExecReload=/bin/sh -c 'echo reload >> /var/lib/starts'
        [Install]
        WantedBy=multi-user.target
"""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMZ1Q2jZ0v6zqFqk1p4C8m1H1m3mQyq3R9mI2m1V0b7d deploy@ci"

FULL = f"""
apiVersion: podwright.dev/v1
kind: Server
metadata: {{name: one, labels: {{tier: web}}}}
spec:
  cloud: lab
  packages:
    tree: {{}}
  files:
    /etc/motd:
      content: "kept by Podwright\\n"
    /etc/app/app.conf:
      content: "port = 1\\n"
      mode: "0640"
      group: app
      reloads: [counter.service]
    /etc/systemd/system/counter.service:
      content: |{UNIT}
      restarts: [counter.service]
  units:
    counter.service: {{}}
  users:
    app:
      authorized_keys: ["{KEY}"]
  sysctl:
    net.ipv4.ip_forward: "1"
  firewall:
    inbound:
      http: {{port: 8080}}
  secrets:
    /etc/app/token: {{secret: app-token, group: app, mode: "0640"}}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {{name: app-token}}
spec:
  generator: {{length: 40}}
"""


class ServerOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(FULL)

    def setUp(self):
        self.world.apply(FULL)

    def sh(self, command, **options):
        return self.world.shell("one", command, **options)

    def test_what_was_declared_is_there(self):
        self.assertEqual(self.sh("cat /etc/motd"), "kept by Podwright\n")
        self.assertEqual(self.sh("stat -c '%a %U %G' /etc/app/app.conf").strip(), "640 root app")
        self.assertEqual(self.sh("systemctl is-active counter.service; systemctl is-enabled counter.service").split(),
                         ["active", "enabled"])
        self.assertIn("tree", self.sh("dpkg-query -W tree"))
        self.assertEqual(self.sh("cat /proc/sys/net/ipv4/ip_forward").strip(), "1")
        self.assertIn(KEY, self.sh("cat ~app/.ssh/authorized_keys"))
        self.assertIn("8080", self.sh("nft list table inet podwright"))
        self.assertEqual(self.sh("stat -c '%a %U %G %s' /etc/app/token").strip(), "640 root app 40")

    def test_the_next_plan_is_empty(self):
        self.world.plan(FULL, "--detailed-exitcode", code=0)

    def test_a_change_is_planned_and_only_that_is_done(self):
        before = self.sh("cat /var/lib/starts | wc -l")
        changed = FULL.replace("port = 1", "port = 2")
        text = self.world.plan(changed, "--detailed-exitcode", code=2)
        self.assertIn("/etc/app/app.conf", text)
        self.assertNotIn("/etc/motd", text)
        self.world.apply(changed)
        self.assertEqual(self.sh("cat /etc/app/app.conf"), "port = 2\n")
        self.assertEqual(self.sh("tail -n 1 /var/lib/starts").strip(), "reload")
        self.assertEqual(int(self.sh("cat /var/lib/starts | wc -l")), int(before) + 1)

    def test_drift_of_every_kind_comes_back(self):
        self.sh("echo changed > /etc/motd; chmod 0600 /etc/app/app.conf; systemctl stop counter.service;"
                "rm /etc/app/token; nft delete table inet podwright; echo 0 > /proc/sys/net/ipv4/ip_forward")
        eventually("the file's content", lambda: self.sh("cat /etc/motd") == "kept by Podwright\n", 30)
        eventually("the file's mode", lambda: self.sh("stat -c %a /etc/app/app.conf").strip() == "640", 30)
        eventually("the service", lambda: self.sh("systemctl is-active counter.service", check=False).strip() == "active", 30)
        eventually("the secret's file", lambda: self.sh("stat -c %s /etc/app/token", check=False).strip() == "40", 30)
        eventually("the firewall", lambda: "8080" in self.sh("nft list table inet podwright", check=False), 30)
        eventually("the kernel parameter", lambda: self.sh("cat /proc/sys/net/ipv4/ip_forward").strip() == "1", 30)
        eventually("an event that tells of it", lambda: "drift" in self.world.run("events"), 30)

    def test_a_removed_package_and_user_come_back(self):
        self.sh("dpkg --remove tree; userdel app")
        eventually("the package", lambda: "install ok" in self.sh("dpkg-query -W -f '${Status}' tree", check=False), 90)
        eventually("the user", lambda: self.sh("getent passwd app", check=False), 60)

    def test_a_paused_server_is_left_alone(self):
        self.world.run("pause", "server/one", "--for", "10m", "--reason", "looking at it")
        try:
            self.sh("echo changed > /etc/motd; systemctl stop counter.service")
            eventually("the drift to be seen",
                       lambda: "/etc/motd" in self.world.run("describe", "server/one"), 30)
            self.assertEqual(self.sh("cat /etc/motd"), "changed\n")
        finally:
            self.world.run("resume", "server/one")
        eventually("the file after resume", lambda: self.sh("cat /etc/motd") == "kept by Podwright\n", 30)

    def test_a_pause_on_the_host_holds_and_is_told(self):
        self.sh("podwright-agent pause --for 1h --reason 'by hand'")
        try:
            self.sh("echo changed > /etc/motd")
            eventually("the audit or the events to tell of it", lambda: "paused" in self.world.run("events"), 30)
            self.assertEqual(self.sh("cat /etc/motd"), "changed\n")
        finally:
            self.sh("podwright-agent resume")
        eventually("the file after resume", lambda: self.sh("cat /etc/motd") == "kept by Podwright\n", 30)

    def test_the_agent_repairs_without_a_control_plane(self):
        self.world.plan(FULL, "--detailed-exitcode", code=0)
        machine = self.world.json("lab", "list")
        self.assertTrue(machine)
        argv = self.world.run("lab", "ssh", "one", "--print").split()
        self.world.stop()
        try:
            import subprocess
            inside = lambda c: subprocess.run(argv + ["sh", "-c", c], capture_output=True, text=True, check=False).stdout
            inside("echo changed > /etc/motd")
            eventually("the file to come back", lambda: inside("cat /etc/motd") == "kept by Podwright\n", 30)
        finally:
            self.world.start()
        self.world.plan(FULL, "--detailed-exitcode", code=0)

    def test_what_is_no_longer_declared_is_taken_away_and_the_rest_stays(self):
        self.sh("echo mine > /etc/mine")
        less = "\n".join(line for line in FULL.splitlines() if "tree:" not in line and "packages:" not in line)
        less = less.replace('    /etc/motd:\n      content: "kept by Podwright\\n"\n', "")
        text = self.world.plan(less, "--detailed-exitcode", code=2)
        self.assertIn("tree", text)
        self.world.apply(less)
        self.assertNotIn("install ok", self.sh("dpkg-query -W -f '${Status}' tree", check=False))
        self.assertEqual(self.sh("cat /etc/mine"), "mine\n")
        self.assertEqual(self.sh("systemctl is-active counter.service").strip(), "active")

    def test_a_sysctl_that_the_lab_cannot_set_is_a_plan_time_error(self):
        with self.assertRaises(Failed) as failure:
            self.world.plan(FULL.replace("net.ipv4.ip_forward", "vm.swappiness"))
        text = failure.exception.out + failure.exception.err
        self.assertIn("vm.swappiness", text)
        self.assertIn("lab", text)

    def test_a_failing_package_fails_the_run_with_apts_own_words_and_the_rest_stands(self):
        broken = FULL.replace("    tree: {}", "    tree: {}\n    no-such-package-anywhere: {}")
        with self.assertRaises(Failed) as failure:
            self.world.apply(broken)
        text = failure.exception.out + failure.exception.err
        self.assertIn("no-such-package-anywhere", text)
        self.assertEqual(self.sh("systemctl is-active counter.service").strip(), "active")
        self.world.apply(FULL)
        self.world.plan(FULL, "--detailed-exitcode", code=0)


if __name__ == "__main__":
    main()
