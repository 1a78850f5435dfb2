#!/usr/bin/env python3
"""Named apt sources: a signed repository of the test's own, its key, what does not work, and a database from it."""
import email.utils
import functools
import hashlib
import http.server
import os
import pathlib
import re
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

SOURCE = "/etc/apt/sources.list.d/podwright-{}.sources"
KEY = "/etc/apt/keyrings/podwright-{}.asc"
VERSION = "1:10.11.99-1podwright"


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class Repository:
    """A flat apt repository, signed by a key of its own, served over http."""

    def __init__(self, folder):
        self.folder, self.home = folder / "repository", folder / "gnupg"
        self.folder.mkdir()
        self.home.mkdir(mode=0o700)
        self.keys = {name: self.make_key(name) for name in ("signer", "stranger")}
        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), functools.partial(Silent, directory=str(self.folder)))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False, capture_output=True)

    def gpg(self, *arguments):
        return subprocess.run(["gpg", "--homedir", str(self.home), "--batch", "--yes", "--passphrase", "", *arguments],
                              check=True, capture_output=True, text=True).stdout

    def make_key(self, name):
        self.gpg("--quick-generate-key", f"{name}@example.org", "ed25519", "sign", "never")
        return self.gpg("--armor", "--export", f"{name}@example.org")

    def add(self, name, version, control="", tree=None):
        root = tree or self.folder.parent / f"{name}-package"
        (root / "DEBIAN").mkdir(parents=True, exist_ok=True)
        if tree is None:
            (root / "DEBIAN" / "control").write_text(
                f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Test <test@example.org>\n"
                f"Description: a package of the test\n{control}")
        file = f"{name}_{version.replace(':', '%3a')}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", str(root), str(self.folder / file)],
                       check=True, capture_output=True)

    def repack(self, name, version):
        """Debian's own package under a version that Debian does not have."""
        work = self.folder.parent / "repack"
        work.mkdir()
        subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name], cwd=work, check=True,
                       capture_output=True)
        subprocess.run(["dpkg-deb", "-R", str(next(work.glob("*.deb"))), str(work / "tree")], check=True)
        control = work / "tree" / "DEBIAN" / "control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
        self.add(name, version, tree=work / "tree")

    def publish(self):
        packages = subprocess.run(["dpkg-scanpackages", "--multiversion", "."], cwd=self.folder, check=True,
                                  capture_output=True, text=True).stdout
        (self.folder / "Packages").write_text(packages)
        release = (f"Origin: Test\nSuite: stable\nDate: {email.utils.formatdate(usegmt=True)}\nSHA256:\n "
                   f"{hashlib.sha256(packages.encode()).hexdigest()} {len(packages)} Packages\n")
        (self.folder / "Release").write_text(release)
        self.gpg("--local-user", "signer@example.org", "--clearsign", "-o", str(self.folder / "InRelease"),
                 str(self.folder / "Release"))


def indented(text, by):
    return "".join(" " * by + line + "\n" for line in text.splitlines())


