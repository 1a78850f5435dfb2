#!/usr/bin/env python3
"""The kind `mesh` on three real lab servers: joined, closed by default, kept, changed, its keys renewed under an open
connection, and gone without a trace."""
import json
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

NAMES = ["one", "two", "three"]
PORT = 7000

SERVERS = "\n---\n".join(
    f"apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {{name: {name}}}\nspec:\n  cloud: lab\n"
    "  packages: {python3: {}}\n"
    + ("  firewall: {inbound: {}}\n" if name == "two" else "") for name in NAMES)


def mesh(members=NAMES, version=1, name="prod", port=51820, range_="10.90.0.0/24"):
    listed = ", ".join(f"{m}: {{}}" for m in members)
    return (f"apiVersion: podwright.dev/v1\nkind: Mesh\nmetadata: {{name: {name}}}\nspec:\n"
            f"  members: {{{listed}}}\n  range: {range_}\n  port: {port}\n  key_version: {version}\n"
            f"  rules:\n    echo: {{from: [one], to: [two], port: {PORT}}}\n")


def full(*arguments, **options):
    return SERVERS + "\n---\n" + mesh(*arguments, **options)


# Answers each line with the same line, for as many clients as come.
ECHO = """
import socket, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", %d)); s.listen()
def serve(c):
    while True:
        d = c.recv(4096)
        if not d: return
        c.sendall(d)
while True:
    c, _ = s.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()
"""

# One connection; a line each 5 ms; says the longest time that an answer took.
STREAM = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], %d), 5); s.settimeout(30); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
f = s.makefile("rw"); worst = 0.0; count = 0; end = time.monotonic() + float(sys.argv[2])
print("open", flush=True)
while time.monotonic() < end:
    began = time.monotonic(); f.write("%%d\\n" %% count); f.flush()
    assert f.readline() == "%%d\\n" %% count
    worst = max(worst, time.monotonic() - began); count += 1; time.sleep(0.005)
