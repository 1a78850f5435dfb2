#!/usr/bin/env python3
"""Balancers on real lab servers that look after themselves: members that die are left out and come back, all of them sick
are tried all the same, the shared address moves, and nothing of it needs the control plane."""
import json
import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]
import test_cache as caches  # noqa: E402: its documents and its client
from harness import Acceptance, eventually, main  # noqa: E402

BALANCERS = ["one", "two"]
NAMES = BALANCERS + ["web"]

SERVERS = "\n---\n".join(
    f"apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {{name: {name}}}\nspec:\n  cloud: lab\n"
    "  packages: {python3: {}, curl: {}}\n" for name in NAMES)


def balancer(shared=None):
    return ("apiVersion: podwright.dev/v1\nkind: LoadBalancer\nmetadata: {name: shop}\nspec:\n"
            "  servers: [one, two]\n"
            "  listeners: {web: {protocol: http, port: 80}}\n"
            "  backends:\n    shop:\n      servers: {one: {}, two: {}, web: {}}\n      port: 8080\n"
            "      prefer_local: false\n"
            "      check: {type: http, path: /health, interval: 300ms, timeout: 2s, fall: 2, rise: 2}\n"
            "  routes: {all: {backend: shop}}\n"
            + (f"  shared_address: {{address: {shared}, prefer: one}}\n" if shared else ""))


def full(shared=None):
    return SERVERS + "\n---\n" + balancer(shared)


# Answers with its name; /health with 503 while the server is sick.
MEMBER = """
import http.server, os, socket
class Member(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        sick = self.path == "/health" and os.path.exists("/run/sick")
        body = socket.gethostname().encode()
        self.send_response(503 if sick else 200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64
Server(("0.0.0.0", 8080), Member).serve_forever()
"""
START = "systemctl start member"
STOP = "systemctl stop member"
UNIT = "[Service]\\nExecStart=/usr/bin/python3 /root/member.py\\n"


class BalancersOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(SERVERS, timeout=900)
        for name in NAMES:
            cls.world.shell(name, f"cat > /root/member.py <<'X'\n{MEMBER}X\n"
                                  f"printf '{UNIT}' > /etc/systemd/system/member.service; systemctl daemon-reload; {START}")
        cls.world.apply(full(), timeout=900)

    def setUp(self):
        for name in NAMES:
            self.sh(name, f"rm -f /run/sick; {START}")
        eventually("all members to be up", lambda: all(set(self.members(b).values()) == {"up"} for b in BALANCERS), 90)

    def sh(self, server, command, **options):
        return self.world.shell(server, command, **options)

    def status(self):
        return self.world.json("get", "load_balancer")[0]["status"]

    def members(self, balancer_):
        seen = self.status().get("servers", {}).get(balancer_, {}).get("backends", {}).get("shop", {})
        return seen.get("members", {})

    def ask(self, server, to="127.0.0.1", times=30):
        """Who answered, one entry a request: a name, or the status."""
        loop = (f"for i in $(seq {times}); do curl -s -m 10 -o /tmp/answer -w '%{{http_code}} ' http://{to}/;"
                " cat /tmp/answer; echo; rm -f /tmp/answer; done")
        lines = self.sh(server, loop).split("\n")
        return [line.split()[1] if line.startswith("200 ") else line.split()[0] for line in lines if line.strip()]

    def test_a_member_that_dies_is_left_out_and_comes_back(self):
        self.assertEqual(set(self.ask("one")), {"one", "two", "web"})
        self.sh("web", STOP)
        eventually("it to be down", lambda: all(self.members(b).get("web") == "down" for b in BALANCERS), 60)
        self.assertEqual(set(self.ask("one")), {"one", "two"})
        told = eventually("the event", lambda: [e for e in self.world.json("events") if
                                                 "member-down" in json.dumps(e)], 30)
        self.assertIn("web", json.dumps(told))
        self.sh("web", START)
        eventually("it to be up again", lambda: all(self.members(b).get("web") == "up" for b in BALANCERS), 60)
        eventually("it to answer", lambda: "web" in self.ask("two"), 30)

    def test_the_status_of_the_check_decides_and_all_that_are_sick_are_tried_all_the_same(self):
        self.sh("web", "touch /run/sick")
        eventually("the sick one to be left out", lambda: self.members("one").get("web") == "down", 60)
        self.assertEqual(set(self.ask("one")), {"one", "two"})
        for name in NAMES:
            self.sh(name, "touch /run/sick")
        eventually("all to be sick", lambda: set(self.members("one").values()) == {"down"}, 60)
        self.assertEqual(set(self.ask("one")), {"one", "two", "web"})

    def test_health_changes_no_plan_and_is_no_drift(self):
        self.sh("web", STOP)
        eventually("it to be down", lambda: self.members("one").get("web") == "down", 60)
        self.world.plan(full(), "--detailed-exitcode", code=0)

    def test_members_are_followed_without_the_control_plane(self):
        self.world.stop()
        try:
            self.sh("web", STOP)
            eventually("only the others to be asked", lambda: "down" in self.sh(
                "one", "cat /etc/podwright/load-balancers/shop/http/upstreams/shop.conf"), 60)
            self.assertEqual(set(self.ask("one")), {"one", "two"})
        finally:
            self.world.start()
        eventually("the agents to be back and to tell it", lambda: self.members("one").get("web") == "down", 90)

    def holder(self):
        return self.status().get("holder")

    def on(self, server):
        return self.shared.split("/")[0] in self.sh(server, "ip -4 -o address show dev eth0")

    def test_the_shared_address_is_on_one_server_and_moves_when_it_dies(self):
        addresses = self.status()["addresses"]
        self.shared = addresses["one"].rsplit(".", 1)[0] + ".231/24"
        vip = self.shared.split("/")[0]
        self.world.apply(full(self.shared), timeout=600)
        eventually("the preferred one to have it", lambda: self.on("one") and not self.on("two"), 60)
        eventually("it to answer", lambda: set(self.ask("web", vip, 3)) <= {"one", "two", "web"}, 30)
        eventually("the holder to be told", lambda: self.holder() == "one", 60)
        self.world.plan(full(self.shared), "--detailed-exitcode", code=0)

        route = self.sh("one", "ip route show default").strip()
        self.sh("one", "ip link set eth0 down")
        try:
            eventually("the other one to have it", lambda: self.on("two"), 60)
            eventually("it to answer there", lambda: set(self.ask("web", vip, 3)) <= {"two", "web"}, 60)
        finally:
            self.sh("one", f"ip link set eth0 up; ip route replace {route}")
        eventually("the preferred one to have it back", lambda: self.on("one") and not self.on("two"), 90)

        self.sh("one", "systemctl stop podwright-lb-shop-address; echo edited >> "
                       "/etc/podwright/load-balancers/shop/address/keepalived.conf")
        eventually("the drift to be repaired", lambda: self.on("one") and "edited" not in self.sh(
            "one", "cat /etc/podwright/load-balancers/shop/address/keepalived.conf"), 90)

        self.world.apply(full(), timeout=600)
        for server in BALANCERS:
            eventually(f"it to be gone from {server}", lambda: not self.on(server), 30)
            self.assertEqual(self.sh(server, "ls /etc/podwright/load-balancers/shop"), "http\n")