class AptSources(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.repository = Repository(cls.world.folder)
        cls.addClassCleanup(cls.repository.close)
        cls.repository.add("podwright-hello", "2.0-1")
        cls.repository.repack("mariadb-server-core", VERSION)
        cls.repository.publish()
        cls.world.apply(cls.server({}))
        gateway = cls.world.shell("one", "ip route show default").split()[2]
        cls.uri = f"http://{gateway}:{cls.repository.server.server_port}"

    @staticmethod
    def server(sources, packages="{}"):
        text = ("apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: one}\nspec:\n  cloud: lab\n"
                f"  packages: {packages}\n")
        if sources:
            text += "  apt_sources:\n"
        for name, (uri, key) in sources.items():
            text += (f"    {name}:\n      uri: {uri}\n      suite: ./\n      key: |\n{indented(key, 8)}")
        return text

    def good(self, **more):
        return {"extra": (self.uri, self.repository.keys["signer"]), **more}

    def sh(self, command, **options):
        return self.world.shell("one", command, **options)

    def refused(self, text):
        with self.assertRaises(Failed) as failure:
            self.world.apply(text)
        return failure.exception.out + failure.exception.err

    def there(self, name):
        return self.sh(f"ls {SOURCE.format(name)} {KEY.format(name)} 2>/dev/null", check=False).split()

    def test_a_packages_come_from_it_and_its_key_is_believed_for_it_alone(self):
        text = self.server(self.good(), "{podwright-hello: {version: 2.0-1}}")
        self.assertIn("add the apt source extra", self.world.plan(text, "--detailed-exitcode", code=2))
        self.world.apply(text)
        self.assertEqual(self.sh("dpkg-query -W -f '${Version}' podwright-hello"), "2.0-1")
        self.world.plan(text, "--detailed-exitcode", code=0)
        # The same repository, declared by hand and without the key.
        said = self.sh(f"mkdir -p /tmp/lists/partial; echo 'deb {self.uri} ./' > /tmp/hand.list; apt-get -q -o "
                       "Dir::Etc::sourcelist=/tmp/hand.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=/tmp/lists "
                       "-o APT::Update::Error-Mode=any update 2>&1", check=False)
        self.assertIn("NO_PUBKEY", said)

    def test_b_a_wrong_key_is_taken_back_with_apts_words(self):
        before = self.sh(f"cat {KEY.format('extra')}")
        strange = (self.uri, self.repository.keys["stranger"])
        said = self.refused(self.server(self.good(strange=strange), "{podwright-hello: {version: 2.0-1}}"))
        self.assertIn("NO_PUBKEY", said)
        self.assertIn("taken back", said)
        self.assertEqual(self.there("strange"), [])
        said = self.refused(self.server({"extra": strange}, "{podwright-hello: {version: 2.0-1}}"))
        self.assertIn("as it was before", said)
        self.assertEqual(self.sh(f"cat {KEY.format('extra')}"), before)
        self.world.apply(self.server(self.good(), "{podwright-hello: {version: 2.0-1}}"))

    def test_c_one_that_cannot_be_reached_is_taken_back_with_apts_words(self):
        gone = (self.uri.rsplit(":", 1)[0] + ":9", self.repository.keys["signer"])
        said = self.refused(self.server(self.good(gone=gone), "{podwright-hello: {version: 2.0-1}}"))
        self.assertIn("onnect", said)
        self.assertEqual(self.there("gone"), [])
        self.assertEqual(len(self.there("extra")), 2)
        self.world.apply(self.server(self.good(), "{podwright-hello: {version: 2.0-1}}"))

    def test_d_what_somebody_changes_comes_back(self):
        self.sh(f"rm {KEY.format('extra')}; echo 'Trusted: yes' >> {SOURCE.format('extra')}")
        eventually("the source and its key", lambda: len(self.there("extra")) == 2
                   and "Trusted" not in self.sh(f"cat {SOURCE.format('extra')}"), 40)

    def test_e_a_database_comes_from_the_source_that_it_names(self):
        def database(more, name="orders"):
            return self.server(self.good()) + (
                f"---\napiVersion: podwright.dev/v1\nkind: Database\nmetadata: {{name: {name}}}\nspec:\n"
                f"  engine: mysql\n  members: [one]\n  deletion_protection: false\n  on_delete: purge\n{more}")
        with self.assertRaises(Failed) as failure:
            self.world.plan(database("  version: '10.11'\n  apt_source: nowhere\n"))
        self.assertIn("declares no apt source nowhere", failure.exception.out + failure.exception.err)
        said = self.refused(database("  version: '11.4'\n  apt_source: extra\n", "newer"))
        self.assertIn(VERSION, said)
        self.assertIn("11.4", said)
        self.assertEqual(self.sh("dpkg-query -W mariadb-server-core 2>/dev/null", check=False), "")
        text = database("  version: '10.11'\n  apt_source: extra\n")
        self.world.apply(text, "--prune")
        self.assertEqual(self.sh("dpkg-query -W -f '${Version}' mariadb-server-core"), VERSION)
        self.world.plan(text, "--detailed-exitcode", code=0)
        self.world.apply_approved(self.server(self.good()), "--prune")
        self.assertEqual(self.sh("ls /etc/apt/preferences.d").strip(), "")

    def test_f_removal_takes_both_and_leaves_the_packages(self):
        self.world.apply(self.server({}))
        self.assertEqual(self.there("extra"), [])
        self.assertNotIn("podwright", os.linesep.join(self.sh("ls /etc/apt/sources.list.d /etc/apt/keyrings").split()))


if __name__ == "__main__":
    main()
