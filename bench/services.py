#!/usr/bin/env python3
"""What a user of the services feels, on lab servers with the real programs: route changes, reloads under load, switchovers of
PostgreSQL and failovers of Redis under writes through the balancer, and the quick start.

usage: services.py FOLDER_OF_BINARIES OUT.json [PART…]    parts: routes reloads switchover failover quickstart (all)
environment: ROUTES (20), HOSTS (1000), RELOADS (100), REQUESTS (50000), HANDOVERS (20): how often, how many

The first four parts share one control plane and three servers. A part takes four minutes at most on a quiet machine with
two cores: what is not done then is left out, and the number of runs says so. A part that fails does not stop the others.
"""
import json
import os
import pathlib
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "acceptance"))
os.environ["PODWRIGHT_BIN"] = os.path.realpath(sys.argv[1])

import balancer  # noqa: E402
import first_use  # noqa: E402
import handovers  # noqa: E402
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
        self.policy = knows(world, "policy")

    def have(self, kind):
        if kind not in self.kinds:
            self.kinds.add(kind)
            self.world.apply(self.document(), timeout=900)

    def address(self):
        return self.world.json("get", "load_balancer")[0]["status"]["addresses"]["edge"]

    def document(self, answer="hello", hosts=0, **primaries):
        wish = {**self.primaries, **primaries}
        documents = [document("Server", "edge", "  cloud: lab\n  packages: {python3-psycopg2: {}, postgresql-client: {}, "
                              f"apache2-utils: {{}}}}\n  secrets: {{{self.PASSWORD}: {{secret: app-password}}}}\n"),
                     document("Server", "db-1", "  cloud: lab\n"), document("Server", "db-2", "  cloud: lab\n"),
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
    "quickstart": None,
}


def attempt(name, part):
    """A part's figures, or why there are none."""
    print(f"-- {name}", flush=True)
    began = time.monotonic()
    try:
        found = part()
    except Exception as error:  # the other parts go on
        traceback.print_exc()
        found = [{"name": f"{name}/failed", "error": str(error)[-2000:]}]
    print(f"   ({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return found


def shared(names):
    """The parts that share servers, one after the other."""
    world = World()
    found = []
    try:
        world.start()
        setting = Setting(world)

        def servers():
            world.apply(setting.document(), timeout=900)
            return []

        found += attempt("three servers", servers)
        if not found:
            for name in names:
                found += attempt(name, lambda part=name: PARTS[part](world, setting))
    finally:
        world.close()
    return found


def main():
    names = sys.argv[3:] or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit(f"no part of the services' benchmark: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    found = []
    together = [name for name in PARTS if name in names and PARTS[name]]
    if together:
        found += shared(together)
    if "quickstart" in names:
        found += attempt("quickstart", first_use.quickstart)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump({"benchmarks": found}, file, indent=2)
        file.write("\n")
    return 1 if any("error" in row for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())
