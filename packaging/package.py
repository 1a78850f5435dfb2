#!/usr/bin/env python3
"""Makes the files of a release from built programs; see docs/install.md. The same programs give the same bytes.

SOURCE_DATE_EPOCH is the time in every archive (the commit's without it), PODWRIGHT_SIGNING_KEY the gpg key.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import archive  # noqa: E402
import debs  # noqa: E402
import registry  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = ("podwright", "podwrightd", "podwright-agent", "terraform-provider-podwright")
MAINTAINER = "The Podwright maintainers <maintainers@podwright.dev>"


def version():
    found = re.search(r"project\(podwright VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())
    return found.group(1)


def epoch():
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    said = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode != 0:
        sys.exit("not in a git repository: say SOURCE_DATE_EPOCH, the time that stands in the archives")
    return int(said.stdout)


def need_static(program):
    """A provider that asks for a loader does not start in the images that it is for."""
    with open(program, "rb") as file:
        if file.read(4) != b"\x7fELF":
            sys.exit(f"{program} is not a program")
    said = subprocess.run(["readelf", "--program-headers", "--wide", program], capture_output=True, text=True, check=True)
    if "INTERP" in said.stdout:
        sys.exit(f"{program} is not linked statically (PODWRIGHT_FULLY_STATIC)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="the built programs")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/package", help="where to; emptied before")
    parser.add_argument("--compression", type=int, choices=range(1, 10), default=6, help="of the .deb files")
    arguments = parser.parse_args()
    programs, out = arguments.bin.resolve(), arguments.out.resolve()
    for name in (*PROGRAMS, "podwright-registry-docs"):
        if not (programs / name).exists():
            sys.exit(f"{programs / name} is not there: build it, or say --bin")
    for name in PROGRAMS:
        if name != "podwrightd":
            need_static(programs / name)

    os.umask(0o022)
    when, release = epoch(), version()
    debian = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    archive.fresh(out)
    provider = registry.Provider(release, debian, programs / "terraform-provider-podwright", ROOT / "LICENSE", when)
    hashes = provider.build(out, os.environ.get("PODWRIGHT_SIGNING_KEY", ""))

    subprocess.run([programs / "podwright-registry-docs", "--repository", out / "repository", ROOT], check=True)
    shutil.copyfile(ROOT / "LICENSE", out / "repository/LICENSE")

    folder = archive.fresh(out / "deb")
    stage = out / ".stage"
    packages = debs.build_all(
        programs, lambda name: debs.Deb(name, release, debian, MAINTAINER, when, stage), folder, arguments.compression)
    (folder / "SHA256SUMS").write_text("".join(f"{archive.sha256(deb)}  {deb.name}\n" for deb in sorted(packages)))
    shutil.rmtree(stage)

    for path in sorted(out.rglob("*")):
        if path.is_file() and path.relative_to(out).parts[0] != "repository":
            print(f"{path.stat().st_size:>10}  {path.relative_to(out)}")
    print("lock hashes: " + " ".join(hashes))


main()
