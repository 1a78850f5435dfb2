#!/usr/bin/env python3
"""Git sources: a push converges on a lab server; what is broken, rewritten, unsigned or forged changes nothing."""
import hashlib
import hmac
import json
import os
import pathlib
import shlex
import signal
import ssl
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from git_server import Forward, GitDaemon, GitOverHttps, Repository, certificate, pgp_key, run, ssh_key  # noqa: E402
from harness import Acceptance, eventually, main  # noqa: E402

SERVER = """
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: %s}
spec:
  cloud: lab
  files:
    /etc/pushed: {content: "%s\\n"}
"""
SECRET = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: %s}
spec: {generator: {length: 20}}
"""
SOURCE = """
apiVersion: podwright.dev/v1
kind: GitSource
metadata: {name: %s}
spec:
  url: %s
  interval: %s
"""


NGINX = """server {
  listen 8443 ssl;
  ssl_certificate /etc/git/tls.pem;
  ssl_certificate_key /etc/git/tls.key;
  auth_basic git;
  auth_basic_user_file /etc/git/users;
  client_max_body_size 0;
  location / {
    include fastcgi_params;
    fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
    fastcgi_param GIT_PROJECT_ROOT /srv/git;
    fastcgi_param GIT_HTTP_EXPORT_ALL "";
    fastcgi_param PATH_INFO $uri;
    fastcgi_param REMOTE_USER $remote_user;
    fastcgi_pass unix:/run/fcgiwrap.socket;
  }
}
"""


class Sources(Acceptance):
    """What needs no servers: the documents are secrets."""

    def setUp(self):
        self.name = self.id().rsplit(".", 1)[1].replace("_", "-")[5:40].strip("-")
        self.repository = Repository(self.world.folder, self.name)

    def source(self, more="", url=None, interval="1h"):
        self.world.apply(SOURCE % (self.name, url or self.repository.url, interval) + more)

    def sync(self, code=0):
        return self.world.run("source", "sync", self.name, code=code)

    def view(self):
        return self.world.json("source", "get", self.name)

    def put(self, name, message="change"):
        self.repository.write(name + ".yaml", SECRET % f"{self.name}-{name}")
        return self.repository.push(message)

    def wanted(self, name):
        owners = {row["name"]: row["owner"] for row in self.world.json("get", "secret") if not row["deleting"]}
        return owners.get(f"{self.name}-{name}") == f"git:{self.name}"

    # ---- histories ----

    def test_a_broken_document_stops_the_source_with_file_line_and_commit(self):
        good = self.put("a")
        self.source()
        self.sync()
        self.assertTrue(self.wanted("a"))
        self.repository.write("deep/bad.yaml", SECRET % "x" + "---\n" + SECRET.replace("length", "lenght") % "y")
        bad = self.put("b", "broken")
        said = self.sync(code=1)
        for words in ("BrokenDocuments", bad[:12], "deep/bad.yaml:11:20:", "did you mean `length`"):
            self.assertIn(words, said)
        self.assertEqual(self.view()["applied"]["commit"], good)
        self.assertFalse(self.wanted("b"))
        self.repository.remove("deep/bad.yaml")
        self.repository.push("mended")
        self.sync()
        self.assertTrue(self.wanted("b"))

    def test_a_force_push_is_refused_also_after_kill_9_and_a_rollback_accepts_it(self):
        base = self.put("a")
        self.source()
        self.sync()
        applied = self.put("b")
        self.sync()
        self.repository.git("reset", "-q", "--hard", base)
        rewritten = self.put("evil")
        self.assertIn("HistoryRewritten", self.sync(code=1))
        self.world.stop(signal.SIGKILL)
        self.world.start()
        self.assertIn("HistoryRewritten", self.sync(code=1))
        self.assertEqual(self.view()["applied"]["commit"], applied)
        self.assertFalse(self.wanted("evil"))
        self.assertTrue(self.wanted("b"))
        self.repository.git("push", "-q", "-f", "origin", base + ":main")
        self.assertIn("CommitBehind", self.sync(code=1))
        self.repository.git("push", "-q", "-f", "origin", rewritten + ":main")
        self.world.run("source", "rollback", self.name, "--to", rewritten[:12], "--reason", "it is ours")
        self.assertTrue(self.wanted("evil"))
        self.world.run("source", "release", self.name)
        eventually("it to be synced", lambda: self.view()["state"] == "synced")

    def test_a_rollback_stays_until_released_and_is_audited(self):
        first = self.put("a")
        self.source()
        self.sync()
        self.put("b")
        self.sync()
        self.world.run("source", "rollback", self.name, "--reason", "b broke the shop")
        self.assertFalse(self.wanted("b"))
        newest = self.put("c")
        self.sync()
        eventually("it to be pinned", lambda: self.view()["state"] == "pinned")
        self.assertEqual(self.view()["applied"]["commit"], first)
        described = self.world.run("source", "describe", self.name)
        self.assertIn("b broke the shop", described)
        audited = [e for e in self.world.json("audit", "list") if e["verb"] == "source.rollback"]
        self.assertTrue(any(self.name in e["object"] and "b broke the shop" in e["detail"] for e in audited), audited)
        self.world.run("source", "release", self.name)
        self.assertEqual(self.view()["applied"]["commit"], newest)
        self.assertIn("pinned", self.world.run("source", "history", self.name))
        self.assertTrue(self.wanted("b") and self.wanted("c"))

    def test_an_empty_folder_deletes_nothing(self):
        self.put("a")
        self.source()
        self.sync()
        self.repository.remove("a.yaml")
        self.repository.push("all gone")
        self.assertIn("EmptyFolder", self.sync(code=1))
        self.assertTrue(self.wanted("a"))

    def test_links_out_of_the_tree_are_refused(self):
        self.put("a")
        self.source()
        self.sync()
        (self.repository.clone / "b.yaml").symlink_to("/etc/passwd")
        self.put("c")
        said = self.sync(code=1)
        self.assertIn("b.yaml: symbolic links are not followed", said)
        self.assertNotIn("root:", said)
        self.assertFalse(self.wanted("c"))

    def test_what_histories_are_crafted_of_is_refused(self):
        head = self.put("a")
        self.source()
        self.sync()
        # A submodule.
        (self.repository.clone / "sub").mkdir()
        self.repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
        self.put("b")
        self.assertIn("sub: submodules are not followed", self.sync(code=1))
        self.repository.git("rm", "-q", "--cached", "sub")
        # A file that is small in the pack only.
        self.repository.write("huge.yaml", "#" * (40 << 20))
        self.put("b")
        self.assertIn("huge.yaml: the file is larger than 16 MiB", self.sync(code=1))
        self.repository.remove("huge.yaml")
        self.repository.push("without it")
        # Names that lead out of the tree.
        evil = self.repository.git("rev-parse", "HEAD:b.yaml")
        self.repository.craft(("100644", "x/../../../../tmp/evil.yaml", evil))
        self.assertIn("this is no name of a file", self.sync(code=1))
        self.repository.craft(("40000", "..", self.repository.git("rev-parse", "HEAD^{tree}")))
        self.assertIn("EmptyFolder", self.sync(code=1))
        self.assertEqual(self.view()["applied"]["commit"], head)
        self.assertFalse(self.wanted("b"))
        self.repository.git("push", "-q", "-f", "origin", "HEAD:main")
        self.sync()
        self.assertTrue(self.wanted("b"))

    def test_pgp_signatures_count_and_a_strangers_do_not(self):
        program, public, done = pgp_key(self.world.folder, "ada")
        self.addCleanup(done)
        stranger, _, gone = pgp_key(self.world.folder, "eve")
        self.addCleanup(gone)
        self.repository.sign_with_pgp(program, "ada")
        self.put("a")
        key = "".join("        " + line + "\n" for line in public.splitlines())
        self.source("  verification:\n    signers:\n      ada:\n       pgp_key: |\n" + key)
        self.sync()
        self.assertTrue(self.wanted("a"))
        self.repository.sign_with_pgp(stranger, "eve")
        self.put("b", "by a stranger")
        said = self.sync(code=1)
        self.assertIn("Unverified", said)
        self.assertIn("by a stranger", said)
        self.assertFalse(self.wanted("b"))

    def test_commits_must_be_signed_all_of_them(self):
        key, public = ssh_key(self.world.folder / "ada")
        stranger, _ = ssh_key(self.world.folder / "eve")
        self.repository.sign_with(key)
        self.put("a")
        self.source("  verification: {signers: {ada: {ssh_key: \"%s\"}}}\n" % public)
        self.sync()
        self.assertTrue(self.wanted("a"))
        self.repository.sign_with("")
        self.put("b", "nobody signed this")
        self.repository.sign_with(key)
        last = self.put("c", "signed on top")
        said = self.sync(code=1)
        self.assertIn("nobody signed this", said)
        self.assertFalse(self.wanted("b"))
        self.repository.git("reset", "-q", "--hard", last + "~2")
        self.repository.sign_with(stranger)
        self.put("d", "by a stranger")
        self.assertIn("none of the signers", self.sync(code=1))
        self.repository.git("reset", "-q", "--hard", last + "~2")
        self.repository.sign_with(key)
        self.put("e")
        self.sync()
        self.assertTrue(self.wanted("e"))

    def test_suspend_and_resume(self):
        self.put("a")
        self.source(interval="1s")
        self.sync()
        self.world.run("source", "suspend", self.name, "--reason", "holidays")
        self.put("b")
        self.sync()
        self.assertEqual(self.view()["state"], "suspended")
        self.assertFalse(self.wanted("b"))
        self.world.run("source", "resume", self.name)
        self.assertTrue(self.wanted("b"))

    # ---- the way to the repository ----

    def test_https_with_a_password_and_a_ca(self):
        self.put("a")
        server = GitOverHttps(self.world.folder, "correct-horse")
        self.addCleanup(server.close)
        self.world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: git-password}\nspec: {}\n")
        ca = "".join("    " + line + "\n" for line in server.ca.read_text().splitlines())
        more = "  credentials: {secret: git-password}\n"
        self.source(more, url=server.url(self.repository))
        self.world.run("secret", "set", "git-password", "--no-wait", stdin="wrong")
        self.assertRegex(self.sync(code=1), "(?i)FetchFailed.*certificate")
        self.source(more + "  ca: |\n" + ca, url=server.url(self.repository))
        self.assertIn("refuses the credentials", self.sync(code=1))
        self.world.run("secret", "set", "git-password", "--no-wait", stdin="correct-horse")
        self.sync()
        self.assertTrue(self.wanted("a"))
        self.put("b")
        self.sync()
        self.assertTrue(self.wanted("b"))
        self.assertNotIn("correct-horse", self.world.log() + self.world.run("source", "describe", self.name))

    def test_git_daemon_is_believed_for_signatures_only(self):
        key, public = ssh_key(self.world.folder / "over-git")
        self.repository.sign_with(key)
        self.put("a")
        daemon = GitDaemon(self.world.folder)
        self.addCleanup(daemon.close)
        url = daemon.url(self.repository)
        said = self.world.apply(SOURCE % (self.name, url, "1h"), code=1)
        self.assertIn("believed for its commits' signatures only", said)
        self.source("  verification: {signers: {ada: {ssh_key: \"%s\"}}}\n" % public, url=url)
        self.sync()
        self.assertTrue(self.wanted("a"))
        self.repository.sign_with("")
        self.put("b", "nobody signed this")
        self.assertIn("Unverified", self.sync(code=1))
        self.assertFalse(self.wanted("b"))

    def test_a_server_that_never_answers_is_given_up(self):
        import socket
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(5)
            self.source("  timeout: 1s\n", url=f"https://localhost:{silent.getsockname()[1]}/x.git")
            self.assertIn("it took longer than 1 s", self.sync(code=1))

    # ---- webhooks ----

    def post(self, body, headers, name=None):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        request = urllib.request.Request(f"https://127.0.0.1:{self.world.https}/webhooks/default/{name or self.name}",
                                         data=body, headers=headers, method="POST")
        try:
            return urllib.request.urlopen(request, context=context, timeout=20).status
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, ConnectionError):
            return "closed"

    def test_a_webhook_makes_a_push_immediate_and_nothing_else_does(self):
        self.put("a")
        self.world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: hook}\nspec: {}\n")
        self.world.run("secret", "set", "hook", "--no-wait", stdin="shared")
        self.source("  webhook: {secret: hook}\n")
        self.sync()
        self.put("b")

        def signed(key, at, body):
            mark = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            return self.post(body, {"X-Podwright-Timestamp": str(at), "X-Podwright-Signature": "sha256=" + mark})

        now = int(time.time())
        self.assertEqual(signed("wrong", now, b"{}"), 401)
        self.assertEqual(signed("shared", now - 400, b"{}"), 401)
        self.assertEqual(self.post(b"{}", {}, name="unknown"), 401)
        self.assertIn(self.post(b"x" * (3 << 20), {}), (413, "closed"))
        self.assertFalse(self.wanted("b"))
        self.assertEqual(signed("shared", now, b"{}"), 202)
        eventually("the push", lambda: self.wanted("b"))
        self.assertGreater(int(self.view()["webhooks_refused"]), 0)

    # ---- before a merge ----

    def test_a_preview_and_a_diff_of_a_branch(self):
        self.put("a")
        self.repository.write("other.yaml", SECRET % (self.name + "-other"))
        self.repository.push("two")
        self.source()
        self.sync()
        self.repository.git("checkout", "-q", "-b", "change")
        self.repository.write("web.yaml", "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: preview-web}\nspec:\n"
                              "  cloud: lab\n  files:\n    \"/etc/a|`@all`\": {content: x}\n")
        self.repository.remove("a.yaml")
        self.repository.commit("a change")
        arguments = ["--repo", self.repository.clone, "--base", "main", "--head", "change", "--source", self.name]
        text = self.world.run("preview", *arguments, "--format", "markdown")
        for words in ("<!-- podwright preview -->", "| where | what | disruption |", "preview-web", "Digest: `", "a\\|"):
            self.assertIn(words, text)
        self.assertLess(len(text), 65536)
        self.assertFalse([row for row in self.world.json("get", "server") if row["name"] == "preview-web"])
        stack = json.loads(self.world.run("preview", *arguments, "--format", "json"))["stacks"][0]
        self.assertEqual({(r["object"], r["change"]) for r in stack["resources"]},
                         {("server/preview-web", "create"), (f"secret/{self.name}-a", "delete")})
        self.assertTrue(stack["digest"])
        difference = self.world.json("diff", "--repo", self.repository.clone, "--git-a", "main", "--git-b", "change")
        self.assertEqual({(d["object"], d["what"]) for d in difference},
                         {("server/preview-web", "new"), (f"secret/{self.name}-a", "deleted")})
        self.repository.write("web.yaml", "kind: Nothing\n")
        self.repository.commit("broken")
        text = self.world.run("preview", *arguments, "--format", "markdown", code=1)
        self.assertIn("Cannot be applied", text)
        self.assertIn("web.yaml:1:", text)


class GitOnTheLab(Acceptance):
    """With a server that is made, changed and taken away by pushes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.repository = Repository(cls.world.folder)
        cls.repository.write("web.yaml", SERVER % ("web", "one"))
        cls.repository.push("one")
        cls.world.run("source", "add", "plans", cls.repository.url, "--interval", "1s", "--yes")
        eventually("the first push to run", lambda: cls.state() == "synced", 180)

    @classmethod
    def state(cls):
        return cls.world.json("source", "get", "plans")["state"]

    def problem(self, reason):
        found = self.world.json("source", "get", "plans").get("problem", {})
        return found if found.get("reason") == reason else None

    def install(self):
        self.world.shell("web", "dpkg -s git fcgiwrap nginx >/dev/null 2>&1 || { apt-get -qq update && apt-get -qq install -y "
                         "--no-install-recommends git fcgiwrap nginx; } >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }",
                         timeout=300)

    def test_1_a_push_converges(self):
        self.assertEqual(self.world.shell("web", "cat /etc/pushed"), "one\n")
        self.repository.write("web.yaml", SERVER % ("web", "two"))
        self.repository.push("two")
        eventually("the second push to run", lambda: self.world.shell("web", "cat /etc/pushed") == "two\n", 60)

    def test_2_over_ssh_with_a_pinned_host_key(self):
        address = self.world.json("get", "server", "web")["status"]["addresses"][0]
        key, public = ssh_key(self.world.folder / "deploy")
        self.install()
        self.world.shell("web", "useradd -m -s /bin/bash git; install -d -o git -m 700 /home/git/.ssh; "
                         f"echo '{public}' > /home/git/.ssh/authorized_keys; chown git /home/git/.ssh/authorized_keys; "
                         "ssh-keygen -A; systemctl restart ssh; su git -c 'git init -q --bare -b main /home/git/plans.git'", timeout=300)
        host_key = " ".join(self.world.shell("web", "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
        over_ssh = Repository(self.world.folder, "over-ssh")
        over_ssh.write("s.yaml", SECRET % "over-ssh")
        over_ssh.push("one")
        run("git", "push", "-q", f"ssh://git@{address}/home/git/plans.git", "main", cwd=over_ssh.clone,
            GIT_SSH_COMMAND=f"ssh -i {key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null")
        self.world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: deploy-key}\nspec: {}\n")
        self.world.run("secret", "set", "deploy-key", "--no-wait", stdin=pathlib.Path(key).read_text())
        more = "  credentials: {secret: deploy-key}\n  host_keys: [\"%s\"]\n"
        _, other = ssh_key(self.world.folder / "other")
        url = f"ssh://git@{address}/home/git/plans.git"
        self.world.apply(SOURCE % ("over-ssh", url, "1h") + more % other)
        self.assertIn("none of `host_keys`", self.world.run("source", "sync", "over-ssh", code=1))
        self.world.apply(SOURCE % ("over-ssh", url, "1h") + more % host_key)
        self.world.run("source", "sync", "over-ssh")
        self.assertIn("over-ssh", {row["name"] for row in self.world.json("get", "secret")})

    def test_2_over_https_behind_nginx(self):
        address = self.world.json("get", "server", "web")["status"]["addresses"][0]
        self.install()
        ca, chain, key = certificate(self.world.folder, "DNS:localhost")
        users = "git:" + run("openssl", "passwd", "-apr1", "correct-horse")
        for path, text in (("tls.pem", chain.read_text()), ("tls.key", key.read_text()), ("users", users), ("site", NGINX)):
            self.world.shell("web", f"install -d /etc/git; printf %s {shlex.quote(text)} > /etc/git/{path}")
        self.world.shell("web", "git init -q --bare -b main /srv/git/plans.git; chown -R www-data /srv/git; "
                         "ln -sf /etc/git/site /etc/nginx/conf.d/git.conf; nginx -t && systemctl restart fcgiwrap.socket nginx")
        forward = Forward(address, 8443)
        self.addCleanup(forward.close)
        url = f"https://localhost:{forward.port}/plans.git"
        behind = Repository(self.world.folder, "behind-nginx")
        behind.write("s.yaml", SECRET % "behind-nginx")
        behind.push("one")

        def push():
            run("git", "push", "-q", url.replace("//", "//git:correct-horse@"), "main", cwd=behind.clone, GIT_SSL_CAINFO=str(ca))
        push()
        self.world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: nginx-password}\nspec: {}\n")
        self.world.run("secret", "set", "nginx-password", "--no-wait", stdin="correct-horse")
        more = "  credentials: {secret: nginx-password}\n"
        self.world.apply(SOURCE % ("behind-nginx", url, "1h") + more)
        self.assertRegex(self.world.run("source", "sync", "behind-nginx", code=1), "certificate is not trusted")
        self.world.apply(SOURCE % ("behind-nginx", url, "1h") + more +
                         "  ca: |\n" + "".join("    " + line + "\n" for line in ca.read_text().splitlines()))
        self.world.run("source", "sync", "behind-nginx")
        # A push that needs several requests, and more than one buffer.
        for number in range(200):
            behind.write(f"more/{number}.yaml", SECRET % f"behind-{number}" + "# " + os.urandom(2000).hex() + "\n")
        behind.push("two")
        push()
        self.world.run("source", "sync", "behind-nginx")
        self.assertIn("behind-199", {row["name"] for row in self.world.json("get", "secret")})

    def test_3_what_goes_goes_in_reverse_order(self):
        using = SERVER % ("old", "old") + "  secrets:\n    /etc/key: {secret: old-key}\n"
        self.repository.write("old.yaml", using + "---" + SECRET % "old-key")
        self.repository.push("more")
        eventually("it to run", lambda: self.world.shell("old", "stat -c %s /etc/key") == "20\n", 180)
        self.repository.remove("old.yaml")
        self.repository.push("less")
        # A server that is not declared any more is a loss of data.
        digest = eventually("the question", lambda: self.problem("ApprovalNeeded"), 60)["digest"]
        self.world.run("approve", digest, "--reason", "it is empty")

        def gone():
            left = {row["name"] for kind in ("server", "secret") for row in self.world.json("get", kind)}
            return "old" not in left and "old-key" not in left
        eventually("all of it to be gone", gone, 120)
        events = [(e["type"], e.get("object", {}).get("name")) for e in self.world.json("events")]
        forgotten = [name for kind, name in events if kind == "object.gone" and name in ("old", "old-key")]
        self.assertEqual(forgotten, ["old", "old-key"])
        self.assertEqual(self.world.shell("web", "cat /etc/pushed"), "two\n")


if __name__ == "__main__":
    main()
