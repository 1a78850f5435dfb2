"""Planned changes of the primary under writes that go through the balancer: how long nobody could write, and whether
anything that was acknowledged is lost. A part of services.py.

A writer on the balancer's server writes one row (or key) after the other, keeps when each was acknowledged, and connects
anew when it is cut off, as a pooled client would. What it wrote is compared with what is there at the end.
"""
import statistics
import subprocess
import time

import runs
from harness import eventually

# usage: writer.py FILE PORT USER PASSWORD_FILE; each line of FILE: number, timeline, when it was acknowledged.
POSTGRESQL_WRITER = """
import os, psycopg2, sys, time
path, port, user, password = sys.argv[1], sys.argv[2], sys.argv[3], open(sys.argv[4]).read()
log, n, c = open(path, "w", buffering=1), 0, None
while not os.path.exists(path + ".stop"):
    n += 1
    try:
        if c is None:
            c = psycopg2.connect(host="127.0.0.1", port=port, user=user, password=password, dbname="orders", connect_timeout=2)
            c.autocommit = True
        with c.cursor() as cursor:
            cursor.execute("insert into rows (n) values (%s) returning left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)",
                           (n,))
            timeline = cursor.fetchone()[0]
        log.write(f"{n} {timeline} {time.time():.4f}\\n")
        time.sleep(0.002)
    except psycopg2.Error:
        c = None
        time.sleep(0.01)
"""

# The same for Redis, which has no timelines: the column is "-". After the end: how many of its keys are not there.
REDIS_WRITER = """
import os, socket, sys, time
path, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], open(sys.argv[4]).read().strip()
class Redis:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", port), 2)
        self.f = self.s.makefile("rb")
        self.run("AUTH", user, password)
    def run(self, *words):
        self.s.sendall(b"*%d\\r\\n" % len(words) + b"".join(b"$%d\\r\\n%s\\r\\n" % (len(w), w.encode()) for w in words))
        line = self.f.readline()
        if not line.endswith(b"\\r\\n") or line[:1] == b"-": raise ConnectionError(line)
        if line[:1] != b"$": return line
        return None if line == b"$-1\\r\\n" else self.f.read(int(line[1:]) + 2)[:-2].decode()
log, n, c, done = open(path, "w", buffering=1), 0, None, []
while not os.path.exists(path + ".stop"):
    n += 1
    try:
        c = c or Redis()
        c.run("SET", f"n:{n}", str(n))
        log.write(f"{n} - {time.time():.4f}\\n")
        done.append(n)
        time.sleep(0.002)
    except OSError:
        c = None
        time.sleep(0.01)
c = Redis()
log.write("lost %d\\n" % sum(c.run("GET", f"n:{i}") != str(i) for i in done))
"""