print(count, worst)
"""


class MeshOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(full(), timeout=900)
        for name in NAMES:
            cls.world.shell(name, f"cat > /root/echo.py <<'X'\n{ECHO % PORT}X\ncat > /root/stream.py <<'X'\n{STREAM % PORT}X\n"
                                  "systemd-run --quiet --unit=echo python3 /root/echo.py")

    version = 1  # of the keys: only ever raised

    def setUp(self):
        self.world.apply(self.full())

    def full(self, *arguments):
        return full(*arguments, version=MeshOnTheLab.version)

    def sh(self, server, command, **options):
        return self.world.shell(server, command, **options)

    def pings(self, server, to):
        return "1 received" in self.sh(server, f"ping -c 1 -W 2 {to}", check=False)

    def connects(self, server, to, seconds=2):
        code = f"import socket; socket.create_connection(('{to}', {PORT}), {seconds})"
        return "yes" in self.sh(server, f'python3 -c "{code}" && echo yes', check=False)

    def all_joined(self):
        for server in NAMES:
            for other in NAMES:
                if not self.pings(server, f"{other}.prod.internal"):
                    return False
        return True

    def test_every_member_reaches_every_other_by_address_and_by_name(self):
        addresses = self.world.json("get", "mesh")[0]["status"]["addresses"]
        self.assertEqual(addresses, {"one": "10.90.0.1", "three": "10.90.0.2", "two": "10.90.0.3"})
        for server in NAMES:
            for other in NAMES:
                eventually(f"{server} to reach {other}", lambda: self.pings(server, addresses[other]), 15)
                self.assertEqual(self.sh(server, f"getent hosts {other}.prod.internal").split()[0], addresses[other])
        self.assertTrue(self.all_joined())
        status = eventually("the handshakes to be told", lambda: (lambda s: s if s["members"]["one"].get(
            "reachable_peers") == "2" or s["members"]["one"].get("reachable_peers") == 2 else None)(
                self.world.json("get", "mesh")[0]["status"]), 30)
        self.assertEqual(status["interface"], "pw-prod")

    def test_the_next_plan_is_empty(self):
        self.world.plan(self.full(), "--detailed-exitcode", code=0)

    def test_what_no_rule_allows_is_denied(self):
        self.assertTrue(self.connects("one", "two.prod.internal"))
        self.assertTrue(self.connects("one", "10.90.0.3"))
        self.assertFalse(self.connects("three", "two.prod.internal"))
        self.assertFalse(self.connects("one", "three.prod.internal"))
        self.assertTrue(self.connects("two", "127.0.0.1"))
        self.assertFalse(self.connects("two", "one.prod.internal"))
        opened = self.full().replace("    echo:", f"    more: {{from: [three], port: {PORT}}}\n    echo:")
        said = self.world.plan(opened, "--detailed-exitcode", code=2)
        self.assertIn("let in from the mesh", said)
        self.assertNotIn("join with", said)
        self.world.apply(opened)
        self.assertTrue(self.connects("three", "two.prod.internal"))
        self.world.apply(self.full())
        self.assertFalse(self.connects("three", "two.prod.internal"))

    def test_the_servers_own_firewall_lets_the_mesh_in(self):
        table = self.sh("two", "nft list table inet podwright")
        self.assertIn("udp dport 51820 accept", table)
        self.assertIn('iifname "pw-prod" accept', table)
        self.sh("two", "nft delete table inet podwright")
        eventually("the table to come back with the mesh in it",
                   lambda: "51820" in self.sh("two", "nft list table inet podwright", check=False), 30)

    def test_drift_of_every_part_comes_back(self):
        self.sh("one", "echo '# edited' >> /etc/wireguard/pw-prod.conf; nft delete table inet podwright_mesh_prod;"
                       "sed -i '/podwright mesh prod/,/podwright mesh prod/d' /etc/hosts")
        self.sh("two", "systemctl stop wg-quick@pw-prod")
        self.sh("three", "for p in $(wg show pw-prod peers); do wg set pw-prod peer $p remove; done")
        eventually("the configuration", lambda: "edited" not in self.sh("one", "cat /etc/wireguard/pw-prod.conf"), 30)
        eventually("the rules", lambda: "drop" in self.sh("one", "nft list table inet podwright_mesh_prod", check=False), 30)
        eventually("the names", lambda: self.sh("one", "getent hosts two.prod.internal", check=False), 30)
        eventually("the unit", lambda: self.sh("two", "systemctl is-active wg-quick@pw-prod", check=False).strip() == "active", 30)
        eventually("the peers", lambda: len(self.sh("three", "wg show pw-prod peers").split()) == 2, 30)
        eventually("everybody to reach everybody", self.all_joined, 30)
        self.sh("one", "kill $(pidof wireguard-go) 2>/dev/null || ip link delete pw-prod")
        eventually("the interface after its program died", lambda: self.sh("one", "wg show pw-prod peers", check=False), 30)
        eventually("everybody to reach everybody again", self.all_joined, 30)
        eventually("an event that tells of it", lambda: "drift" in self.world.run("events"), 30)
        self.world.plan(self.full(), "--detailed-exitcode", code=0)

    def test_a_member_leaves_and_comes_back_and_only_that_is_sent(self):
        starts = {s: self.sh(s, "systemctl show -p InvocationID wg-quick@pw-prod") for s in ("one", "two")}
        keys = self.sh("one", "wg show pw-prod public-key")
        fewer = self.full(["one", "two"])
        said = self.world.plan(fewer, "--detailed-exitcode", code=2)
        self.assertIn("part from three", said)
        self.world.apply(fewer)
        self.assertEqual(len(self.sh("one", "wg show pw-prod peers").split()), 1)
        self.nothing_is_left("three")
        self.world.plan(fewer, "--detailed-exitcode", code=0)
        said = self.world.plan(self.full(), "--detailed-exitcode", code=2)
        self.assertIn("join with three", said)
        self.assertNotIn("join with one and two\n  one", said)
        self.world.apply(self.full())
        eventually("the member to be back", self.all_joined, 30)
        self.assertEqual(self.sh("three", "ip -4 -br addr show pw-prod").split()[2], "10.90.0.2/24")
        self.assertEqual({s: self.sh(s, "systemctl show -p InvocationID wg-quick@pw-prod") for s in starts}, starts)
        self.assertEqual(self.sh("one", "wg show pw-prod public-key"), keys)

    def test_keys_are_renewed_under_an_open_connection(self):
        before = {s: self.sh(s, "wg show pw-prod public-key") for s in NAMES}
        MeshOnTheLab.version += 1
        argv = self.world.run("lab", "ssh", "one", "--print").split()
        stream = subprocess.Popen([*argv, "python3", "/root/stream.py", "two.prod.internal", "15"], text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(stream.stdout.readline(), "open\n")
        began = time.monotonic()
        self.world.apply(self.full())
        took = time.monotonic() - began
        said = stream.communicate(timeout=60)[0]
        self.assertEqual(stream.returncode, 0, said)
        self.assertLess(took, 14, "the rotation was longer than the stream")
        count, worst = said.split()
        print(f"rotation of three members: {took:.2f} s; {count} lines, the longest answer {float(worst) * 1000:.0f} ms",
              flush=True)
        # WireGuard itself tries a failed handshake again after 5 s: nobody may have had to wait for that. The figure of
        # the longest answer depends on the machine's load and is measured by the benchmark.
        self.assertLess(float(worst), 5.0)
        after = {s: self.sh(s, "wg show pw-prod public-key") for s in NAMES}
        self.assertFalse(set(before.values()) & set(after.values()))
        for server in NAMES:
            peers = set(self.sh(server, "wg show pw-prod peers").split())
            self.assertEqual(peers, {after[o].strip() for o in NAMES if o != server})
        self.world.plan(self.full(), "--detailed-exitcode", code=0)

    def test_a_boot_brings_the_mesh_and_its_rules_back(self):
        argv = self.world.run("lab", "ssh", "three", "--print").split()
        podman, container = argv[:argv.index("exec")], argv[-1]
        subprocess.run([*podman, "restart", "-t", "10", container], check=True, capture_output=True, timeout=120)
        eventually("the server to be back", lambda: self.sh("three", "systemctl is-system-running --wait; echo up", check=False), 90)
        eventually("everybody to reach everybody", self.all_joined, 60)
        self.assertIn("drop", self.sh("three", "nft list table inet podwright_mesh_prod"))

    def test_private_keys_stay_on_their_server(self):
        secret = self.sh("one", "wg show pw-prod private-key").strip()
        self.assertEqual(len(secret), 44)
        self.assertEqual(self.sh("one", "stat -c %a /etc/wireguard/pw-prod.conf").strip(), "600")
        everything = self.world.run("get", "mesh", "-o", "json") + self.world.run("describe", "mesh/prod") + self.world.log()
        self.assertNotIn(secret, everything)
        for path in (self.world.folder / "data").rglob("*"):
            if path.is_file() and "lab" not in path.parts:  # the servers themselves are there
                self.assertNotIn(secret.encode(), path.read_bytes(), path)

    def test_what_cannot_be_is_told_at_plan_time(self):
        def refused(text):
            with self.assertRaises(Failed) as failure:
                self.world.plan(text)
            return failure.exception.out + failure.exception.err
        self.assertIn("3 are needed", refused(self.full() + "\n---\n" + mesh(name="small", port=1000, range_="10.99.0.0/30")))
        text = refused(self.full() + "\n---\n" + mesh(name="other", port=1000, range_="10.90.0.128/25"))
        self.assertIn("mesh/other", text)
        self.assertIn("mesh/prod", text)
        self.assertIn("overlap", text)
        self.assertIn("/etc/hosts", refused(self.full().replace("metadata: {name: one}\nspec:\n",
                                                           "metadata: {name: one}\nspec:\n  files: {/etc/hosts: {content: x}}\n")))
        self.assertIn("no member", refused(self.full().replace("from: [one]", "from: [four]")))

    def test_hcl_makes_a_mesh_and_the_next_plan_is_empty(self):
        folder = self.world.stack(
            'provider "podwright" {\n  stack = "mesh"\n}\n'
            'resource "podwright_mesh" "hcl" {\n  name = "hcl"\n  range = "fd00:77::/64"\n  port = 51900\n'
            '  members = { one = {}, two = { keepalive = "10s" } }\n'
            f'  rules = {{ echo = {{ from = ["one"], port = {PORT} }} }}\n}}\n'
            'output "two" { value = podwright_mesh.hcl.status.addresses["two"] }\n', "hcl")
        self.world.tofu(folder, "apply", "-auto-approve")
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.assertIn("fd00:77::2", self.world.tofu(folder, "output"))
        eventually("the mesh of IPv6", lambda: self.pings("one", "two.hcl.internal"), 20)
        self.assertTrue(self.pings("one", "two.prod.internal"))
        self.world.run("pause", "mesh/hcl", "--for", "10m", "--reason", "drift")
        self.sh("one", "ip link delete pw-hcl")
        eventually("terraform to see that a member left", lambda: re.search(
            r'\+ "?one"? +=', self.world.tofu(folder, "plan", "-detailed-exitcode", code=2)), 60)
        self.world.run("resume", "mesh/hcl")
        eventually("the mesh of IPv6", lambda: self.pings("one", "two.hcl.internal"), 60)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")
        self.assertNotIn("pw-hcl", self.sh("one", "ip -br link"))
        self.assertIn("ok installed", self.sh("one", "dpkg-query -W -f '${Status}' wireguard-tools"))

    def nothing_is_left(self, server):
        self.assertEqual(self.sh(server, "ls /etc/wireguard 2>/dev/null", check=False).strip(), "")
        self.assertNotIn("pw-", self.sh(server, "ip -br link; nft list tables; ls /var/lib/podwright-agent"))
        self.assertNotIn("podwright", self.sh(server, "cat /etc/hosts"))
        self.assertNotIn("mesh", self.sh(server, "nft list tables; ls /var/lib/podwright-agent"))
        self.assertNotIn("ok installed", self.sh(server, "dpkg-query -W -f '${Status}' wireguard-tools", check=False))
        self.assertNotIn("wg-quick", self.sh(server, "ls /etc/systemd/system/multi-user.target.wants"))

    def test_zz_deleting_the_mesh_leaves_nothing(self):
        self.world.apply(SERVERS, "--prune")
        eventually("the mesh to be gone", lambda: self.world.json("get", "mesh") == [], 60)
        for server in NAMES:
            self.nothing_is_left(server)
        self.assertNotIn("51820", self.sh("two", "nft list table inet podwright"))


if __name__ == "__main__":
    main()
