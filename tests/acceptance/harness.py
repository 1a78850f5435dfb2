"""What the acceptance tests share: a podwrightd of their own, its CLI, terraform, and the lab.

Every test works in a temporary folder with ports of its own; close() leaves no process, container or file.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PODWRIGHT_BIN", ROOT / "build" / "dev" / "bin"))
LAB_CACHE = ROOT / ".lab"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def eventually(what, check, seconds=60.0):
    """Calls check() until it answers something true; fails with what it was waiting for and the last answer."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            last = check()
            if last:
                return last
        except (Failed, subprocess.CalledProcessError, AssertionError, KeyError, json.JSONDecodeError) as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} s for: {what}; last seen: {last!r}")


class Failed(Exception):
    def __init__(self, argv, result):
        self.code, self.out, self.err = result.returncode, result.stdout, result.stderr
        super().__init__(f"{' '.join(map(str, argv))} exited with {result.returncode}\n{result.stdout}\n{result.stderr}")


class World:
    """A control plane, with what belongs to it."""

    def __init__(self, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="podwright-acceptance-"))
        os.chmod(self.folder, 0o700)
        self.api, self.https, self.agents = free_port(), free_port(), free_port()
        self.context = self.folder / "context.yaml"
        self.daemon = None
        self.environment = {**os.environ, "PODWRIGHT_CONFIG": str(self.context), "NO_COLOR": "1", **environment}
        for name in ("PODWRIGHT_ENDPOINT", "PODWRIGHT_TOKEN", "PODWRIGHT_CA_FILE"):
            self.environment.pop(name, None)

    # ---- podwrightd ----

    def daemon_argv(self):
        return [BIN / "podwrightd", "--data-dir", self.folder / "data", "--envelope-key", self.folder / "envelope.key",
                "--api-listen", f"127.0.0.1:{self.api}", "--https-listen", f"127.0.0.1:{self.https}",
                "--agents-listen", f"0.0.0.0:{self.agents}", "--context-file", self.context,
                "--lab-cache", LAB_CACHE, "--ready-file", self.folder / "ready"]

    def start(self, seconds=60, wait=True, **environment):
        (self.folder / "ready").unlink(missing_ok=True)
        log = open(self.folder / "podwrightd.log", "ab")
        self.daemon = subprocess.Popen(list(map(str, self.daemon_argv())), stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, env={**self.environment, **environment})
        log.close()
        if wait:
            eventually("podwrightd to be ready", self._ready, seconds)
        return self

    def _ready(self):
        if self.daemon.poll() is not None:
            raise RuntimeError("podwrightd ended:\n" + self.log())
        return (self.folder / "ready").exists()

    def log(self):
        return (self.folder / "podwrightd.log").read_text(errors="replace")[-8000:]

    def stop(self, how=signal.SIGTERM, seconds=30):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(how)
            try:
                self.daemon.wait(seconds)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                raise
        code = self.daemon.returncode if self.daemon else None
        self.daemon = None
        return code

    def close(self):
        try:
            self.stop(signal.SIGKILL)
        finally:
            if (self.folder / "data").exists():
                subprocess.run([str(BIN / "podwrightd"), "destroy-lab", "--data-dir", str(self.folder / "data"),
                                "--envelope-key", str(self.folder / "envelope.key"), "--lab-cache", str(LAB_CACHE)],
                               env=self.environment, capture_output=True, timeout=120, check=False)
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the CLI ----

    def run(self, *arguments, code=0, stdin=None, timeout=300):
        """Runs `podwright` and answers its standard output; `code` is what it must exit with."""
        argv = [BIN / "podwright", *arguments]
        result = subprocess.run(list(map(str, argv)), env=self.environment, input=stdin, capture_output=True, text=True,
                                timeout=timeout, check=False, **({} if stdin is not None else {}))
        codes = code if isinstance(code, tuple) else (code,)
        if result.returncode not in codes:
            raise Failed(argv, result)
        self.last = result
        return result.stdout if result.returncode == 0 or not result.stderr else result.stdout + result.stderr

    def begin_apply(self, text):
        """Starts an apply and does not wait: the client must follow the run across what happens to podwrightd."""
        path = self.folder / "begun"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        (path / "plan.yaml").write_text(text)
        return subprocess.Popen([str(BIN / "podwright"), "apply", str(path), "--yes"], env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def json(self, *arguments, **options):
        return json.loads(self.run(*arguments, "-o", "json", **options))

    def run_of(self, name):
        """The newest run of the object with this name, as soon as there is one."""
        return eventually(f"a run of {name}", lambda: [run for run in self.json("run", "list")
                                                       if name in [ref["name"] for ref in run["objects"]]], 30)[0]

    def apply(self, text, *arguments, **options):
        path = self.folder / "plan"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        (path / "plan.yaml").write_text(text)
        return self.run("apply", path, "--yes", *arguments, **options)

    def apply_approved(self, text, *arguments, **options):
        """Of what policy holds back: approves the plan that is refused, and applies it again."""
        said = self.apply(text, *arguments, code=1, **options)
        found = re.search(r"podwright approve ([0-9a-f]{64})", said)
        assert found, said
        self.run("approve", found[1])
        return self.apply(text, *arguments, **options)

    def plan(self, text, *arguments, **options):
        path = self.folder / "plan"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        (path / "plan.yaml").write_text(text)
        return self.run("plan", path, *arguments, **options)

    # ---- lab servers ----

    def shell(self, server, command, check=True, timeout=120):
        """Runs a shell command on a lab server and answers what it printed."""
        result = subprocess.run([str(BIN / "podwright"), "lab", "ssh", server, "--", "sh", "-c", command],
                                env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                                check=False)
        if check and result.returncode != 0:
            raise Failed([server, command], result)
        return result.stdout

    # ---- OpenTofu or Terraform ----

    def tofu(self, folder, *arguments, code=0, timeout=600, variables=None, **environment):
        tool = shutil.which("tofu") or shutil.which("terraform")
        assert tool, "neither tofu nor terraform is on PATH"
        rc = self.folder / "tofurc"
        rc.write_text('provider_installation {\n  dev_overrides {\n'
                      f'    "registry.terraform.io/podwright/podwright" = "{BIN}"\n'
                      f'    "registry.opentofu.org/podwright/podwright" = "{BIN}"\n  }}\n  direct {{}}\n}}\n')
        env = {**self.environment, "TF_CLI_CONFIG_FILE": str(rc), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1",
               "TF_DATA_DIR": str(folder / ".tofu"), **environment}
        for name, value in (variables or {}).items():
            env["TF_VAR_" + name] = value
        argv = [tool, f"-chdir={folder}", *arguments, *(["-no-color"] if arguments[0] != "version" else [])]
        result = subprocess.run(argv, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout,
                                check=False)
        codes = code if isinstance(code, tuple) else (code,)
        if result.returncode not in codes:
            raise Failed(argv, result)
        self.last = result
        return result.stdout + result.stderr

    def stack(self, text, name="stack"):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "main.tf").write_text(
            'terraform {\n  required_providers {\n    podwright = { source = "podwright/podwright" }\n  }\n}\n' + text)
        return folder


class Acceptance(unittest.TestCase):
    """One control plane for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.close)  # also where what a class sets up beyond this fails
        cls.world.start()

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            print("---- podwrightd's log ----\n" + self.world.log(), flush=True)
        return result


def main():
    unittest.main(verbosity=2)
