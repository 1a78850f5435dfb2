#!/usr/bin/env python3
"""`plan` of many unchanged resources of our providers beside as many of the built-in terraform_data, in turns.

What a resource costs the host itself depends on what it holds, so that like stands beside like: toy_data has the
attributes and the value of terraform_data; podwright_secret, over a podwrightd that this starts, stands beside a
terraform_data that holds the same values. toy_file, with two dozen attributes, is only told.

usage: provider_plan.py FOLDER_OF_BINARIES [OUT.json]   REPETITIONS (5), COUNTS ("1000 10000")
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "acceptance"))
os.environ["PODWRIGHT_BIN"] = os.path.realpath(sys.argv[1])

from harness import World  # noqa: E402

CLI = shutil.which("tofu") or shutil.which("terraform")

TOY = """
terraform {
  required_providers {
    toy = { source = "podwright/toy" }
  }
}
provider "toy" {
  folder = "%s"
}
"""

PODWRIGHT = """
terraform {
  required_providers {
    podwright = { source = "podwright/podwright" }
  }
}
provider "podwright" {
  stack = "bench"
}
"""

BODIES = {
    "terraform_data": """
resource "terraform_data" "x" {
  count = %d
  input = "a text of some length, the same for all"
}
""",
    "terraform_data_object": """
resource "terraform_data" "x" {
  count = %d
  input = {
    name             = "x${count.index}"
    generator        = { length = 24, alphabet = null }
    labels           = null
    value_wo         = null
    value_wo_version = null
  }
}
""",
    "toy_data": """
resource "toy_data" "x" {
  count = %d
  input = "a text of some length, the same for all"
}
""",
    "toy_file": """
resource "toy_file" "x" {
  count   = %d
  name    = "x${count.index}"
  content = "a text of some length, the same for all"
}
""",
    "podwright_secret": """
resource "podwright_secret" "x" {
  count     = %d
  name      = "x${count.index}"
  generator = { length = 24 }
}
""",
}


BESIDE = {"toy_data": "terraform_data", "toy_file": "terraform_data", "podwright_secret": "terraform_data_object"}


def head_of(name, objects):
    if name.startswith("toy"):
        objects.mkdir()
        return TOY % objects
    return PODWRIGHT if name.startswith("podwright") else ""


def run(folder, env, *arguments):
    before = time.monotonic()
    done = subprocess.run([CLI, *arguments, "-no-color"], cwd=folder, env=env, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(done.stdout[-2000:])
    return time.monotonic() - before


def measure(binaries, count, repetitions, world):
    rc = world.folder / "cli.rc"
    rc.write_text('provider_installation {\n  dev_overrides {\n    "podwright/toy" = "%s"\n'
                  '    "podwright/podwright" = "%s"\n  }\n  direct {}\n}\n' % (binaries, binaries))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "PODWRIGHT_"))}
    env = dict(kept, TF_CLI_CONFIG_FILE=str(rc), CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1",
               PODWRIGHT_CONFIG=str(world.context))
    folders = {}
    for name, body in BODIES.items():
        folders[name] = world.folder / ("%s-%d" % (name, count))
        folders[name].mkdir()
        head = head_of(name, folders[name] / "objects")
        (folders[name] / "main.tf").write_text(head + body % count)
        if not head:
            run(folders[name], env, "init")
        run(folders[name], env, "apply", "-auto-approve")
    times = {name: [] for name in BODIES}
    for _ in range(repetitions):
        for name in times:
            times[name].append(run(folders[name], env, "plan", "-detailed-exitcode"))
    run(folders["podwright_secret"], env, "destroy", "-auto-approve")
    found = {"name": "plan_unchanged/%d" % count, "repetitions": repetitions}
    words = []
    for name in BODIES:
        found[name + "_seconds"] = statistics.median(times[name])
        words.append("%s %.2f s" % (name, found[name + "_seconds"]))
        if name in BESIDE:
            found[name + "_ratio"] = statistics.median(a / b for a, b in zip(times[name], times[BESIDE[name]]))
            words[-1] += " (%.2fx of %s)" % (found[name + "_ratio"], BESIDE[name])
    print("plan of %6d unchanged: %s" % (count, ", ".join(words)), flush=True)
    return found


def main():
    if CLI is None:
        sys.exit("neither tofu nor terraform is on PATH")
    binaries = os.path.realpath(sys.argv[1])
    repetitions = int(os.environ.get("REPETITIONS", "5"))
    found = []
    world = World().start()
    try:
        for count in map(int, os.environ.get("COUNTS", "1000 10000").split()):
            found.append(measure(binaries, count, min(repetitions, 2) if count > 5000 else repetitions, world))
    finally:
        world.close()
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w") as file:
            json.dump({"benchmarks": found}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
