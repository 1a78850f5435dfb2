#!/usr/bin/env python3
"""From a push to the new answer: a load balancer on a lab server whose plan is in a Git repository, with the real programs.

The time begins when `git push` has returned; the end is the first request that nginx answers with what was pushed. Once a
webhook tells of the push (the POST is part of the time), and once nobody does and the source is polled every second.

usage: push.py FOLDER_OF_BINARIES OUT.json    PUSHES (30): of each way
"""
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "acceptance"))
os.environ["PODWRIGHT_BIN"] = os.path.realpath(sys.argv[1])

from git_server import Repository  # noqa: E402
from harness import World, eventually  # noqa: E402

KEY = "a key that both know"
PLAN = """apiVersion: podwright.dev/v1
kind: Server
metadata: {name: edge}
spec: {cloud: lab}
---
apiVersion: podwright.dev/v1
kind: LoadBalancer
metadata: {name: front}
spec:
  servers: [edge]
  listeners: {web: {port: 80}}
  routes: {now: {path: /now, match: exact, respond: {body: '%s'}}}
"""
SECRET = "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: hook}\nspec: {}\n"
SOURCE = """apiVersion: podwright.dev/v1
kind: GitSource
metadata: {name: plans}
spec: {url: "%s", interval: %s, webhook: {secret: hook}}
"""


def ask(address):
    try:
        connection = http.client.HTTPConnection(address, 80, timeout=30)
        # Whoever closes first keeps the port for a minute: that is to be nginx.
        connection.request("GET", "/now", headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return body if answer.status == 200 else f"status {answer.status}"
    except OSError as error:
        return repr(error)


def tell(world):
    """The webhook, as a forge sends it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    body, now = b"{}", str(int(time.time()))
    mark = hmac.new(KEY.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    connection = http.client.HTTPSConnection("127.0.0.1", world.https, timeout=30, context=context)
    connection.request("POST", "/webhooks/default/plans", body,
                       {"X-Podwright-Timestamp": now, "X-Podwright-Signature": "sha256=" + mark})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 202:
        sys.exit(f"the webhook was answered with {answer.status}")


def measure(world, repository, address, way, pushes):
    times = []
    for number in range(pushes):
        answer = f"{way} {number}"
        repository.write("front.yaml", PLAN % answer)
        repository.push(answer)
        begin = time.monotonic()
        if way == "webhook":
            tell(world)
        while ask(address) != answer:
            if time.monotonic() - begin > 60:
                sys.exit(f"the answer {answer} did not come: {world.run('source', 'describe', 'plans')}")
            time.sleep(0.002)
        times.append((time.monotonic() - begin) * 1000)
        # Pushes come at any moment of the interval, and not while the last one is confirmed.
        time.sleep(1.5 + random.random())
    times.sort()
    p99 = times[min(len(times) - 1, round(0.99 * len(times)))]
    found = {"name": f"push/{way}", "runs": pushes, "p50_ms": times[len(times) // 2], "p99_ms": p99, "most_ms": times[-1]}
    print(f"push until served, {way}: p50 {found['p50_ms']:.0f} ms, p99 {p99:.0f} ms of {pushes}", flush=True)
    return found


def main():
    pushes = int(os.environ.get("PUSHES", "30"))
    world = World().start()
    found = []
    try:
        repository = Repository(world.folder)
        repository.write("front.yaml", PLAN % "begin")
        repository.push("begin")
        world.apply(SECRET)
        world.run("secret", "set", "hook", "--no-wait", stdin=KEY)
        world.apply(SOURCE % (repository.url, "1h"))
        eventually("the balancer", lambda: [row for row in world.json("get", "load_balancer") if row["phase"] == "ready"], 300)
        address = world.json("get", "load_balancer")[0]["status"]["addresses"]["edge"]
        eventually("an answer", lambda: ask(address) == "begin", 30)
        found.append(measure(world, repository, address, "webhook", pushes))
        world.apply(SOURCE % (repository.url, "1s"))
        found.append(measure(world, repository, address, "polling", pushes))
    finally:
        world.close()
    with open(sys.argv[2], "w") as file:
        json.dump({"benchmarks": found}, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
