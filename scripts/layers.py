#!/usr/bin/env python3
"""Checks that the libraries include each other only as docs/architecture.md allows."""
import re
import subprocess
import sys

# folder -> folders of ours that it may include. The longest matching folder counts.
ALLOWED = {
    "core": ["core"],
    "kinds": ["kinds", "core", "podwright/v1", "podwright/testing"],
    "provider/sdk": ["provider/sdk", "core", "tfplugin"],
    "provider": ["provider", "client", "kinds", "core", "podwright/v1"],
    "client": ["client", "kinds", "core", "podwright/v1"],
    "cli": ["cli", "client", "kinds", "core", "podwright/v1"],
    "packaging/docgen": ["packaging", "provider", "kinds", "core", "tfplugin"],
    "agent": ["agent", "kinds", "core", "podwright/v1"],
    "reconciler/store": ["reconciler/store", "core"],
    "reconciler/ca": ["reconciler/ca", "reconciler/store", "core"],
    "reconciler/secrets": ["reconciler/secrets", "reconciler/store", "core"],
    "reconciler/auth": ["reconciler/auth", "reconciler/store", "reconciler/ca", "core"],
    "reconciler/clouds": ["reconciler/clouds", "core"],
    "reconciler/git": ["reconciler/git", "core"],
    "reconciler/forge": ["reconciler/forge", "core"],
    "reconciler/planner": ["reconciler/planner", "kinds", "core", "podwright/v1"],
    "reconciler/daemon": ["reconciler", "client", "kinds", "core", "podwright/v1"],
    "reconciler": ["reconciler", "kinds", "core", "podwright/v1"],
    "tests": None,
    "bench": None,
}
PURE = "reconciler/planner"
FORBIDDEN_IN_PURE = re.compile(r"#include <(grpc|sqlite|curl|git2|fstream|filesystem|chrono|random|sys/|unistd)")
NO_GRPC = ("reconciler/control", "reconciler/planner", "reconciler/store", "reconciler/git", "reconciler/forge", "reconciler/sources", "reconciler/previews",
           "kinds", "core", "agent/engine", "agent/drivers", "agent/host", "agent/journal", "agent/roles")


def folder_of(path):
    parts = path.split("/")
    for n in range(len(parts) - 1, 0, -1):
        folder = "/".join(parts[:n])
        if folder in ALLOWED:
            return folder
    return None


def main():
    problems = []
    files = subprocess.run(["git", "ls-files", "*.cc", "*.h"], capture_output=True, text=True, check=True).stdout.split()
    for path in files:
        folder = folder_of(path)
        if folder is None or ALLOWED[folder] is None:
            continue
        is_test = path.endswith("_test.cc") or "/testing/" in path or "/fuzz/" in path
        with open(path, encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                match = re.match(r'#include "([^"]+)"', line)
                if match:
                    target = match.group(1)
                    ok = any(target.startswith(a + "/") for a in ALLOWED[folder])
                    if not ok and is_test and target.startswith(("tests/", "podwright/testing/", "reconciler/", "agent/", "client/")):
                        ok = True
                    if not ok:
                        problems.append(f"{path}:{number}: {folder} must not include {target}")
                    if ".grpc.pb.h" in target and path.startswith(NO_GRPC):
                        problems.append(f"{path}:{number}: no gRPC here")
                if re.match(r"#include <grpc", line) and path.startswith(NO_GRPC):
                    problems.append(f"{path}:{number}: no gRPC here")
                if path.startswith(PURE) and not is_test and FORBIDDEN_IN_PURE.match(line):
                    problems.append(f"{path}:{number}: the planner is pure: {line.strip()}")
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
