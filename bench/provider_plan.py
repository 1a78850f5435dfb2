#!/usr/bin/env python3
"""`plan` of many unchanged resources of the toy provider beside as many of the built-in terraform_data, in turns.

toy_data has the attributes of terraform_data; toy_file has two dozen, nested ones among them, which cost the host
its time.

usage: provider_plan.py PROVIDER_BINARY [OUT.json]   REPETITIONS (5), COUNTS ("1000 10000")
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

CLI = shutil.which("tofu") or shutil.which("terraform")

HEAD = """
terraform {
  required_providers {
    toy = { source = "podwright/toy" }
  }
}
provider "toy" {
  folder = "%s"
}
"""

TOY_DATA = """
resource "toy_data" "x" {
  count = %d
  input = "a text of some length, the same for all"
}
"""

TOY_FILE = """
resource "toy_file" "x" {
  count   = %d
  name    = "x${count.index}"
  content = "a text of some length, the same for all"
}
"""

BUILT_IN = """
resource "terraform_data" "x" {
  count = %d
  input = "a text of some length, the same for all"
}
"""


def run(folder, env, *arguments):
    before = time.monotonic()
    done = subprocess.run([CLI, *arguments, "-no-color"], cwd=folder, env=env, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(done.stdout[-2000:])
    return time.monotonic() - before


def measure(provider, count, repetitions, root):
    rc = os.path.join(root, "cli.rc")
    with open(rc, "w") as file:
        file.write('provider_installation {\n  dev_overrides { "podwright/toy" = "%s" }\n  direct {}\n}\n' %
                   os.path.dirname(provider))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "PODWRIGHT_"))}
    env = dict(kept, TF_CLI_CONFIG_FILE=rc, CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1")
    bodies = {"toy_data": TOY_DATA, "toy_file": TOY_FILE, "terraform_data": BUILT_IN}
    folders = {}
    for name, body in bodies.items():
        folders[name] = os.path.join(root, name)
        os.makedirs(os.path.join(folders[name], "objects"))
        head = HEAD % os.path.join(folders[name], "objects") if name.startswith("toy") else ""
        with open(os.path.join(folders[name], "main.tf"), "w") as file:
            file.write(head + body % count)
        if not head:
            run(folders[name], env, "init")
        run(folders[name], env, "apply", "-auto-approve")
    times = {name: [] for name in bodies}
    for _ in range(repetitions):
        for name in times:
            times[name].append(run(folders[name], env, "plan", "-detailed-exitcode"))
    found = {"name": "plan_unchanged/%d" % count, "repetitions": repetitions}
    for name in bodies:
        found[name + "_seconds"] = statistics.median(times[name])
        if name != "terraform_data":
            found[name + "_ratio"] = statistics.median(a / b for a, b in zip(times[name], times["terraform_data"]))
    print("plan of %6d unchanged: terraform_data %.2f s, toy_data %.2f s (ratio %.2f), toy_file %.2f s (ratio %.2f)" %
          (count, found["terraform_data_seconds"], found["toy_data_seconds"], found["toy_data_ratio"],
           found["toy_file_seconds"], found["toy_file_ratio"]), flush=True)
    return found


def main():
    if CLI is None:
        sys.exit("neither tofu nor terraform is on PATH")
    provider = os.path.realpath(sys.argv[1])
    repetitions = int(os.environ.get("REPETITIONS", "5"))
    found = []
    for count in map(int, os.environ.get("COUNTS", "1000 10000").split()):
        root = tempfile.mkdtemp(prefix="podwright-plan")
        try:
            found.append(measure(provider, count, min(repetitions, 2) if count > 5000 else repetitions, root))
        finally:
            shutil.rmtree(root, True)
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w") as file:
            json.dump({"benchmarks": found}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