class Writer:
    """Runs until it is ended; `rows` are (number, timeline, when)."""

    def __init__(self, setting, server, name, text, *arguments):
        world = setting.world
        self.world, self.server, self.path = world, server, f"/root/{name}.log"
        setting.afterwards(self.stop)
        world.shell(server, f"rm -f {self.path}*; cat > /root/{name}.py <<'X'\n{text}X\n")
        argv = world.run("lab", "ssh", server, "--print").split()
        self.process = subprocess.Popen([*argv, "python3", f"/root/{name}.py", self.path, *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        eventually("the first writes", lambda: self.count() > 20, 30)

    def count(self):
        return int(self.world.shell(self.server, f"wc -l < {self.path} || echo 0").strip())

    def stop(self):
        self.world.shell(self.server, f"touch {self.path}.stop")

    def end(self):
        self.stop()
        said = self.process.communicate(timeout=120)[0]
        if self.process.returncode != 0:
            raise RuntimeError(f"the writer ended: {said}")
        lines = [line.split() for line in self.world.shell(self.server, f"cat {self.path}").splitlines()]
        self.rows = [(int(line[0]), line[1], float(line[2])) for line in lines if len(line) == 3]
        self.lost = sum(int(line[1]) for line in lines if len(line) == 2)
        return self


def gaps_of(rows, moments):
    """For each handover, begun at these moments: between which two acknowledged writes it lies. Those are the last of the old
    timeline and the first of the new one; where there are no timelines, those with the longest time between them."""
    found = []
    for begin, end in zip(moments, [*moments[1:], float("inf")]):
        near = [(b[1] != a[1], b[2] - a[2], a[2], b[2]) for a, b in zip(rows, rows[1:]) if begin <= b[2] and a[2] < end]
        found.append(max(near)[1:])
    return found


def handovers(world, kind, document, current, members, count, limit, writer):
    """Has the wish go from member to member `count` times, or until the seconds of `limit` are over. Answers a row for each."""
    found, deadline = [], time.monotonic() + limit
    for _ in range(count):
        if time.monotonic() > deadline:
            break
        to = members[(members.index(current()) + 1) % len(members)]
        before = writer.count()
        began = time.time()
        world.apply(document(to), timeout=240)
        applied = time.time() - began
        eventually(f"{to} to be the primary", lambda: current() == to, 60)
        eventually("writes to go on", lambda: writer.count() > before + 20, 60)
        found.append({"to": to, "began": began, "apply_ms": applied * 1000, "spans": runs.newest(world, kind)})
        time.sleep(0.5)
    return found


def tell(name, found, rows, lost, most):
    """Puts what was measured into the rows of `found`; prints and answers the figure."""
    for row, (gap, last, _) in zip(found, gaps_of(rows, [row["began"] for row in found])):
        row["gap_ms"] = gap * 1000
        row["around"] = runs.around(row["spans"], last)
        print(f"  {name} to {row['to']}: {row['gap_ms']:5.0f} ms without a write, apply {row['apply_ms']:5.0f} ms "
              f"({row['around']})", flush=True)
    gaps = [row["gap_ms"] for row in found]
    figure = {"name": name, "runs": len(found), "p50_ms": statistics.median(gaps), "most_ms": max(gaps),
              "over": sum(gap > most for gap in gaps), "writes": len(rows), "lost": lost, "rows": found}
    print(f"{name}: {len(found)} runs, p50 {figure['p50_ms']:.0f} ms, at most {figure['most_ms']:.0f} ms; "
          f"{len(rows)} acknowledged, {lost} lost", flush=True)
    return figure


def switchover(world, setting, count, limit):
    """PostgreSQL, asynchronous replication: the order of the steps alone keeps what was acknowledged."""
    setting.have("database")
    status = lambda: world.json("get", "database")[0]["status"]
    login = status()["users"]["app"]["login"]
    world.shell("edge", f"PGPASSWORD=$(cat {setting.PASSWORD}) psql -q -h 127.0.0.1 -p {setting.DATABASE_PORT} -U {login} orders "
                        "-c 'drop table if exists rows; create table rows (n bigint primary key)'")
    writer = Writer(setting, "edge", "postgresql-writer", POSTGRESQL_WRITER, str(setting.DATABASE_PORT), login, setting.PASSWORD)
    found = handovers(world, "database", lambda to: setting.document(database=to), lambda: status()["primary"],
                      ["db-1", "db-2"], count, limit, writer)
    setting.primaries["database"] = found[-1]["to"]
    rows = writer.end().rows
    there = set(world.shell("edge", f"PGPASSWORD=$(cat {setting.PASSWORD}) psql -qAt -h 127.0.0.1 -p {setting.DATABASE_PORT} "
                                    f"-U {login} orders -c 'select n from rows'").split())
    return [tell("switchover", found, rows, sum(str(n) not in there for n, _, _ in rows), 2000)]


def failover(world, setting, count, limit):
    """Redis with Sentinels."""
    setting.have("cache")
    status = lambda: world.json("get", "cache")[0]["status"]
    writer = Writer(setting, "edge", "redis-writer", REDIS_WRITER, str(setting.CACHE_PORT), "app", setting.PASSWORD)
    found = handovers(world, "cache", lambda to: setting.document(cache=to), lambda: status()["primary"],
                      ["db-1", "db-2"], count, limit, writer)
    setting.primaries["cache"] = found[-1]["to"]
    writer.end()
    return [tell("failover", found, writer.rows, writer.lost, 1000)]
