#!/usr/bin/env python3
"""The workflows of examples/ci: the forges take them, they ask for no more than they need, and they work against a
control plane, a repository and servers that stand in for the forges."""
import functools
import hashlib
import http.server
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ci_workflows import EXAMPLES, Actions, check, run, scripts, workflows  # noqa: E402
from forge_server import ForgeServer  # noqa: E402
from git_server import Repository  # noqa: E402
from git_server import run as command  # noqa: E402
from harness import BIN, Acceptance, main  # noqa: E402

SECRET = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: %s}
spec: {generator: {length: %d}}
"""
SOURCE = """
apiVersion: podwright.dev/v1
kind: GitSource
metadata: {name: plans}
spec: {url: "%s", path: prod, interval: 1h}
"""
PROVIDER = 'provider "podwright" {\n  stack = "ci"\n}\n'


class Workflows(unittest.TestCase):
    """What can be said of them without running them."""

    def test_the_forges_take_them(self):
        self.assertEqual(sorted(workflows()), ["forgejo/podwright-tofu.yml", "forgejo/podwright.yml",
                                               "github/podwright-tofu.yml", "github/podwright.yml",
                                               "gitlab/podwright-tofu.gitlab-ci.yml", "gitlab/podwright.gitlab-ci.yml"])
        self.assertEqual({name: found["errors"] for name, found in workflows().items()}, {name: [] for name in workflows()})

    def test_what_they_would_not_take_is_found(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        wrong = {"a.yml": (EXAMPLES / "github/podwright.yml", "timeout-minutes: 10", "time-out: 10"),
                 "b.yml": (EXAMPLES / "github/podwright.yml", "pull-requests: write", "pull-requests: maybe"),
                 "c.gitlab-ci.yml": (EXAMPLES / "gitlab/podwright.gitlab-ci.yml", "action: access", "action: reach")}
        for name, (source, old, new) in wrong.items():
            (folder / name).write_text(source.read_text().replace(old, new))
        for name, found in check(*(folder / name for name in wrong)).items():
            self.assertTrue(found["errors"], name)

    def test_everything_from_elsewhere_is_pinned(self):
        for name, found in workflows().items():
            text = (EXAMPLES / name).read_text()
            for used in re.findall(r"uses: (.*)", text):
                self.assertRegex(used, r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", name)
            for image in re.findall(r"(?:image:|\bname:) ((?:debian|ghcr).*)", text):
                self.assertRegex(image, r"@sha256:[0-9a-f]{64}$", name)
            self.assertIn("sha256sum", text, name)

    def test_actions_have_the_least_rights(self):
        for name, found in workflows().items():
            if name.startswith("gitlab"):
                continue
            document = found["document"]
            self.assertEqual(list(document["on"]), ["pull_request"], name)  # never a stranger's code with our rights
            preview, comment = document["jobs"]["preview"], document["jobs"]["comment"]
            self.assertIn("head.repo.full_name == github.repository", preview["if"])
            if name.startswith("github"):
                self.assertEqual(document["permissions"], {})
                self.assertEqual(preview["permissions"], {"contents": "read"})
                self.assertEqual(comment["permissions"], {"pull-requests": "write"})
            self.assertEqual([step for step in comment["steps"] if "uses" in step], [])
            self.assertFalse(next(s for s in preview["steps"] if "checkout" in s.get("uses", ""))["with"]["persist-credentials"])
            self.assertNotIn("github.token", str(preview))
            self.assertNotIn("secrets.", str(comment))
            # The planner's token is where it is used, and nowhere else.
            self.assertEqual([s["name"] for s in preview["steps"] if "secrets." in str(s)], ["Preview"])

    def test_gitlab_jobs_keep_the_tokens_apart(self):
        for name, found in workflows().items():
            if not name.startswith("gitlab"):
                continue
            jobs = found["document"]
            for rule in next(iter(jobs.values()))["rules"]:
                self.assertIn("$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID", rule["if"])
            for job, body in jobs.items():
                if job.endswith("-comment"):
                    self.assertEqual((body["variables"]["GIT_STRATEGY"], body["environment"]["name"]), ("empty", "podwright-comment"))
                    self.assertNotIn("PODWRIGHT_TOKEN", str(body))
                else:
                    self.assertNotIn("COMMENT_TOKEN", str(body))

    def test_nothing_that_people_write_becomes_shell(self):
        for name, found in workflows().items():
            for where, script in scripts(found["document"]).items():
                self.assertNotIn("${{", script, f"{name} {where}")
                result = subprocess.run(["shellcheck", "-s", "bash", "-S", "info", "-e", "SC2016", "-"], input=script, text=True,
                                        capture_output=True, check=False)
                self.assertEqual(result.returncode, 0, f"{name} {where}\n{result.stdout}")


@functools.cache
def package(folder):
    """A package with the command line, as a release has it, behind HTTPS: its URL, its digest, and the server's CA."""
    root = folder / "package"
    (root / "usr/bin").mkdir(parents=True)
    (root / "DEBIAN").mkdir()
    shutil.copy(BIN / "podwright", root / "usr/bin/podwright")
    (root / "DEBIAN/control").write_text("Package: podwright\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\n"
                                         "Description: x\n")
    (folder / "served").mkdir()
    command("dpkg-deb", "-Znone", "--build", root, folder / "served/podwright.deb")
    certificate = folder / "served.pem"
    command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "served.key",
            "-out", certificate)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder / "served"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, folder / "served.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    digest = hashlib.sha256((folder / "served/podwright.deb").read_bytes()).hexdigest()
    return f"https://localhost:{server.server_port}/podwright.deb", digest, str(certificate)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Running(Acceptance):
    """Each workflow's own steps, one after the other as its runner runs them. What is not run is what fetches: checkout,
    apt-get, `tofu init`."""

    LOGINS = {"github": "github-actions[bot]", "forgejo": "forgejo-actions", "gitlab": "project_7_bot"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.forges = cls.enterClassContext(ForgeServer())
        cls.repository = Repository(cls.world.folder)
        cls.token = cls.world.json("token", "create", "--name", "ci", "--role", "planner")["secret"]
        text = cls.world.context.read_text()
        lines = re.search(r"-----BEGIN CERTIFICATE(.|\n)*END CERTIFICATE-----", text)[0].splitlines()
        cls.ca = "\n".join(line.strip() for line in lines) + "\n"
        cls.main = cls.commit("main", "The plans", {"prod/a.yaml": SECRET % ("ci-a", 20)})
        cls.world.apply(SOURCE % cls.repository.url)
        cls.world.run("source", "sync", "plans")

    @classmethod
    def commit(cls, branch, message, files):
        for path, content in files.items():
            cls.repository.write(path, content)
        commit = cls.repository.commit(message)
        cls.repository.git("push", "-q", "-f", "origin", f"HEAD:{branch}")
        return commit

    def branch(self, name, files):
        """A branch off main with these files changed: its head."""
        self.repository.git("checkout", "-q", "-B", name, self.main)
        return self.commit(name, f"Change {name}", files)

    def clone(self, forge, head):
        """What actions/checkout with fetch-depth: 0 leaves."""
        folder = self.world.folder / f"checkout-{forge}"
        shutil.rmtree(folder, ignore_errors=True)
        command("git", "clone", "-q", self.repository.bare, folder)
        command("git", "checkout", "-q", head, cwd=folder)
        return folder

    def environment(self):
        """A runner's: without what belongs to whoever runs this test."""
        url, digest, certificate = package(self.world.folder)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PODWRIGHT", "GIT"))}
        return {**kept, "HOME": str(self.world.folder), "NO_COLOR": "1", "CURL_CA_BUNDLE": certificate,
                "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost"}, url, digest

    def forge(self, name, head):
        """A repository of the forge with a pull request that others have written much about, one of them our mark."""
        repository = self.forges.on(name, "acme/plans-" + self.id().rsplit("_", 1)[1])
        repository.token("hush-" + name, self.LOGINS[name])
        repository.person(self.LOGINS[name], "write")
        repository.person("ada", "write")
        number = repository.pull(head_sha=head)
        repository.comment(number, "ada", "<!-- podwright ci: git -->\n<!-- podwright ci: tofu -->\nmine")
        for count in range(100):
            repository.comment(number, "ada", f"comment {count}")
        return repository, number

    def values(self, forge, repository, number, head):
        """What expressions come to."""
        environment, url, digest = self.environment()
        return environment, {
            "vars.PODWRIGHT_DEB_URL": url, "vars.PODWRIGHT_DEB_SHA256": digest,
            "vars.PODWRIGHT_ENDPOINT": f"127.0.0.1:{self.world.api}", "vars.PODWRIGHT_CA": self.ca,
            "secrets.PODWRIGHT_TOKEN": self.token, "github.token": "hush-" + forge,
            "github.event.pull_request.base.ref": "main", "github.event.pull_request.head.sha": head,
            "github.event.pull_request.number": str(number), "github.repository": repository.repository,
            "github.api_url": self.forges.api(forge), "github.server_url": "https://forge.example",
            "github.run_id": "4711", "github.run_number": "7", "needs.preview.outputs.comment": ""}

    def own(self, forge, repository, number):
        """The one comment that is ours."""
        mine = repository.comments(number, self.LOGINS[forge])
        self.assertEqual(len(mine), 1, mine)
        return mine[0]

    def tofu_folder(self):
        """A configuration, and a `tofu` that uses the provider of this build."""
        folder = self.world.stack(PROVIDER + 'resource "podwright_secret" "s" {\n  name      = "ci-tofu"\n  generator = {}\n}\n',
                                  "infra")
        self.world.tofu(folder, "version")  # writes the CLI's settings
        programs = self.world.folder / "programs"
        programs.mkdir(exist_ok=True)
        (programs / "tofu").unlink(missing_ok=True)
        (programs / "tofu").symlink_to(shutil.which("tofu") or shutil.which("terraform"))
        return {"DIRECTORY": str(folder), "TF_CLI_CONFIG_FILE": str(self.world.folder / "tofurc"), "CHECKPOINT_DISABLE": "1",
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def actions(self, forge):
        good = self.branch(forge + "-good", {f"prod/{forge}.yaml": SECRET % (f"ci-{forge}", 20)})
        bad = self.branch(forge + "-bad", {"prod/a.yaml": (SECRET % ("ci-a", 20)).replace("length", "lenght")})
        repository, number = self.forge(forge, good)
        document = workflows()[f"{forge}/podwright.yml"]["document"]
        environment, values = self.values(forge, repository, number, good)

        job = Actions(document, values, environment, self.clone(forge, good))
        job.step("preview", "Install podwright")
        job.step("preview", "Preview")
        values["needs.preview.outputs.comment"] = job.outputs["comment"]
        self.assertEqual(job.summary.rstrip("\n"), job.outputs["comment"])
        job.step("comment", "Comment")
        first = self.own(forge, repository, number)
        self.assertTrue(first["body"].startswith("<!-- podwright ci: git -->\n<!-- podwright preview -->\n"), first)
        self.assertIn(f"secret/ci-{forge}", first["body"])
        self.assertRegex(first["body"], r"Digest: `[0-9a-f]{64}`")

        # The next push's documents are broken: the same comment says where.
        values["github.event.pull_request.head.sha"] = bad
        job = Actions(document, values, environment, self.clone(forge, bad))
        job.step("preview", "Install podwright")
        job.step("preview", "Preview", code=1)
        values["needs.preview.outputs.comment"] = job.outputs["comment"]
        job.step("comment", "Comment")
        second = self.own(forge, repository, number)
        self.assertEqual(second["id"], first["id"])
        self.assertIn("prod/a.yaml:5", second["body"])

        # A control plane that does not answer leaves no preview that looks like one of now.
        values["vars.PODWRIGHT_ENDPOINT"] = "127.0.0.1:1"
        job.step("preview", "Preview", code=1)
        values["needs.preview.outputs.comment"] = job.outputs["comment"]
        self.assertEqual(job.outputs["comment"], "")
        job.step("comment", "Comment")
        third = self.own(forge, repository, number)
        self.assertIn(f"there is no preview of {bad}, see https://forge.example/{repository.repository}/actions/runs/", third["body"])

        # A package that is not the one that was written down is not run.
        values["vars.PODWRIGHT_DEB_SHA256"] = "0" * 64
        job = Actions(document, values, environment, self.clone(forge, bad))
        self.assertIn("FAILED", job.step("preview", "Install podwright", code=1))
        self.assertFalse((job.temporary / "podwright").exists())

        # And the same for a plan of Terraform's: a comment of its own.
        document = workflows()[f"{forge}/podwright-tofu.yml"]["document"]
        environment, values = self.values(forge, repository, number, good)
        tofu = self.tofu_folder()
        job = Actions(document, values, {**environment, **tofu}, self.clone(forge, good))
        job.step("preview", "Install podwright")
        job.step("preview", "Preview", DIRECTORY=tofu["DIRECTORY"])
        values["needs.preview.outputs.comment"] = job.outputs["comment"]
        job.step("comment", "Comment")
        mine = repository.comments(number, self.LOGINS[forge])
        self.assertEqual([c["id"] for c in mine][:1], [first["id"]])
        self.assertEqual(len(mine), 2)
        self.assertTrue(mine[1]["body"].startswith("<!-- podwright ci: tofu -->\n"))
        self.assertIn("podwright_secret.s", mine[1]["body"])
        self.assertFalse((job.temporary / "plan.bin").exists())
        self.assertEqual(self.forges.problems(), [])

    def test_github(self):
        self.actions("github")

    def test_forgejo(self):
        self.actions("forgejo")

    def gitlab_jobs(self, name, environment, folder, more):
        """Runs the preview's job and then the comment's, as `bash -eo pipefail` with the variables of both."""
        document = workflows()[f"gitlab/{name}.gitlab-ci.yml"]["document"]

        def job(suffix, code=0):
            body = document[name + suffix]
            lines = [line for line in body["before_script"] + body["script"]
                     if not re.match(r"apt-get|apk|tofu -chdir=\S+ init", line)]
            variables = {key: str(value) for key, value in body["variables"].items()}
            return run("\n".join(lines), {**environment, **variables, **more}, folder, code)
        return job

    def test_gitlab(self):
        good = self.branch("gitlab-good", {"prod/gitlab.yaml": SECRET % ("ci-gitlab", 20)})
        bad = self.branch("gitlab-bad", {"prod/a.yaml": (SECRET % ("ci-a", 20)).replace("length", "lenght")})
        repository, number = self.forge("gitlab", good)
        environment, url, digest = self.environment()
        environment |= {
            "PODWRIGHT_DEB_URL": url, "PODWRIGHT_DEB_SHA256": digest, "PODWRIGHT_ENDPOINT": f"127.0.0.1:{self.world.api}",
            "PODWRIGHT_CA": self.ca, "PODWRIGHT_TOKEN": self.token, "PODWRIGHT_COMMENT_TOKEN": "hush-gitlab",
            "CI_API_V4_URL": self.forges.api("gitlab"), "CI_PROJECT_ID": repository.repository.replace("/", "%2F"),
            "CI_MERGE_REQUEST_IID": str(number), "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_PIPELINE_URL": "https://forge.example/pipelines/1"}

        def start(head):
            folder = self.clone("gitlab", head)
            return self.gitlab_jobs("podwright", environment, folder, {"CI_COMMIT_SHA": head, "CI_PROJECT_DIR": str(folder)})

        job = start(good)
        self.assertIn("secret/ci-gitlab", job("-preview"))
        job("-comment")
        first = self.own("gitlab", repository, number)
        self.assertTrue(first["body"].startswith("<!-- podwright ci: git -->\n<!-- podwright preview -->\n"), first)
        self.assertIn("secret/ci-gitlab", first["body"])

        job = start(bad)
        job("-preview", code=1)
        job("-comment")
        second = self.own("gitlab", repository, number)
        self.assertEqual(second["id"], first["id"])
        self.assertIn("prod/a.yaml:5", second["body"])

        environment["PODWRIGHT_ENDPOINT"] = "127.0.0.1:1"
        job = start(bad)
        job("-preview", code=1)
        job("-comment")
        self.assertIn(f"there is no preview of {bad}, see https://forge.example/pipelines/1",
                      self.own("gitlab", repository, number)["body"])

        environment |= {"PODWRIGHT_ENDPOINT": f"127.0.0.1:{self.world.api}", "CI_COMMIT_SHA": good}
        folder, tofu = self.clone("gitlab", good), self.tofu_folder()
        job = self.gitlab_jobs("podwright-tofu", environment, folder, {**tofu, "CI_PROJECT_DIR": str(folder)})
        self.assertIn("podwright_secret.s", job("-preview"))
        job("-comment")
        mine = repository.comments(number, self.LOGINS["gitlab"])
        self.assertEqual([c["id"] for c in mine][:1], [first["id"]])
        self.assertEqual([c["body"].splitlines()[0] for c in mine], ["<!-- podwright ci: git -->", "<!-- podwright ci: tofu -->"])
        self.assertFalse((folder / ".podwright/plan.bin").exists())
        self.assertEqual(self.forges.problems(), [])


if __name__ == "__main__":
    main()
