"""nginx on a lab server: how long from the beginning of `podwright apply` until the new answer of a changed route is served,
also beside 1,000 hosts of their own; and whether reloads under load lose a request or cut a database session. Parts of
services.py.
"""
import http.client
import re
import statistics
import subprocess
import time

import runs
from harness import eventually

# usage: sessions.py FILE PORT USER PASSWORD_FILE: eight sessions that must stay what they are; ends with what became of them.
SESSIONS = """
import os, psycopg2, sys, time
path, port, user, password = sys.argv[1], sys.argv[2], sys.argv[3], open(sys.argv[4]).read()
connect = lambda: psycopg2.connect(host="127.0.0.1", port=port, user=user, password=password, dbname="orders")
sessions = [connect() for _ in range(8)]
def ask(session):
    with session.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]
first, asked, cut = [ask(s) for s in sessions], 0, set()
print("begun", flush=True)
while not os.path.exists(path + ".stop"):
    for i, session in enumerate(sessions):
        try:
            if i in cut or ask(session) == first[i]:
                asked += 1
                continue
        except psycopg2.Error:
            pass
        cut.add(i)
    time.sleep(0.02)
print(asked, len(cut), flush=True)
"""


def ask(address):
    try:
        connection = http.client.HTTPConnection(address, 80, timeout=30)
        connection.request("GET", "/now", headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body
    except OSError as error:
        return 0, repr(error)


def change(world, setting, hosts, count, limit):
    address = setting.address()
    world.apply(setting.document(answer="begin", hosts=hosts), timeout=600)
    times, parts, deadline = [], [], time.monotonic() + limit
    for i in range(count):
        if time.monotonic() > deadline:
            break
        before, began = time.monotonic(), time.time()
        process = world.begin_apply(setting.document(answer=f"answer {i}", hosts=hosts))
        while ask(address) != (200, f"answer {i}"):
            if time.monotonic() - before > 60:
                raise RuntimeError(f"the answer {i} did not come: {process.communicate()[0]}")
            time.sleep(0.003)
        times.append((time.monotonic() - before) * 1000)
        process.communicate(timeout=120)
        parts.append(runs.around(runs.newest(world, "load_balancer"), began))
        time.sleep(0.2)
    for took, part in zip(times, parts):
        print(f"  a route beside {hosts} hosts: {took:4.0f} ms ({part})", flush=True)
    times.sort()
    found = {"name": f"route_change/{hosts}", "runs": len(times), "p50_ms": statistics.median(times),
             "p95_ms": times[int(0.95 * (len(times) - 1))], "most_ms": times[-1]}
    print(f"route change beside {hosts} hosts: {len(times)} runs, p50 {found['p50_ms']:.0f} ms, "
          f"p95 {found['p95_ms']:.0f} ms, at most {times[-1]:.0f} ms", flush=True)
    return found


def routes(world, setting, count, limit, hosts):
    """Alone first: nothing else is declared on the balancer yet, when this is the first part."""
    found = [change(world, setting, 0, count, limit / 2), change(world, setting, hosts, count, limit / 2)]
    world.apply(setting.document(), timeout=600)
    return found


class Load:
    """ApacheBench on the server itself, in rounds until it is ended and has made `least` requests, each on a connection of
    its own."""

    ROUND = 10_000

    def __init__(self, setting, least):
        self.world = world = setting.world
        setting.afterwards(self.stop)
        argv = world.run("lab", "ssh", "edge", "--print").split()
        script = (f"rm -f /root/load.stop; i=0; until [ -e /root/load.stop ] && [ $i -ge {-(-least // self.ROUND)} ]; do "
                  f"ab -q -r -c 8 -n {self.ROUND} -s 30 http://127.0.0.1/now 2>&1; i=$((i + 1)); done")
        self.process = subprocess.Popen([*argv, "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def stop(self):
        self.world.shell("edge", "touch /root/load.stop")

    def end(self):
        self.stop()
        text = self.process.communicate(timeout=240)[0]
        number = lambda what: sum(map(int, re.findall(rf"^{what}:\s+(\d+)", text, re.M)))
        self.requests = number("Complete requests")
        self.failed = number("Failed requests") + number("Write errors") + number("Non-2xx responses")
        if self.requests == 0 or "apr_" in text:
            raise RuntimeError(f"the load broke off: {text[-2000:]}")
        return self


def reloads(world, setting, count, least, limit):
    setting.have("database")
    world.apply(setting.document(answer="steady"), timeout=600)
    eventually("the answer", lambda: ask(setting.address()) == (200, "steady"), 30)
    login = world.json("get", "database")[0]["status"]["users"]["app"]["login"]
    world.shell("edge", f"rm -f /root/sessions*; cat > /root/sessions.py <<'X'\n{SESSIONS}X\n")
    argv = world.run("lab", "ssh", "edge", "--print").split()
    setting.afterwards(lambda: world.shell("edge", "touch /root/sessions.stop"))
    sessions = subprocess.Popen([*argv, "python3", "/root/sessions.py", "/root/sessions", str(setting.DATABASE_PORT), login,
                                 setting.PASSWORD], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
    if sessions.stdout.readline() != "begun\n":
        raise RuntimeError("the sessions did not begin: " + sessions.communicate()[0])
    load, began = Load(setting, least), time.monotonic()
    # What an apply does at its end, a hundred times: of http, and every tenth time of the streams, too.
    world.shell("edge", f"for i in $(seq {count}); do systemctl reload podwright-lb-front-http; sleep 0.1; "
                        "[ $((i % 10)) != 0 ] || systemctl reload podwright-lb-front-streams; done", timeout=limit)
    took = time.monotonic() - began
    load.end()
    world.shell("edge", "touch /root/sessions.stop")
    asked, cut = map(int, sessions.communicate(timeout=60)[0].split())
    print(f"reloads: {count} in {took:.0f} s; {load.requests} requests, {load.failed} failed; {asked} queries on 8 database sessions, "
          f"{cut} cut", flush=True)
    return [{"name": f"reloads/{count}", "requests": load.requests, "failed": load.failed, "queries": asked, "sessions_cut": cut}]
