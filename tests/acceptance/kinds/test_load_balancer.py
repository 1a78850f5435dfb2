#!/usr/bin/env python3
"""The kind `load_balancer` on real lab servers: http routes, TLS from a secret, what nginx refuses, a port in use, reloads
under requests, a stream that survives them, drift, and gone without a trace."""
import json
import datetime
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

SERVERS = """apiVersion: podwright.dev/v1
kind: Server
metadata: {name: edge}
spec:
  cloud: lab
  packages: {python3: {}, curl: {}, nftables: {}}
  firewall: {inbound: {}}
---
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: web}
spec:
  cloud: lab
  packages: {python3: {}}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: site-tls}
spec: {}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: inner-tls}
spec: {generator: {certificate: {common_name: inner.example.org, names: [inner.example.org], duration: 10d}}}
"""

FOLDER = "/etc/podwright/load-balancers/front"

# Says its name, the path and some headers; and beside it echoes lines of tcp.
APP = """
import http.server, socket, threading
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = ("app %s host=%s proto=%s extra=%s" % (self.path, self.headers.get("Host"), self.headers.get(
            "X-Forwarded-Proto"), self.headers.get("X-Extra"))).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Backend", "app"); self.end_headers(); self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *a): pass
def echo():
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", 9000)); s.listen()
    def serve(c):
        while True:
            d = c.recv(4096)
            if not d: return
            c.sendall(d)
    while True:
        c, _ = s.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()
threading.Thread(target=echo, daemon=True).start()
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), H).serve_forever()
"""

# Asks until it is told to stop; says how many answers came and how many were none.
LOAD = """
import http.client, os, sys
good = bad = 0; words = set()
print("go", flush=True)
while not os.path.exists("/tmp/stop"):
    try:
        c = http.client.HTTPConnection("127.0.0.1", 80, timeout=30); c.request("GET", "/load"); r = c.getresponse(); r.read()
        if r.status == 200: good += 1
        else: bad += 1; words.add(r.status)
        c.close()
    except Exception as e: bad += 1; words.add(repr(e))
print(good, bad, sorted(map(str, words)))
"""

# One connection; a line each 20 ms until it is told to stop.
STREAM = """
import os, socket, time
s = socket.create_connection(("127.0.0.1", 7000), 10); s.settimeout(30); f = s.makefile("rw"); count = 0
print("open", flush=True)
while not os.path.exists("/tmp/stop"):
    f.write("%d\\n" % count); f.flush(); assert f.readline() == "%d\\n" % count
    count += 1; time.sleep(0.02)
print(count)
"""


def balancer(routes="", listeners="", extra=""):
    return ("apiVersion: podwright.dev/v1\nkind: LoadBalancer\nmetadata: {name: front}\nspec:\n  servers: [edge]\n"
            "  listeners:\n    web: {port: 80}\n    echo: {protocol: tcp, port: 7000, backend: echo}\n" + listeners +
            "  backends:\n    app: {port: 8080, servers: {web: {}}, check: {type: http, path: /up}}\n"
            "    echo: {servers: {web: {port: 9000}}}\n"
            "  routes:\n    root: {backend: app}\n" + routes + extra)


def full(**options):
    return SERVERS + "---\n" + balancer(**options)


class LoadBalancerOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(SERVERS, timeout=900)
        cls.world.shell("web", f"cat > /root/app.py <<'X'\n{APP}X\nsystemd-run --quiet --unit=app python3 /root/app.py")
        cls.world.shell("edge", f"cat > /root/load.py <<'X'\n{LOAD}X\ncat > /root/stream.py <<'X'\n{STREAM}X\n")
        cls.world.apply(full(), timeout=900)

    def setUp(self):
        self.world.apply(full(), timeout=600)

    def sh(self, server, command, **options):
        return self.world.shell(server, command, **options)

    def get(self, path, *arguments, at="http://127.0.0.1"):
        return self.sh("edge", f"curl -sk -m 20 {' '.join(arguments)} '{at}{path}'", check=False)

    def status(self, path, *arguments, at="http://127.0.0.1"):
        return self.get(path, "-o /dev/null -w '%{http_code}'", *arguments, at=at)

    def start(self, script):
        argv = self.world.run("lab", "ssh", "edge", "--print").split()
        self.sh("edge", "rm -f /tmp/stop")
        process = subprocess.Popen([*argv, "python3", script], text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertIn(process.stdout.readline().strip(), ("go", "open"))
        return process

    def finish(self, process):
        self.sh("edge", "touch /tmp/stop")
        said = process.communicate(timeout=120)[0]
        self.assertEqual(process.returncode, 0, said)
        return said.strip()

    def test_requests_go_by_host_and_path_and_the_next_plan_is_empty(self):
        text = full(routes=(
            "    api: {path: /api, backend: app, strip_prefix: true, request_headers: {X-Extra: 'a \"b\" $host'}, "
            "response_headers: {X-Backend: '', X-Front: 'yes; $uri'}}\n"
            "    exact: {path: /api/exact, match: exact, respond: {status: 418, body: 'say \"$5\" \\ now'}}\n"
            "    away: {path: /away, redirect: {to: 'https://example.org/x', status: 301, keep_path: true}}\n"
            "    shop: {hosts: [shop.example.org], path: /cart, respond: {body: cart}}\n"
            "    wild: {hosts: ['*.example.org'], respond: {body: wild}}\n"
            "    re: {path: '^/r[0-9]+$', match: regex, respond: {body: regex}}\n"
            "    closed: {path: /closed, respond: {body: x}, allow: [192.0.2.1/32]}\n"
            "    small: {path: /small, backend: app, body_size: 1KiB}\n"
            "    slow: {path: /slow, respond: {body: slow}, rate_limit: {requests: 1, per: minute}}\n"))
        self.world.apply(text)
        self.assertEqual(self.get("/x"), "app /x host=127.0.0.1 proto=http extra=None")
        self.assertEqual(self.get("/api/y?q=1"), "app /y?q=1 host=127.0.0.1 proto=http extra=a \"b\" $host")
        self.assertTrue(self.get("/apis").startswith("app /apis"))
        headers = self.get("/api/y", "-o /dev/null -D -")
        self.assertIn("X-Front: yes; $uri", headers)
        self.assertNotIn("X-Backend", headers)
        self.assertEqual(self.get("/api/exact"), 'say "$5" \\ now')
        self.assertEqual(self.status("/api/exact"), "418")
        self.assertIn("Location: https://example.org/x/away/1?b", self.get("/away/1?b", "-D - -o /dev/null"))
        self.assertEqual(self.get("/cart", "-H 'Host: shop.example.org'"), "cart")
        self.assertEqual(self.status("/else", "-H 'Host: shop.example.org'"), "404")
        self.assertEqual(self.get("/else", "-H 'Host: other.example.org'"), "wild")
        self.assertEqual(self.get("/r12"), "regex")
        self.assertEqual(self.status("/closed"), "403")
        self.assertEqual(self.status("/small", "--data-binary @/bin/true"), "413")
        self.assertEqual([self.status("/slow") for _ in range(2)], ["200", "429"])
        self.world.plan(text, "--detailed-exitcode", code=0)
        endpoints = self.world.json("get", "load_balancer")[0]["status"]["endpoints"]
        self.assertTrue(endpoints["web"].endswith(":80"), endpoints)

    def test_the_servers_own_firewall_lets_the_listeners_in(self):
        table = self.sh("edge", "nft list table inet podwright")
        self.assertIn("tcp dport 80 accept", table)
        self.assertIn("tcp dport 7000 accept", table)
        address = self.world.json("get", "load_balancer")[0]["status"]["addresses"]["edge"]
        code = f"import urllib.request as u; print(u.urlopen('http://{address}/far', timeout=20).read().decode())"
        self.assertIn("app /far", self.sh("web", f'python3 -c "{code}"'))

    def ending(self, name):
        """A certificate that has been good for a month and is for two days more."""
        folder = self.world.folder / "ending"
        folder.mkdir()
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        (folder / "conf").write_text(f"[ca]\ndefault_ca=c\n[c]\ndatabase={folder}/index\nserial={folder}/serial\n"
                                     f"new_certs_dir={folder}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        for argv in (["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "csr", "-subj", f"/CN={name}"],
                     ["ca", "-batch", "-notext", "-selfsign", "-config", "conf", "-keyfile", "key", "-in", "csr", "-out", "cert",
                      "-startdate", f"{now - 30 * day:%Y%m%d%H%M%SZ}", "-enddate", f"{now + 2.5 * day:%Y%m%d%H%M%SZ}"]):
            subprocess.run(["openssl", *argv], check=True, capture_output=True, cwd=folder)
        return (folder / "key").read_text() + (folder / "cert").read_text()

    def test_tls_from_a_secret_and_its_next_version(self):
        def certificate(name):
            return subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/stdout",
                                   "-days", "30", "-subj", f"/CN={name}"], check=True, capture_output=True, text=True).stdout
        secure = full(listeners="    tls: {protocol: https, port: 443, certificates: {main: {certificate: {secret: site-tls}}}}\n")
        self.world.run("secret", "set", "site-tls", stdin=certificate("first.example.org"))
        self.world.apply(secure)
        self.assertIn("proto=https", self.get("/x", at="https://127.0.0.1"))
        shown = self.sh("edge", "curl -skv -m 20 https://127.0.0.1/ 2>&1 | grep -i subject:")
        self.assertIn("first.example.org", shown)
        files = self.sh("edge", f"stat -c '%a %n' {FOLDER}/http/keys {FOLDER}/http/keys/*")
        self.assertIn("700 ", files)
        self.assertIn("600 " + FOLDER + "/http/keys/site-tls", files)
        self.world.run("secret", "set", "site-tls", stdin=certificate("second.example.org"))
        eventually("the next certificate", lambda: "second.example.org" in self.sh(
            "edge", "curl -skv -m 20 https://127.0.0.1/ 2>&1 | grep -i subject:", check=False), 60)
        self.world.run("secret", "set", "site-tls", stdin=self.ending("third.example.org"))
        eventually("the warning", lambda: "it ends in 2 days" in " ".join(
            self.world.json("get", "load_balancer")[0]["status"].get("warnings", [])), 60)
        everything = (self.world.run("get", "load_balancer", "-o", "json") + self.world.run("describe", "load_balancer/front") +
                      self.world.log())
        self.assertNotIn("PRIVATE KEY", everything)

    def test_tls_from_the_internal_ca_and_a_fresh_certificate_is_no_warning(self):
        self.world.apply(full(listeners="    tls: {protocol: https, port: 443, certificates: {main: {certificate: "
                                        "{secret: inner-tls, key: certificate}}}}\n"))
        shown = self.sh("edge", "curl -skv -m 20 https://127.0.0.1/ 2>&1 | grep -i subject:")
        self.assertIn("inner.example.org", shown)
        self.assertNotIn("certificate", " ".join(self.world.json("get", "load_balancer")[0]["status"].get("warnings", [])))

    def failed(self, text):
        with self.assertRaises(Failed) as failure:
            self.world.apply(text)
        return failure.exception.out + failure.exception.err

    def test_what_nginx_refuses_is_told_in_its_words_and_the_former_serves_on(self):
        before = self.sh("edge", f"cat {FOLDER}/http/nginx.conf")
        said = self.failed(full(routes="    bad: {path: '(', match: regex, respond: {body: x}}\n"))
        self.assertIn("pcre2_compile", said)
        self.assertEqual(self.sh("edge", f"cat {FOLDER}/http/nginx.conf"), before)
        self.assertTrue(self.get("/x").startswith("app /x"))

    def test_a_port_in_use_is_told_and_the_former_serves_on(self):
        self.sh("edge", "systemd-run --quiet --unit=squat python3 -m http.server 8088")
        try:
            eventually("the other program", lambda: self.status("/", at="http://127.0.0.1:8088") == "200", 30)
            said = self.failed(full(listeners="    more: {port: 8088}\n"))
            self.assertIn("8088", said)
            self.assertIn("Address already in use", said)
            self.assertTrue(self.get("/x").startswith("app /x"))
        finally:
            self.sh("edge", "systemctl stop squat", check=False)
        self.world.apply(full(listeners="    more: {port: 8088}\n"))
        self.assertTrue(self.get("/x", at="http://127.0.0.1:8088").startswith("app /x"))

    def test_reloads_lose_no_request_and_cut_no_stream(self):
        self.sh("edge", "rm -f /tmp/stop")
        load = self.start("/root/load.py")
        stream = self.start("/root/stream.py")
        before = self.sh("edge", "systemctl show -p InvocationID podwright-lb-front-http podwright-lb-front-streams")
        for i in range(6):
            self.world.apply(full(routes=f"    now: {{path: /now, respond: {{body: '{i}'}}}}\n"))
            self.assertEqual(self.get("/now"), str(i))
        for _ in range(20):
            self.sh("edge", "systemctl reload podwright-lb-front-http podwright-lb-front-streams; sleep 0.2")
        self.assertEqual(before, self.sh("edge", "systemctl show -p InvocationID podwright-lb-front-http podwright-lb-front-streams"))
        lines = int(self.finish(stream))
        good, bad, words = self.finish(load).split(" ", 2)
        print(f"26 reloads: {good} requests answered, {bad} not ({words}); {lines} lines on one stream", flush=True)
        self.assertEqual(int(bad), 0, words)
        self.assertGreater(int(good), 100)

    def test_drift_comes_back(self):
        self.sh("edge", f"echo '# edited' >> {FOLDER}/http/nginx.conf; rm {FOLDER}/streams/upstreams/echo.conf")
        eventually("the configuration", lambda: "edited" not in self.sh("edge", f"cat {FOLDER}/http/nginx.conf"), 60)
        eventually("the members", lambda: "9000" in self.sh("edge", f"cat {FOLDER}/streams/upstreams/echo.conf", check=False), 60)
        self.sh("edge", "systemctl stop podwright-lb-front-http; systemctl disable podwright-lb-front-streams")
        eventually("nginx", lambda: self.get("/x").startswith("app /x"), 60)
        eventually("the unit", lambda: "enabled" in self.sh("edge", "systemctl is-enabled podwright-lb-front-streams",
                                                             check=False).split(), 60)
        eventually("an event that tells of it", lambda: "drift" in self.world.run("events"), 30)
        self.world.plan(full(), "--detailed-exitcode", code=0)

    def test_maintenance_is_shown_and_goes(self):
        self.world.apply(full(extra="  maintenance: {body: 'back soon', retry_after: 30s}\n"))
        self.assertEqual(self.get("/x"), "back soon")
        self.assertIn("Retry-After: 30", self.get("/x", "-D - -o /dev/null"))
        self.assertEqual(self.status("/x"), "503")
        self.world.apply(full())
        self.assertTrue(self.get("/x").startswith("app /x"))

    def test_what_cannot_be_is_told_at_plan_time(self):
        def refused(text):
            with self.assertRaises(Failed) as failure:
                self.world.plan(text)
            return failure.exception.out + failure.exception.err
        self.assertIn("both want the port 80", refused(full(listeners="    again: {port: 80}\n")))
        self.assertIn("there is no backend gone", refused(full(routes="    x: {path: /x, backend: gone}\n")))
        self.assertIn("https needs a certificate", refused(full(listeners="    s: {protocol: https, port: 443}\n")))
        self.assertIn("both are for all other hosts", refused(full(routes="    x: {backend: app}\n")))
        other = balancer().replace("name: front", "name: other").replace("port: 7000", "port: 7001")
        self.assertIn("load_balancer/front has it", refused(full() + "---\n" + other))

    def test_hcl_makes_a_balancer_sees_drift_and_the_next_plan_is_empty(self):
        folder = self.world.stack(
            'provider "podwright" {\n  stack = "lb"\n}\n'
            'resource "podwright_load_balancer" "hcl" {\n  name = "hcl"\n  servers = ["web"]\n'
            '  listeners = { web = { port = 81 } }\n'
            '  routes = { hello = { respond = { body = "hello" } } }\n}\n'
            'output "web" { value = podwright_load_balancer.hcl.status.endpoints["web"] }\n', "hcl")
        self.world.tofu(folder, "apply", "-auto-approve")
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.assertIn(":81", self.world.tofu(folder, "output"))
        code = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:81/', timeout=20).read().decode())"
        self.assertIn("hello", self.sh("web", f'python3 -c "{code}"'))
        self.world.tofu(folder, "destroy", "-auto-approve")
        self.nothing_is_left("web", "hcl")

    def nothing_is_left(self, server, name):
        self.assertEqual(self.sh(server, f"ls -d /etc/podwright/load-balancers/{name} /run/podwright-lb-{name}-* "
                                         f"/etc/systemd/system/podwright-lb-{name}-* 2>/dev/null", check=False).strip(), "")
        self.assertNotIn(f"podwright-lb-{name}", self.sh(server, "ls /etc/systemd/system/multi-user.target.wants; ps -ef"))
        self.assertNotIn("ok installed", self.sh(server, "dpkg-query -W -f '${Status}' nginx", check=False))

    def test_zz_deleting_the_balancer_leaves_nothing(self):
        self.world.apply(SERVERS, "--prune")
        eventually("the balancer to be gone", lambda: self.world.json("get", "load_balancer") == [], 60)
        self.nothing_is_left("edge", "front")
        self.assertNotIn("7000", self.sh("edge", "nft list table inet podwright"))


if __name__ == "__main__":
    main()
