"""A mesh of three servers whose keys are all renewed while somebody talks over one TCP connection: how long the longest answer
took. A part of services.py.
"""
import statistics
import subprocess
import time

from harness import eventually

PORT = 7000

# Answers each line with the same line, for as many clients as come.
ECHO = f"""
import socket, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", {PORT})); s.listen()
def serve(c):
    while True:
        d = c.recv(4096)
        if not d: return
        c.sendall(d)
while True:
    c, _ = s.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()
"""

# usage: stream.py FILE HOST: one connection, a line each 5 ms until FILE.stop is there. A line of FILE: when it was answered,
# and how long that took.
STREAM = f"""
import os, socket, sys, time
path = sys.argv[1]
s = socket.create_connection((sys.argv[2], {PORT}), 5); s.settimeout(60); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
f, log, n = s.makefile("rw"), open(path, "w", buffering=1), 0
print("open", flush=True)
while not os.path.exists(path + ".stop"):
    began = time.monotonic()
    f.write(f"{{n}}\\n"); f.flush()
    assert f.readline() == f"{{n}}\\n"
    log.write(f"{{time.time():.4f}} {{time.monotonic() - began:.5f}}\\n")
    n += 1
    time.sleep(0.005)
"""


class Stream:
    """Talks from one server to another until it is ended; `answers` are (when, how long)."""

    def __init__(self, setting, server, host):
        self.world, self.server, self.path = setting.world, server, "/root/stream"
        self.world.shell(server, f"rm -f {self.path}*; cat > /root/stream.py <<'X'\n{STREAM}X\n")
        argv = self.world.run("lab", "ssh", server, "--print").split()
        setting.afterwards(self.stop)
        self.process = subprocess.Popen([*argv, "python3", "/root/stream.py", self.path, host], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if self.process.stdout.readline() != "open\n":
            raise RuntimeError("the stream did not begin: " + self.process.communicate(timeout=60)[0])

    def stop(self):
        self.world.shell(self.server, f"touch {self.path}.stop")

    def end(self):
        self.stop()
        said = self.process.communicate(timeout=90)[0]
        if self.process.returncode != 0:
            raise RuntimeError(f"the stream broke off: {said}")
        lines = self.world.shell(self.server, f"cat {self.path}").split("\n")
        self.answers = [tuple(map(float, line.split())) for line in lines if line]
        return self


def rotations(world, setting, count, limit):
    setting.have("mesh")
    world.shell("db-1", f"cat > /root/echo.py <<'X'\n{ECHO}X\nsystemctl is-active -q echo || "
                        "systemd-run --quiet --unit=echo python3 /root/echo.py")
    code = f"import socket; socket.create_connection(('db-1.bench.internal', {PORT}), 2)"
    eventually("the mesh to carry", lambda: "yes" in world.shell("edge", f'python3 -c "{code}" && echo yes', check=False), 60)
    stream, found, deadline = Stream(setting, "edge", "db-1.bench.internal"), [], time.monotonic() + limit
    for _ in range(count):
        if time.monotonic() > deadline:
            break
        setting.key_version += 1
        began = time.time()
        world.apply(setting.document(), timeout=120)
        found.append({"began": began, "apply_ms": (time.time() - began) * 1000})
        time.sleep(1)
    answers = stream.end().answers
    for row, end in zip(found, [*(row["began"] for row in found[1:]), float("inf")]):
        row["longest_ms"] = max(took * 1000 for when, took in answers if row["began"] <= when < end)
        print(f"  rotation: the longest answer {row['longest_ms']:4.0f} ms, apply {row['apply_ms']:5.0f} ms", flush=True)
    longest = [row["longest_ms"] for row in found]
    print(f"rotations: {len(found)} of three keys under {len(answers)} answers, the longest p50 {statistics.median(longest):.0f} ms, "
          f"at most {max(longest):.0f} ms", flush=True)
    return [{"name": "mesh", "runs": len(found), "p50_ms": statistics.median(longest), "most_ms": max(longest),
             "answers": len(answers), "rows": found}]
