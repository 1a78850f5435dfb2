#!/usr/bin/env python3
"""What a user of the services feels, on lab servers with the real programs: route changes, reloads under load, switchovers of
PostgreSQL and failovers of Redis under writes through the balancer, rotations of a mesh's keys, and the quick start.

usage: services.py FOLDER_OF_BINARIES OUT.json [PART…]    parts: routes reloads switchover failover mesh quickstart (all)
environment: ROUTES (20), HOSTS (1000), RELOADS (100), REQUESTS (50000), HANDOVERS (20), ROTATIONS (6): how often, how many

All parts but the last share one control plane and three servers. A part measures for four minutes at most: what is not done
then is left out, and the number of runs says so. One that fails, or has not ended after seven minutes, does not stop the
others; OUT.json is written after each. Ended by a signal, too, it leaves no servers behind.
"""
import json
import os
import pathlib
import signal
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "acceptance"))
os.environ["PODWRIGHT_BIN"] = os.path.realpath(sys.argv[1])

import balancer  # noqa: E402
import first_use  # noqa: E402
import handovers  # noqa: E402
import rotations  # noqa: E402
from harness import Failed, World  # noqa: E402


def number(name, default):
    return int(os.environ.get(name, str(default)))


def document(kind, name, spec):
    return f"apiVersion: podwright.dev/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}"


def knows(world, kind):
    try:
        world.json("get", kind)
        return True
    except Failed:
        return False


class Setting:
    """The documents of the shared servers. Parts add what they need, and it stays."""

    PASSWORD, DATABASE_PORT, CACHE_PORT = "/root/app-password", 5000, 6000

    def __init__(self, world):
        self.world, self.kinds = world, set()
        self.primaries = {"database": "db-1", "cache": "db-1"}
        self.key_version = 1
        self.policy = knows(world, "policy")
        self.endings = []

    def afterwards(self, end):
        """What has to be ended when this part ends, however that is."""
        self.endings.append(end)

    def tidy(self):
        while self.endings:
            try:
                self.endings.pop()()
            except Exception:  # of a part that failed: so may this
                traceback.print_exc()

    def have(self, kind):
        """This kind, too, and everything else as it is declared here."""
        self.kinds.add(kind)
        self.world.apply(self.document(), timeout=900)

    def address(self):
        return self.world.json("get", "load_balancer")[0]["status"]["addresses"]["edge"]

    def document(self, answer="hello", hosts=0, **primaries):
        wish = {**self.primaries, **primaries}
        documents = [document("Server", "edge", "  cloud: lab\n  packages: {python3-psycopg2: {}, postgresql-client: {}, "
                              f"apache2-utils: {{}}}}\n  secrets: {{{self.PASSWORD}: {{secret: app-password}}}}\n"),
                     document("Server", "db-1", "  cloud: lab\n  packages: {python3: {}}\n"),
                     document("Server", "db-2", "  cloud: lab\n"),
                     document("Secret", "app-password", "  generator: {length: 24}\n"), self.front(answer, hosts)]
        if self.policy:  # forty failovers within minutes are what is wanted here
            documents.append(document("Policy", "default", "  limits: {failovers: 100000, restarts: 100000, deletes: 100000, "
                                      "servers_percent: 100}\n"))
        if "database" in self.kinds:
            documents.append(document(
                "Database", "orders", "  engine: postgresql\n  version: \"15\"\n  members: [db-1, db-2]\n"
                f"  primary: {wish['database']}\n  deletion_protection: false\n"
                "  users: {app: {password: {secret: app-password}}}\n  databases: {orders: {owner: app}}\n"))
        if "cache" in self.kinds:
            documents.append(document(
                "Cache", "sessions", f"  members: [db-1, db-2]\n  primary: {wish['cache']}\n  deletion_protection: false\n"
                "  sentinel: {servers: [edge, db-1, db-2]}\n"
                "  users: {app: {password: {secret: app-password}, keys: [\"n:*\"], commands: [+@all, -@admin]}}\n"))
        if "mesh" in self.kinds:
            documents.append(document(
                "Mesh", "bench", "  members: {edge: {}, db-1: {}, db-2: {}}\n  range: 10.90.0.0/24\n"
                f"  key_version: {self.key_version}\n  rules:\n    echo: {{from: [edge], to: [db-1], port: {rotations.PORT}}}\n"))
        return "\n---\n".join(documents)

    def front(self, answer, hosts):
        routes = "".join(f"    h{i}: {{hosts: [h{i}.example.org], respond: {{body: h{i}}}}}\n" for i in range(hosts))
        listeners, backends = "    web: {port: 80}\n", ""
        if "database" in self.kinds:
            listeners += f"    database: {{protocol: tcp, port: {self.DATABASE_PORT}, backend: database}}\n"
            backends += "    database: {database: {name: orders, endpoint: read_write}}\n"
        if "cache" in self.kinds:
            listeners += f"    cache: {{protocol: tcp, port: {self.CACHE_PORT}, backend: cache}}\n"
            backends += "    cache: {cache: {name: sessions}}\n"
        return document("LoadBalancer", "front", f"  servers: [edge]\n  listeners:\n{listeners}"
                        + (f"  backends:\n{backends}" if backends else "")
                        + f"  routes:\n    now: {{path: /now, match: exact, respond: {{body: '{answer}'}}}}\n{routes}")


