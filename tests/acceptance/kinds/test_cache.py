#!/usr/bin/env python3
"""The kind `cache` on three real lab servers: Redis with two replicas and three Sentinels. Roles move by a wish without a
loss and by a death without a plan; a full restart brings data and roles back; what differs comes back."""
import hashlib
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

NAMES = ["one", "two", "three"]
PASSWORD = "correct-horse-battery"

SERVERS = "\n---\n".join(
    f"apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {{name: {name}}}\nspec:\n  cloud: lab\n"
    "  packages: {python3: {}}\n" for name in NAMES)


def cache(members=NAMES, primary=None, extra="", name="shop", protection="false"):
    wish = f"  primary: {primary}\n" if primary else ""
    return (f"apiVersion: podwright.dev/v1\nkind: Cache\nmetadata: {{name: {name}}}\nspec:\n"
            f"  members: [{', '.join(members)}]\n{wish}"
            f"  deletion_protection: {protection}\n"
            f"  sentinel: {{servers: [{', '.join(NAMES)}], down_after: 2s, failover_timeout: 10s}}\n"
            "  users:\n    app: {password: {secret: app-password}, keys: [\"app:*\"], commands: [+@all, -@admin]}\n" + extra)


SECRET = "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: app-password}\nspec: {}\n"

# Redis without a client library: `redis.py ADDRESS PORT` reads "USER PASSWORD", then one command a line.
CLIENT = r"""
import socket, sys
class Redis:
    def __init__(self, host, port=6379, user="app", password=None, timeout=2):
        self.s = socket.create_connection((host, port), timeout); self.s.settimeout(timeout); self.f = self.s.makefile("rb")
        if password: self.run("AUTH", user, password)
    def run(self, *words):
        self.s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words))
        return self.read()
    def read(self):
        line = self.f.readline()
        if not line.endswith(b"\r\n"): raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"-": raise RuntimeError(rest)
        if kind == b":": return int(rest)
        if kind == b"$": return None if rest == "-1" else self.f.read(int(rest) + 2)[:-2].decode()
        if kind == b"*": return [self.read() for _ in range(int(rest))]
        return rest
if __name__ == "__main__":
    user, password = sys.stdin.readline().split()
    r = Redis(sys.argv[1], int(sys.argv[2]), user, password)
    for line in sys.stdin:
        try: print(r.run(*line.split()))
        except RuntimeError as e: print("ERROR", e)
"""

# Writes numbers one by one to whoever is the primary, until a file appears; prints those acknowledged and the longest gap.
WRITER = r"""
import os, sys, time
sys.path.insert(0, "/root")
from redis import Redis
password, *hosts = sys.argv[1:]
password = open(password).read().strip()
done, last, worst, n, conn, at = [], time.monotonic(), 0.0, 0, None, 0
print("begun", flush=True)
while not os.path.exists("/root/stop"):
    try:
        if conn is None:
            conn = Redis(hosts[at % len(hosts)], password=password, timeout=3)
        n += 1
        conn.run("SET", "app:n:%d" % n, str(n))
        now = time.monotonic(); worst = max(worst, now - last) if done else worst; last = now
        done.append(n)
    except Exception:
        conn = None; at += 1
print(len(done), worst)
conn = None
while conn is None:
    try:
        conn = Redis(hosts[at % len(hosts)], password=password); conn.run("SET", "app:last", "1")
    except Exception:
        conn = None; at += 1; time.sleep(0.05)
lost = [i for i in done if conn.run("GET", "app:n:%d" % i) != str(i)]
print("lost", len(lost), lost[:5])
"""


class CacheOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(SERVERS + "\n---\n" + SECRET, timeout=900)
        cls.world.run("secret", "set", "app-password", stdin=PASSWORD)
        for name in NAMES:
            cls.world.shell(name, f"cat > /root/redis.py <<'X'\n{CLIENT}X\ncat > /root/writer.py <<'X'\n{WRITER}X\n"
                                  f"umask 077; echo '{PASSWORD}' > /root/password")

    wish = "one"

    def full(self, *arguments, **options):
        options.setdefault("primary", CacheOnTheLab.wish)
        return SERVERS + "\n---\n" + SECRET + "\n---\n" + cache(*arguments, **options)

    def setUp(self):
        self.world.apply(self.full(), timeout=600)
        self.healthy()

    def sh(self, server, command, **options):
        return self.world.shell(server, command, **options)

    def status(self, name="shop"):
        return [one for one in self.world.json("get", "cache") if one["name"] == name][0]["status"]

    def address(self, server):
        return self.status()["addresses"][server].rsplit(":", 1)[0]

    def redis(self, on, *commands, at=None, port=6379, user="app", password=PASSWORD):
        text = "\\n".join([f"{user} {password}", *commands])
        return self.sh(on, f"printf '{text}\\n' | python3 /root/redis.py {at or '127.0.0.1'} {port}", check=False).strip()

    def primary(self):
        return self.status().get("primary")

    def healthy(self, primary=None):
        """Everybody runs, follows one primary, and the Sentinels could decide."""
        def good():
            status = self.status()
            roles = [m.get("role") for m in status.get("members", {}).values()]
            links = [m.get("link") for m in status.get("members", {}).values() if m.get("role") == "replica"]
            return (sorted(roles) == ["primary"] + ["replica"] * (len(NAMES) - 1) and all(links)
                    and all(q.startswith("OK") for q in status["quorum"].values()) and len(status["quorum"]) == 3
                    and status["in_sync"] and (primary is None or status["primary"] == primary)) and status
        return eventually("the cache to be healthy", good, 90)

    def begin_writer(self, server):
        argv = self.world.run("lab", "ssh", server, "--print").split()
        self.sh(server, "rm -f /root/stop")
        hosts = [self.address(name) for name in NAMES]
        writer = subprocess.Popen([*argv, "python3", "/root/writer.py", "/root/password", *hosts], text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(writer.stdout.readline(), "begun\n")
        return writer

    def end_writer(self, server, writer):
        self.sh(server, "touch /root/stop")
        said = writer.communicate(timeout=120)[0]
        self.assertEqual(writer.returncode, 0, said)
        count, worst = said.split("\n")[0].split()
        return int(count), float(worst), re.search(r"lost (\d+)", said).group(1)

    def test_replicas_have_what_the_primary_takes_and_users_may_what_they_may(self):
        primary = self.primary()
        self.assertIn("OK", self.redis(primary, "SET app:x 42"))
        for name in NAMES:
            eventually(f"{name} to have it", lambda: self.redis(name, "GET app:x") == "42", 20)
        said = self.redis(primary, "SET other:x 1", "CONFIG GET maxmemory", "SET app:y 1")
        self.assertIn("ERROR NOPERM", said.split("\n")[0])
        self.assertIn("ERROR NOPERM", said.split("\n")[1])
        self.assertEqual("OK", said.split("\n")[2])
        self.assertEqual("", self.redis(primary, "GET app:x", password="wrong"))
        replica = [n for n in NAMES if n != primary][0]
        self.assertIn("READONLY", self.redis(replica, "SET app:x 1"))

    def test_passwords_are_nowhere_in_clear(self):
        acl = self.sh("one", "cat /etc/podwright/cache/shop/users.acl")
        self.assertIn("#" + hashlib.sha256(PASSWORD.encode()).hexdigest(), acl)
        self.assertEqual(self.sh("one", "stat -c '%a %U' /etc/podwright/cache/shop/auth.conf").strip(), "600 redis")
        internal = self.sh("one", "cut -d'\"' -f2 /etc/podwright/cache/shop/auth.conf").strip()
        self.assertGreaterEqual(len(internal), 32)
        for server in NAMES:
            found = self.sh(server, f"grep -rlF -e '{internal}' -e '{PASSWORD}' /etc /var/lib /var/log /run 2>/dev/null | sort",
                            check=False).split()
            self.assertLessEqual(set(found), {"/etc/podwright/cache/shop/auth.conf", "/var/lib/redis/shop/conf/redis.conf",
                                              "/var/lib/redis/shop/sentinel/sentinel.conf"})
            self.assertIn("/etc/podwright/cache/shop/auth.conf", found)
            for path in found:
                self.assertEqual(self.sh(server, f"stat -c %a {path}").strip(), "600", path)
            self.assertNotIn(internal, self.sh(server, "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' ' '; journalctl --no-pager",
                                               check=False))
        everything = self.world.run("get", "cache", "-o", "json") + self.world.log()
        for path in (self.world.folder / "data").rglob("*"):
            if path.is_file() and "lab" not in path.parts:  # the servers themselves are there
                self.assertNotIn(internal.encode(), path.read_bytes(), path)
        self.assertNotIn(internal, everything)

    def test_a_changed_wish_is_a_failover_that_loses_nothing(self):
        for _ in range(2):
            before = self.healthy()["primary"]
            CacheOnTheLab.wish = [n for n in NAMES if n != before][0]
            said = self.world.plan(self.full(), "--detailed-exitcode", code=2)
            self.assertIn(f"make {CacheOnTheLab.wish} the primary", said)
            bystander = [n for n in NAMES if n not in (before, CacheOnTheLab.wish)][0]
            writer = self.begin_writer(bystander)
            self.world.apply(self.full())
            self.healthy(CacheOnTheLab.wish)
            count, worst, lost = self.end_writer(bystander, writer)
            print(f"planned failover: {count} writes, the longest gap {worst * 1000:.0f} ms", flush=True)
            self.assertEqual(lost, "0")
            self.assertGreater(count, 0)
            self.world.plan(self.full(), "--detailed-exitcode", code=0)

    def test_a_dead_primary_is_replaced_without_a_plan_and_that_is_no_difference(self):
        before = self.healthy()["primary"]
        pid = self.sh(before, "systemctl show -p MainPID --value podwright-cache@shop").strip()
        self.sh(before, f"kill -9 {pid}")
        eventually("another primary", lambda: self.primary() not in (None, before), 60)
        status = self.healthy()
        self.assertNotEqual(status["primary"], before)
        self.assertEqual(status["members"][before]["role"], "replica")
        self.world.plan(self.full(), "--detailed-exitcode", code=0)

    def test_a_full_restart_in_any_order_keeps_data_and_roles(self):
        primary = self.healthy()["primary"]
        order = sorted(NAMES, key=lambda n: n != primary)
        for stop, start in ((order[1:] + order[:1], order), (order, order[1:] + order[:1])):
            self.assertEqual(self.redis(primary, "SET app:kept before"), "OK")
            # The replicas go first and miss what is written last; or the primary does.
            for name in stop:
                if name == primary:
                    self.redis(primary, f"SET app:late {stop[0]}")
                self.sh(name, "systemctl kill -s KILL podwright-agent; systemctl stop podwright-agent podwright-cache@shop podwright-sentinel@shop")
            for name in start:
                self.sh(name, "systemctl start --no-block podwright-sentinel@shop podwright-cache@shop podwright-agent")
            self.healthy()
            now = self.primary()
            self.assertEqual(self.redis(now, "GET app:kept"), "before")
            self.assertEqual(self.redis(now, "GET app:late"), stop[0])
            primary = now
            order = sorted(NAMES, key=lambda n: n != primary)
        self.world.plan(self.full(), "--detailed-exitcode", code=0)

    def test_drift_of_every_part_comes_back(self):
        primary = self.healthy()["primary"]
        replica = [n for n in NAMES if n != primary][0]
        starts = self.sh(primary, "systemctl show -p InvocationID podwright-cache@shop")
        internal = self.sh("one", "cut -d'\"' -f2 /etc/podwright/cache/shop/auth.conf").strip()
        self.sh(primary, "echo '# edited' >> /etc/podwright/cache/shop/settings.conf; rm /etc/podwright/cache/shop/users.acl")
        self.redis(primary, "CONFIG SET maxmemory-policy allkeys-lru", "ACL DELUSER app", "ACL SETUSER thief on nopass ~* +@all",
                   user="podwright", password=internal)
        self.sh(replica, "systemctl stop podwright-cache@shop")
        third = [n for n in NAMES if n not in (primary, replica)][0]
        self.sh(third, "systemctl stop podwright-sentinel@shop")
        eventually("the settings' file", lambda: "edited" not in self.sh(primary, "cat /etc/podwright/cache/shop/settings.conf"), 60)
        eventually("the users' file", lambda: "app" in self.sh(primary, "cat /etc/podwright/cache/shop/users.acl", check=False), 60)
        eventually("the user", lambda: self.redis(primary, "GET app:x") not in ("", "ERROR"), 60)
        said = eventually("the policy", lambda: (lambda s: s if "noeviction" in s else None)(self.redis(
            primary, "CONFIG GET maxmemory-policy", "ACL USERS", user="podwright", password=internal)), 60)
        self.assertNotIn("thief", said)
        self.healthy(primary)
        self.assertEqual(self.sh(primary, "systemctl show -p InvocationID podwright-cache@shop"), starts)
        for name, unit in ((replica, "podwright-cache@shop"), (third, "podwright-sentinel@shop")):
            eventually(f"{unit} on {name}", lambda n=name, u=unit: self.sh(n, f"systemctl is-active {u}", check=False).strip() == "active", 60)
        eventually("an event that tells of it", lambda: "drift" in self.world.run("events"), 30)
        # Nobody applies: what was stopped last is seen to run a moment after it does.
        eventually("an empty plan", lambda: self.world.plan(self.full(), "--detailed-exitcode", code=(0, 2)) is not None
                   and self.world.last.returncode == 0, 60)

    def test_settings_and_passwords_change_while_redis_runs(self):
        starts = {n: self.sh(n, "systemctl show -p InvocationID podwright-cache@shop") for n in NAMES}
        changed = self.full(extra="  memory: 64MiB\n  eviction: allkeys-lru\n  min_replicas: {count: 1}\n")
        self.world.apply(changed)
        internal = self.sh("one", "cut -d'\"' -f2 /etc/podwright/cache/shop/auth.conf").strip()
        for name in NAMES:
            said = self.redis(name, "CONFIG GET maxmemory", "CONFIG GET maxmemory-policy", "CONFIG GET min-replicas-to-write",
                              user="podwright", password=internal)
            self.assertIn("67108864", said)
            self.assertIn("allkeys-lru", said)
        self.assertEqual({n: self.sh(n, "systemctl show -p InvocationID podwright-cache@shop") for n in NAMES}, starts)
        self.world.plan(changed, "--detailed-exitcode", code=0)

    def test_a_member_leaves_and_comes_back(self):
        primary = self.healthy()["primary"]
        fewer = [n for n in NAMES if n != primary]
        CacheOnTheLab.wish = fewer[0]
        self.redis(primary, "SET app:moved yes")
        said = self.world.plan(self.full(fewer), "--detailed-exitcode", code=2)
        self.assertIn("take Redis of cache shop away", said)
        self.world.apply(self.full(fewer))
        self.assertEqual(self.primary(), fewer[0])
        self.assertEqual(self.sh(primary, "ls /etc/podwright/cache 2>/dev/null", check=False), "")
        self.world.plan(self.full(fewer), "--detailed-exitcode", code=0)
        self.assertEqual(self.redis(fewer[0], "GET app:moved"), "yes")
        self.world.apply(self.full())
        self.healthy(fewer[0])
        self.assertEqual(self.redis(primary, "GET app:moved"), "yes")

    def test_what_cannot_be_is_told_at_plan_time(self):
        def refused(text):
            with self.assertRaises(Failed) as failure:
                self.world.plan(text)
            return failure.exception.out + failure.exception.err
        good = self.full()
        self.assertIn("listed twice", refused(self.full(["one", "one"])))
        self.assertIn("quorum", refused(good.replace("down_after", "quorum: 1, down_after")))
        self.assertIn("there are 3 Sentinels", refused(good.replace("down_after", "quorum: 4, down_after")))
        self.assertIn("eviction", refused(self.full(extra="  eviction: some\n")))
        self.assertIn("memory", refused(self.full(extra="  memory: 1KiB\n")))
        self.assertIn("is no member", refused(self.full(["two", "three"], primary="one")))
        self.assertIn("the port 6379 twice", refused(good + "\n---\n" + (
            "apiVersion: podwright.dev/v1\nkind: Cache\nmetadata: {name: other}\nspec: {members: [one]}\n")))

    def test_a_port_in_use_is_told_in_rediss_words_and_the_next_apply_goes_on(self):
        text = self.full() + ("\n---\napiVersion: podwright.dev/v1\nkind: Cache\nmetadata: {name: small}\n"
                              "spec: {members: [three], port: 6401, persistence: none, deletion_protection: false}\n")
        self.sh("three", "systemd-run --quiet --unit=squat python3 -m http.server 6401")
        try:
            eventually("the other program", lambda: "yes" in self.sh(
                "three", "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 6401), 2)' && echo yes",
                check=False), 30)
            with self.assertRaises(Failed) as failure:
                self.world.apply(text)
            self.assertIn("Address already in use", failure.exception.out + failure.exception.err)
        finally:
            self.sh("three", "systemctl stop squat", check=False)
        self.world.apply(text)
        eventually("the small one to be in order", lambda: self.status("small")["in_sync"], 60)
        self.world.apply(self.full(), "--prune")
        eventually("the small one to be gone", lambda: len(self.world.json("get", "cache")) == 1, 60)

    def test_hcl_makes_a_second_cache_on_the_same_server(self):
        folder = self.world.stack(
            'provider "podwright" {\n  stack = "cache"\n}\n'
            'resource "podwright_cache" "hcl" {\n  name = "hcl"\n  members = ["one"]\n  port = 6400\n  persistence = "none"\n'
            '  deletion_protection = false\n  users = { app = { password = { secret = "app-password" } } }\n}\n'
            'output "at" { value = podwright_cache.hcl.status.addresses["one"] }\n', "hcl")
        self.world.tofu(folder, "apply", "-auto-approve")
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.assertIn(":6400", self.world.tofu(folder, "output"))
        self.assertEqual(self.redis("one", "SET x 1", "GET x", port=6400), "OK\n1")
        # What is found is read: paused, so that the agent does not repair it first.
        self.world.run("pause", "cache/hcl", "--for", "10m", "--reason", "drift")
        self.sh("one", "systemctl stop podwright-cache@hcl")
        eventually("terraform to see that it is stopped", lambda: "members" in self.world.tofu(
            folder, "plan", "-detailed-exitcode", code=2), 60)
        self.world.run("resume", "cache/hcl")
        eventually("Redis", lambda: self.redis("one", "SET x 1", port=6400) == "OK", 60)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")
        self.assertEqual(self.redis("one", "GET x", port=6400), "")
        self.assertIn("ok installed", self.sh("one", "dpkg-query -W -f '${Status}' redis-server"))

    def test_zz_deletion_is_refused_while_protected_keeps_the_data_and_purges_when_told(self):
        self.redis(self.primary(), "SET app:stays yes")
        self.world.apply(self.full(protection="true"))
        without = SERVERS + "\n---\n" + SECRET
        with self.assertRaises(Failed) as failure:
            self.world.apply(without, "--prune")
        self.assertIn("protected", failure.exception.out + failure.exception.err)
        self.world.apply(self.full())
        self.world.apply(without, "--prune")
        eventually("the cache to be gone", lambda: self.world.json("get", "cache") == [], 60)
        for name in NAMES:
            self.assertIn("appendonlydir", self.sh(name, "ls /var/lib/redis/shop/data"))
            self.assertNotIn("@shop", self.sh(name, "ls /etc/systemd/system /etc/systemd/system/multi-user.target.wants"))
            self.assertNotIn("ok installed", self.sh(name, "dpkg-query -W -f '${Status}' redis-server", check=False))
        self.world.apply(self.full(extra="  purge: true\n"), timeout=600)
        self.assertEqual(self.redis(self.healthy()["primary"], "GET app:stays"), "yes")
        said = self.world.plan(without, "--prune")
        self.assertIn("WITH ITS DATA", said)
        self.world.apply_approved(without, "--prune")
        eventually("the cache to be gone", lambda: self.world.json("get", "cache") == [], 60)
        for name in NAMES:
            self.assertEqual(self.sh(name, "ls /var/lib/redis/shop 2>/dev/null", check=False), "")


if __name__ == "__main__":
    main()
