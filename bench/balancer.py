#!/usr/bin/env python3
"""A load balancer on a lab server, with the real programs: how long from the beginning of `podwright apply` until the new
answer of a changed route is served, also beside 1,000 hosts of their own; and whether reloads under load lose a request or
cut a stream.

usage: balancer.py FOLDER_OF_BINARIES [OUT.json]   REPETITIONS (20), RELOADS (100), HOSTS (1000)
"""

import http.client
import json
import os
import pathlib
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "acceptance"))
os.environ["PODWRIGHT_BIN"] = os.path.realpath(sys.argv[1])

from harness import World, eventually  # noqa: E402

SERVER = "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: edge}\nspec: {cloud: lab, packages: {python3: {}}}\n"
ECHO = """
import socket, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 9000)); s.listen()
def serve(c):
    while True:
        d = c.recv(4096)
        if not d: return
        c.sendall(d)
while True:
    c, _ = s.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()
"""


def plan(answer, hosts):
    routes = "".join(f"    h{i}: {{hosts: [h{i}.example.org], respond: {{body: h{i}}}}}\n" for i in range(hosts))
    return (SERVER + "---\napiVersion: podwright.dev/v1\nkind: LoadBalancer\nmetadata: {name: front}\nspec:\n"
            "  servers: [edge]\n  listeners:\n    web: {port: 80}\n    echo: {protocol: tcp, port: 7000, backend: echo}\n"
            "  backends:\n    echo: {addresses: {here: {address: 127.0.0.1, port: 9000}}}\n"
            f"  routes:\n    now: {{path: /now, match: exact, respond: {{body: '{answer}'}}}}\n{routes}")


def ask(address):
    try:
        connection = http.client.HTTPConnection(address, 80, timeout=30)
        # Whoever closes first keeps the port for a minute: that is to be nginx.
        connection.request("GET", "/now", headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body
    except OSError as error:
        return 0, repr(error)


def change(world, address, hosts, repetitions):
    times = []
    world.apply(plan("begin", hosts), timeout=600)
    for i in range(repetitions):
        before = time.monotonic()
        process = world.begin_apply(plan(f"answer {i}", hosts))
        while ask(address) != (200, f"answer {i}"):
            if time.monotonic() - before > 60:
                sys.exit(f"the answer {i} did not come: {process.communicate()[0]}")
            time.sleep(0.002)
        times.append((time.monotonic() - before) * 1000)
        process.communicate(timeout=120)
    times.sort()
    found = {"name": f"route_change/{hosts}", "p50_ms": statistics.median(times), "most_ms": times[-1]}
    print(f"route change beside {hosts} hosts: p50 {found['p50_ms']:.0f} ms, at most {times[-1]:.0f} ms", flush=True)
    return found


class Load:
    """Requests from several threads, and one stream, until it is ended."""

    def __init__(self, address, threads=4):
        self.address, self.stop, self.good, self.bad, self.lines = address, False, [0] * threads, [], 0
        self.threads = [threading.Thread(target=self.requests, args=(i,)) for i in range(threads)]
        self.threads.append(threading.Thread(target=self.stream))
        for thread in self.threads:
            thread.start()

    def requests(self, place):
        while not self.stop:
            status, body = ask(self.address)
            if status == 200:
                self.good[place] += 1
            else:
                self.bad.append(f"{status} {body}")

    def stream(self):
        with socket.create_connection((self.address, 7000), 30) as connection:
            file = connection.makefile("rw")
            while not self.stop:
                file.write(f"{self.lines}\n")
                file.flush()
                if file.readline() != f"{self.lines}\n":
                    self.bad.append("the stream was cut")
                    return
                self.lines += 1
                time.sleep(0.01)

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join()


def reloads(world, address, count):
    load = Load(address)
    for _ in range(count):
        world.shell("edge", "systemctl reload podwright-lb-front-http podwright-lb-front-streams")
    eventually("enough requests", lambda: sum(load.good) >= 50_000, 1800)
    load.end()
    found = {"name": f"reloads/{count}", "requests": sum(load.good), "failed": len(load.bad), "stream_lines": load.lines}
    print(f"{count} reloads: {found['requests']} requests, {found['failed']} failed {load.bad[:3]}; "
          f"{load.lines} lines on one stream", flush=True)
    return found


def main():
    repetitions = int(os.environ.get("REPETITIONS", "20"))
    world = World().start()
    found = []
    try:
        world.apply(SERVER, timeout=900)
        world.shell("edge", f"cat > /root/echo.py <<'X'\n{ECHO}X\nsystemd-run --quiet --unit=echo python3 /root/echo.py")
        world.apply(plan("begin", 0), timeout=900)
        address = world.json("get", "load_balancer")[0]["status"]["addresses"]["edge"]
        eventually("an answer", lambda: ask(address) == (200, "begin"), 30)
        found.append(change(world, address, 0, repetitions))
        found.append(reloads(world, address, int(os.environ.get("RELOADS", "100"))))
        found.append(change(world, address, int(os.environ.get("HOSTS", "1000")), repetitions))
    finally:
        world.close()
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w") as file:
            json.dump({"benchmarks": found}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
