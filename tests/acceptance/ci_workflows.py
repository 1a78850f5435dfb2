"""What the tests of examples/ci share: reading workflows as the forges do, and running their steps as a runner does."""
import base64
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

from harness import LAB_CACHE, ROOT

EXAMPLES = ROOT / "examples" / "ci"
FOLDER = pathlib.Path(__file__).resolve().parent / "ci"
# GitLab publishes its schema inside of GitLab; this package, of which nothing else is used, carries it.
GITLAB_SCHEMA = ("gitlab-ci-local", "4.57.0",
                 "sha512-bpHsVb74AXwRMGmL1jpiCg9SXLmEhm5oMKQJaZUjE1XwGwhdeqsEi05VOANNe+ggY/A2T82z79XHrenCWis01Q==")


def npm(folder, *arguments):
    result = subprocess.run(["npm", *arguments], cwd=folder, text=True, capture_output=True, check=False, timeout=500)
    if result.returncode != 0:
        raise RuntimeError(f"npm {arguments[0]} exited with {result.returncode}\n{result.stdout}{result.stderr}")


def modules():
    """The folder with the npm packages and GitLab's schema; installed once for every package-lock.json."""
    name, version, integrity = GITLAB_SCHEMA
    key = hashlib.sha256((FOLDER / "package-lock.json").read_bytes() + integrity.encode()).hexdigest()[:16]
    folder = LAB_CACHE / f"ci-modules-{key}"
    LAB_CACHE.mkdir(exist_ok=True)
    with open(LAB_CACHE / "ci-modules.lock", "w", encoding="ascii") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if (folder / "done").exists():
            return folder
        for old in LAB_CACHE.glob("ci-modules-*"):
            shutil.rmtree(old, ignore_errors=True)
        folder.mkdir()
        for file in ("package.json", "package-lock.json"):
            shutil.copy(FOLDER / file, folder)
        npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        npm(folder, "pack", f"{name}@{version}")
        archive = folder / f"{name}-{version}.tgz"
        found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != integrity:
            raise RuntimeError(f"{name}@{version} is {found}, and not {integrity}")
        with tarfile.open(archive) as tar:
            (folder / "gitlab.mjs").write_bytes(tar.extractfile("package/src/schema/schema.js").read())
        (folder / "done").touch()
    return folder


def check(*files):
    """{file: {document, errors}}: what the forges' own grammars say of these files."""
    folder = modules()
    result = subprocess.run(["node", FOLDER / "check.mjs", folder, folder / "gitlab.mjs", *files], text=True,
                            capture_output=True, check=False, timeout=120)
    if result.returncode != 0:
        raise RuntimeError(result.stderr)
    return json.loads(result.stdout)


@functools.cache
def workflows():
    """{"github/podwright.yml": {document, errors}, …}: all of examples/ci."""
    files = sorted(map(str, EXAMPLES.rglob("*.yml")))
    return {str(pathlib.Path(file).relative_to(EXAMPLES)): found for file, found in check(*files).items()}


def scripts(document):
    """Every shell script of a workflow, by where it stands."""
    if "jobs" in document:
        return {f"{job}.{step.get('name', index)}": step["run"] for job, body in document["jobs"].items()
                for index, step in enumerate(body["steps"]) if "run" in step}
    return {f"{job}.{part}.{index}": script for job, body in document.items()
            for part in ("before_script", "script") for index, script in enumerate(body.get(part, []))}


def run(script, environment, folder, code=0):
    """One step, in the shell that the forges' runners start: `bash -eo pipefail`."""
    path = folder / ".step.sh"
    path.write_text(script)
    result = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", path], cwd=folder, text=True,
                            capture_output=True, stdin=subprocess.DEVNULL, env=environment, check=False, timeout=300)
    path.unlink()
    if result.returncode != code:
        raise AssertionError(f"exited with {result.returncode}, not {code}:\n{script}\n{result.stdout}\n{result.stderr}")
    return result.stdout + result.stderr


class Actions:
    """Runs steps of GitHub's and Forgejo's workflows: expressions, GITHUB_OUTPUT, GITHUB_PATH, GITHUB_STEP_SUMMARY."""

    def __init__(self, document, values, environment, folder):
        self.jobs, self.values, self.environment = document["jobs"], values, dict(environment)
        self.folder, self.summary, self.outputs = folder, "", {}
        self.temporary = folder.parent / (folder.name + "-temp")
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()

    def evaluate(self, text):
        return re.sub(r"\$\{\{ *([^}]*?) *\}\}", lambda found: self.values[found[1]], str(text))

    def step(self, job, name, code=0, **more):
        step = next(one for one in self.jobs[job]["steps"] if one.get("name") == name)
        files = {key: self.temporary / key for key in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        environment = {**self.environment, "RUNNER_TEMP": str(self.temporary), **{k: str(v) for k, v in files.items()},
                       **{k: self.evaluate(v) for k, v in step.get("env", {}).items()}, **more}
        said = run(step["run"], environment, self.folder, code)
        for line in files["GITHUB_PATH"].read_text().splitlines():
            self.environment["PATH"] = line + os.pathsep + self.environment["PATH"]
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        written = files["GITHUB_OUTPUT"].read_text()
        for name, _, value in re.findall(r"^(\w+)<<(\S+)\n(.*?)^\2\n", written, re.S | re.M):
            self.outputs[name] = value.rstrip("\n")
        return said