FRONT = ("apiVersion: podwright.dev/v1\nkind: LoadBalancer\nmetadata: {name: front}\nspec:\n  servers: [three]\n"
         "  listeners:\n    write: {protocol: tcp, port: 7000, backend: write}\n"
         "    read: {protocol: tcp, port: 7001, backend: read}\n"
         "  backends:\n    write: {cache: {name: shop}}\n    read: {cache: {name: shop, endpoint: replicas}}\n")


class FollowedCacheOnTheLab(Acceptance):
    """A balancer in front of a cache with Sentinels."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(caches.SERVERS + "\n---\n" + caches.SECRET, timeout=900)
        cls.world.run("secret", "set", "app-password", stdin=caches.PASSWORD)
        cls.world.apply(cls.full(), timeout=900)
        cls.world.shell("three", f"cat > /root/redis.py <<'X'\n{caches.CLIENT}X\n")

    @staticmethod
    def full():
        return "\n---\n".join([caches.SERVERS, caches.SECRET, caches.cache(), FRONT])

    def primary(self):
        return self.world.json("get", "cache")[0]["status"].get("primary")

    def through(self, port, command):
        text = f"app {caches.PASSWORD}\\n{command}"
        return self.world.shell("three", f"printf '{text}\\n' | python3 /root/redis.py 127.0.0.1 {port}", check=False).strip()

    def test_a_failover_is_followed_without_the_control_plane(self):
        eventually("a write to go through", lambda: self.through(7000, "SET app:k before") == "OK", 60)
        eventually("a replica to read it", lambda: self.through(7001, "GET app:k") == "before", 30)
        self.assertIn("READONLY", self.through(7001, "SET app:k other"))
        before = eventually("the primary to be known", self.primary, 30)
        unit = "podwright-cache@shop"
        self.world.stop()
        try:
            # Alive for systemd and for whoever connects, dead for who asks: only the Sentinels can tell.
            self.world.shell(before, f"systemctl kill -s STOP {unit}")
            eventually("a write to go to the new primary", lambda: self.through(7000, "SET app:k after") == "OK", 90)
            self.world.shell(before, f"systemctl kill -s CONT {unit}")
            eventually("reads to go on", lambda: self.through(7001, "GET app:k") == "after", 60)
        finally:
            self.world.shell(before, f"systemctl kill -s CONT {unit}")
            self.world.start()
        eventually("the new primary to be told", lambda: self.primary() not in (None, before), 90)
        eventually("the next plan to be empty", lambda: self.world.plan(
            self.full(), "--detailed-exitcode", code=(0, 2)) is not None and self.world.last.returncode == 0, 60)


if __name__ == "__main__":
    main()
