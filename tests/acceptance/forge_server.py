"""Servers that stand in for GitHub, GitLab and Forgejo: forge/server.mjs, whose first lines document its control port."""
import fcntl
import hashlib
import json
import pathlib
import shutil
import subprocess
import urllib.error
import urllib.request

from harness import LAB_CACHE

FOLDER = pathlib.Path(__file__).resolve().parent / "forge"
GENERATED = "node_modules/@octokit/openapi/generated"
DESCRIPTION = "api.github.com.json"


def modules():
    """The folder with the server's npm packages; installed once for every package-lock.json."""
    lock = (FOLDER / "package-lock.json").read_bytes()
    folder = LAB_CACHE / f"forge-modules-{hashlib.sha256(lock).hexdigest()[:16]}"
    LAB_CACHE.mkdir(exist_ok=True)
    with open(LAB_CACHE / "forge-modules.lock", "w", encoding="ascii") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if (folder / "done").exists():
            return folder
        for old in LAB_CACHE.glob("forge-modules-*"):
            shutil.rmtree(old, ignore_errors=True)
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(FOLDER / name, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        result = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False, timeout=500)
        if result.returncode != 0:
            raise RuntimeError(f"npm ci exited with {result.returncode}\n{result.stdout}{result.stderr}")
        # Ten more descriptions, 380 MB, of which nothing is used.
        for other in (folder / GENERATED).glob("*.json"):
            if other.name != DESCRIPTION:
                other.unlink()
        (folder / "done").touch()
    return folder


class ForgeServer:
    """`with ForgeServer() as forges:`; forges.api("github") is what a client's api_url is."""

    PATHS = {"github": "", "github-enterprise": "/api/v3", "gitlab": "/api/v4", "forgejo": "/api/v1"}

    def __init__(self, certificate=None, key=None):
        command = ["node", FOLDER / "server.mjs", "--modules", modules()]
        if certificate:
            command += ["--certificate", certificate, "--key", key]
        self.scheme = "https" if certificate else "http"
        # Its errors go where the test's go.
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the forges' server ended with {self.process.wait()}")
        ready = json.loads(line)
        self.port, self.control_port = ready["port"], ready["control"]

    def api(self, forge):
        return f"{self.scheme}://127.0.0.1:{self.port}{self.PATHS[forge]}"

    def control(self, op, **arguments):
        """One operation of the control port."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.control_port}/", method="POST",
                                         data=json.dumps({"op": op, **arguments}).encode())
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{op}: {error.read().decode()}") from error

    def on(self, forge, repository):
        return ForgeRepository(self, forge, repository)

    def log(self):
        return self.control("log")

    def problems(self):
        """What no client may do: requests that the description does not have, and limits not kept."""
        log = self.log()
        return log["violations"] + log["broken"]

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ForgeRepository:
    """One repository of one forge, as its people and its pages see it."""

    def __init__(self, server, forge, repository):
        self.server, self.forge, self.repository = server, forge, repository

    def control(self, op, **arguments):
        return self.server.control(op, forge=self.forge, repository=self.repository, **arguments)

    def token(self, token, login="podwright-bot"):
        self.server.control("token", forge=self.forge, token=token, login=login)

    def person(self, login, permission):
        self.control("person", login=login, permission=permission)

    def pull(self, **arguments):
        """Opens a pull request (see server.mjs), and answers its number."""
        return self.control("pull", **arguments)["number"]

    def change(self, number, **arguments):
        self.control("change", number=number, **arguments)

    def comment(self, number, author, body):
        return self.control("comment", number=number, author=author, body=body)["id"]

    def fault(self, kind, **arguments):
        self.server.control("fault", forge=self.forge, kind=kind, **arguments)

    def read(self):
        return self.control("read")

    def comments(self, number=None, author=None):
        return [c for c in self.read()["comments"]
                if number in (None, c["number"]) and author in (None, c["author"])]

    def statuses(self, sha=None):
        return [s for s in self.read()["statuses"] if sha in (None, s["sha"])]
