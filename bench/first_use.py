"""The quick start from built binaries and a made image: how long it takes, and which actions it is made of. A part of
services.py."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import runs
from harness import BIN, LAB_CACHE, ROOT, World, free_port

STATE_PORTS = ("QUICKSTART_API_PORT", "QUICKSTART_HTTPS_PORT", "QUICKSTART_AGENTS_PORT")


def make_image():
    """The first server of all makes the image of the lab; that is not the quick start's time."""
    if list(LAB_CACHE.glob("*.tar")):
        return
    world = World()
    try:
        world.start()
        world.apply("apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: first}\nspec: {cloud: lab}\n", timeout=900)
    finally:
        world.close()


def actions(environment):
    """The actions of all runs, the longest first."""
    ask = lambda *words: json.loads(subprocess.run([str(BIN / "podwright"), *words, "-o", "json"], env=environment, check=True,
                                                   capture_output=True, text=True).stdout)
    found = [action for run in ask("run", "list") for action in runs.actions(ask("run", "get", run["id"]))]
    return sorted(({**action, "seconds": (action["until"] - action["from"]) / 1000} for action in found),
                  key=lambda action: -action["seconds"])


def quickstart():
    make_image()
    state = tempfile.mkdtemp(prefix="podwright-quickstart-")
    environment = {**os.environ, "NO_COLOR": "1", "QUICKSTART_BIN": str(BIN), "QUICKSTART_STATE": state,
                   **{name: str(free_port()) for name in STATE_PORTS}}
    steps, began, said = [], time.monotonic(), []
    process = subprocess.Popen(["./dev", "quickstart"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout:
            said.append(line)
            if re.match(r"\d/\d ", line):
                steps.append((line.strip(), time.monotonic()))
        if process.wait() != 0:
            raise RuntimeError("./dev quickstart failed:\n" + "".join(said)[-4000:])
        total = time.monotonic() - began
        longest = actions({**environment, "PODWRIGHT_CONFIG": f"{state}/context.yaml"})[:10]
    finally:
        process.kill()
        subprocess.run(["./dev", "quickstart", "--down"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                       capture_output=True, check=False, timeout=180)
        shutil.rmtree(state, ignore_errors=True)
    print(f"quick start: {total:.0f} s")
    parts = []
    for (name, begin), (_, end) in zip(steps, [*steps[1:], ("", began + total)]):
        parts.append({"step": name, "seconds": end - begin})
        print(f"  {end - begin:6.1f} s  {name}")
    for row in longest:
        print(f"  {row['seconds']:6.1f} s  {row['action']} of {row['object']} on {row['server']}")
    return [{"name": "quickstart", "seconds": total, "steps": parts, "longest": longest}]