PARTS = {
    "routes": lambda world, setting: balancer.routes(world, setting, number("ROUTES", 20), 200, number("HOSTS", 1000)),
    "reloads": lambda world, setting: balancer.reloads(world, setting, number("RELOADS", 100), number("REQUESTS", 50_000), 200),
    "switchover": lambda world, setting: handovers.switchover(world, setting, number("HANDOVERS", 20), 220),
    "failover": lambda world, setting: handovers.failover(world, setting, number("HANDOVERS", 20), 220),
    "mesh": lambda world, setting: rotations.rotations(world, setting, number("ROTATIONS", 6), 200),
    "quickstart": None,
}
LIMIT = 7 * 60  # seconds of one part, whatever hangs


class Figures:
    """What was found, written down whenever there is more."""

    def __init__(self, path):
        self.path, self.rows = path, []

    def add(self, rows):
        self.rows += rows
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump({"benchmarks": self.rows}, file, indent=2)
            file.write("\n")

    def failed(self):
        return any("error" in row for row in self.rows)


def attempt(name, part, limit=LIMIT):
    """A part's figures, or why there are none."""
    print(f"-- {name}", flush=True)
    began = time.monotonic()
    signal.alarm(limit)
    try:
        found = part()
    except Exception as error:  # the other parts go on
        traceback.print_exc()
        found = [{"name": f"{name}/failed", "error": str(error)[-2000:]}]
    finally:
        signal.alarm(0)
    print(f"   ({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return found


def shared(names, figures):
    """The parts that share servers, one after the other."""
    world = World()
    try:
        world.start()
        setting = Setting(world)

        def servers():
            world.apply(setting.document(), timeout=900)
            return []

        # The first server of all makes the lab's image.
        figures.add(attempt("three servers", servers, 15 * 60))
        for name in [] if figures.failed() else names:
            figures.add(attempt(name, lambda part=name: PARTS[part](world, setting)))
            setting.tidy()
    finally:
        world.close()


def too_long(_signal, _frame):
    raise TimeoutError("it has not ended in time")


def ended(number_of_signal, _frame):
    sys.exit(128 + number_of_signal)


def main():
    names = sys.argv[3:] or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit(f"no part of the services' benchmark: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGALRM, too_long)
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, ended)
    figures = Figures(sys.argv[2])
    figures.add([])
    together = [name for name in PARTS if name in names and PARTS[name]]
    if together:
        shared(together, figures)
    if "quickstart" in names:
        figures.add(attempt("quickstart", first_use.quickstart, 15 * 60))
    return 1 if figures.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
