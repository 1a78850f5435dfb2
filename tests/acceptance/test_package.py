#!/usr/bin/env python3
"""The files of a release, made from the built programs: installed by terraform or tofu from the mirror, run in an
empty root, and as Debian packages on a server.

`./dev package` does the same with the release build; here the programs of PODWRIGHT_BIN are packaged, because a release
build takes minutes and differs only in the compiler's flags.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import BIN, ROOT, World, eventually, main  # noqa: E402

CHROOT = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin")
COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
TOOL = shutil.which("tofu") or shutil.which("terraform")
assert TOOL, "neither tofu nor terraform is on PATH"
HOST = "registry.opentofu.org" if TOOL.endswith("tofu") else "registry.terraform.io"
SECRET = """
terraform {
  required_providers {
    podwright = {
      source  = "podwright/podwright"
      version = ">= 0.1.0"
    }
  }
}
provider "podwright" { stack = "packaged" }
resource "podwright_secret" "s" {
  name      = "packaged"
  generator = { length = 40 }
}
"""


def call(*argv, check=True, **options):
    result = subprocess.run(list(map(str, argv)), stdin=options.pop("stdin", subprocess.DEVNULL), capture_output=True,
                            text=True, check=False, timeout=600, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{argv} ended with {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def tree(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file()}


class Packaged(unittest.TestCase):
    """Packaged once for all tests of this file: `folder`, `out`, `version`, `program_name`, `program`."""

    @classmethod
    def make(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="podwright-package-"))
        cls.gpg = cls.folder / "gpg"
        cls.gpg.mkdir(mode=0o700)
        cls.environment = {**os.environ, "GNUPGHOME": str(cls.gpg)}
        call("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "test@example.org", "rsa2048", "sign", "never",
             env=cls.environment)
        cls.out = cls.package("one", PODWRIGHT_SIGNING_KEY="test@example.org")
        with zipfile.ZipFile(next((cls.out / "registry").glob("*.zip"))) as zipped:
            cls.program_name = next(name for name in zipped.namelist() if name.startswith("terraform-provider-"))
            cls.program = cls.folder / cls.program_name
            cls.program.write_bytes(zipped.read(cls.program_name))
        cls.program.chmod(0o755)
        cls.version = cls.program_name.rsplit("_v", 1)[1]

    @classmethod
    def unmake(cls):
        call("gpgconf", "--kill", "all", env=cls.environment, check=False)
        shutil.rmtree(cls.folder)

    @classmethod
    def package(cls, name, **environment):
        out = cls.folder / name
        call(sys.executable, "-B", ROOT / "packaging/package.py", "--bin", BIN, "--out", out, "--compression", 1,
             env={**cls.environment, **environment})
        return out


def setUpModule():  # noqa: N802: unittest's name
    Packaged.make()


def tearDownModule():  # noqa: N802
    Packaged.unmake()


class Release(Packaged):
    """The provider's files."""

    def lock(self):
        return (self.out / "lock" / ("tofu.lock.hcl" if "opentofu" in HOST else "terraform.lock.hcl")).read_text()

    def rc(self, *mirrors):
        path = self.folder / "rc"
        blocks = "".join(f'  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n' for mirror in mirrors)
        path.write_text("provider_installation {\n" + blocks + "}\n")
        return path

    def stack(self, name):
        folder = self.folder / name
        folder.mkdir()
        (folder / "main.tf").write_text(SECRET)
        return folder

    def terraform(self, folder, rc, *arguments, check=True, **environment):
        return call(TOOL, f"-chdir={folder}", *arguments, "-no-color", check=check,
                    env={**self.environment, "TF_CLI_CONFIG_FILE": str(rc), "CHECKPOINT_DISABLE": "1",
                         "TF_IN_AUTOMATION": "1", **environment})

    def test_two_runs_give_the_same_bytes(self):
        again = tree(self.package("two", TZ="Asia/Kolkata", LC_ALL="C"))
        first = {name: digest for name, digest in tree(self.out).items() if not name.endswith(".sig")}
        self.assertEqual(first, again)

    def test_the_registry_gets_what_it_asks_for(self):
        registry = self.out / "registry"
        stem = f"terraform-provider-podwright_{self.version}"
        names = sorted(path.name for path in registry.iterdir())
        architecture = call("dpkg", "--print-architecture").stdout.strip()
        self.assertEqual(names, sorted([f"{stem}_linux_{architecture}.zip", f"{stem}_manifest.json", f"{stem}_SHA256SUMS",
                                        f"{stem}_SHA256SUMS.sig"]))
        manifest = json.loads((registry / f"{stem}_manifest.json").read_text())
        self.assertEqual(manifest, {"version": 1, "metadata": {"protocol_versions": ["6.0"]}})
        listed = (registry / f"{stem}_SHA256SUMS").read_text()
        self.assertEqual(sorted(re.findall(r"^[0-9a-f]{64}  (\S+)$", listed, re.M)),
                         sorted([f"{stem}_linux_{architecture}.zip", f"{stem}_manifest.json"]))
        call("sha256sum", "--check", "--strict", f"{stem}_SHA256SUMS", cwd=registry)
        signature = (registry / f"{stem}_SHA256SUMS.sig").read_bytes()
        self.assertNotIn(b"BEGIN PGP", signature)
        call("gpg", "--verify", registry / f"{stem}_SHA256SUMS.sig", registry / f"{stem}_SHA256SUMS", env=self.environment)
        with zipfile.ZipFile(registry / f"{stem}_linux_{architecture}.zip") as zipped:
            self.assertEqual(sorted(zipped.namelist()), ["LICENSE", f"terraform-provider-podwright_v{self.version}"])
            self.assertEqual(zipped.getinfo(f"terraform-provider-podwright_v{self.version}").external_attr >> 16, 0o100755)

    def test_every_type_that_the_provider_serves_has_a_page_and_examples_that_terraform_accepts(self):
        rc, folder = self.rc(self.out / "mirror"), self.stack("documented")
        self.terraform(folder, rc, "init")
        said = json.loads(self.terraform(folder, rc, "providers", "schema", "-json").stdout)
        served = said["provider_schemas"][f"{HOST}/podwright/podwright"]
        repository = self.out / "repository"
        folders = {"resource_schemas": ("resources", "resource.tf"), "data_source_schemas": ("data-sources", "data-source.tf"),
                   "ephemeral_resource_schemas": ("ephemeral-resources", "ephemeral-resource.tf"),
                   "functions": ("functions", "function.tf")}
        examples = []
        for key, (name, example) in folders.items():
            types = sorted(served.get(key, {}))
            pages = sorted(path.stem for path in (repository / "docs" / name).glob("*.md"))
            self.assertEqual(pages, [t.removeprefix("podwright_") for t in types], key)
            examples += [repository / "examples" / name / t / example for t in types]
        for example in examples:
            self.assertTrue(example.exists(), example)
            checked = self.folder / "checked"
            shutil.rmtree(checked, ignore_errors=True)
            shutil.copytree(folder, checked)
            (checked / "main.tf").write_text(SECRET.split("resource", 1)[0])
            shutil.copy(example, checked / "example.tf")
            result = self.terraform(checked, rc, "validate", "-json")
            self.assertTrue(json.loads(result.stdout)["valid"], f"{example}: {result.stdout}")
        call(TOOL, "fmt", "-check", "-recursive", repository / "examples")
        index = (repository / "docs/index.md").read_text()
        self.assertTrue(index.startswith('---\npage_title: "podwright Provider"\n'))
        self.assertEqual(sorted(path.stem for path in (repository / "docs/guides").glob("*.md")), ["install", "preview"])
        self.assertIn("LICENSE", [path.name for path in repository.iterdir()])

    def test_a_stack_is_installed_from_the_mirror_and_applied(self):
        rc, folder = self.rc(self.out / "mirror"), self.stack("mirrored")
        said = self.terraform(folder, rc, "init").stdout
        self.assertIn(f"v{self.version}", said)
        ours = self.lock()
        h1, zh = re.search(r'"(h1:[^"]+)"', ours)[1], re.search(r'"(zh:[^"]+)"', ours)[1]
        lock = folder / ".terraform.lock.hcl"
        self.assertIn(h1, lock.read_text())
        # Who has only the registry's form in his lock gets the zip that it names, and the other form with it.
        lock.write_text(re.sub(r" *\"h1:.*\n", "", ours))
        shutil.rmtree(folder / ".terraform")
        self.terraform(folder, rc, "init")
        self.assertEqual(re.findall(r'"((?:h1|zh):[^"]+)"', lock.read_text()), [h1, zh])

        world = World().start()
        try:
            env = {"PODWRIGHT_CONFIG": str(world.context)}
            self.terraform(folder, rc, "apply", "-auto-approve", **env)
            self.assertEqual([o["phase"] for o in world.json("get", "secret") if o["name"] == "packaged"], ["ready"])
            self.terraform(folder, rc, "plan", "-detailed-exitcode", **env)
            self.terraform(folder, rc, "destroy", "-auto-approve", **env)
            self.assertEqual(world.json("get", "secret"), [])
        finally:
            world.close()

    def test_the_lock_that_comes_along_is_enough_and_is_kept(self):
        rc, folder = self.rc(self.out / "mirror"), self.stack("locked")
        given = self.lock()
        (folder / ".terraform.lock.hcl").write_text(given)
        self.terraform(folder, rc, "init", "-lockfile=readonly")
        self.assertEqual((folder / ".terraform.lock.hcl").read_text(), given)

    def test_a_provider_that_somebody_changed_is_refused(self):
        mirror, folder = self.folder / "changed", self.stack("tampered")
        shutil.copytree(self.out / "mirror", mirror)
        (folder / ".terraform.lock.hcl").write_text(self.lock())
        archive = next((mirror / HOST).rglob("*.zip"))
        with zipfile.ZipFile(archive, "a") as zipped:
            zipped.writestr("extra", "not from us")
        result = self.terraform(folder, self.rc(mirror), "init", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("checksum", result.stderr)

    def test_the_provider_alone_in_an_empty_root_shakes_hands(self):
        root = self.folder / "empty"
        root.mkdir()
        shutil.copy(self.program, root / "provider")
        provider = subprocess.Popen([CHROOT, str(root), "/provider"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True,
                                    env={"TF_PLUGIN_MAGIC_COOKIE": COOKIE, "PLUGIN_PROTOCOL_VERSIONS": "6",
                                         "PLUGIN_UNIX_SOCKET_DIR": "/"})
        try:
            line = provider.stdout.readline()
            self.assertRegex(line, r"^1\|6\|unix\|/[^|]+\|grpc\|$")
            self.assertTrue((root / line.split("|")[3].lstrip("/")).is_socket())
        finally:
            provider.kill()
            provider.communicate()

    def test_a_whole_terraform_runs_in_a_root_with_nothing_but_the_provider(self):
        root = self.folder / "bare"
        (root / "tmp").mkdir(parents=True)
        shutil.copy(TOOL, root / "tool")
        shutil.copytree(self.out / "mirror", root / "mirror")
        (root / "stack").mkdir()
        (root / "stack/main.tf").write_text(SECRET)
        (root / "rc").write_text('provider_installation {\n  filesystem_mirror {\n    path = "/mirror"\n  }\n}\n')
        env = {"TF_CLI_CONFIG_FILE": "/rc", "CHECKPOINT_DISABLE": "1", "HOME": "/tmp"}
        call(CHROOT, root, "/tool", "-chdir=/stack", "init", "-no-color", env=env)
        said = call(CHROOT, root, "/tool", "-chdir=/stack", "validate", "-json", env=env).stdout
        self.assertTrue(json.loads(said)["valid"], said)


class Packages(Packaged):
    """The .deb files, looked at and installed."""

    def debs(self):
        return sorted((self.out / "deb").glob("*.deb"))

    def test_every_package_keeps_the_rules_of_debian(self):
        names = []
        for deb in self.debs():
            field = lambda name, deb=deb: call("dpkg-deb", "--field", deb, name).stdout.strip()  # noqa: E731
            name = field("Package")
            names.append(name)
            self.assertEqual(deb.name, f"{name}_{self.version}_{field('Architecture')}.deb")
            self.assertGreater(int(field("Installed-Size")), 1000)
            listing = call("dpkg-deb", "--contents", deb).stdout.splitlines()
            for line in listing:
                mode, owner, _, _, _, path = line.split(None, 5)
                self.assertEqual(owner, "root/root", line)
                self.assertIn(mode, ("drwxr-xr-x", "-rwxr-xr-x" if "/usr/bin/" in path else "-rw-r--r--"), line)
                self.assertTrue(path == "./" or re.match(r"\./(usr|etc)/", path), line)
                self.assertNotIn("/usr/local/", path)
            text = "\n".join(listing)
            for needed in (f"/usr/share/doc/{name}/copyright", f"/usr/share/doc/{name}/changelog.gz",
                           f"/usr/share/man/man1/{name}.1.gz", f"/usr/bin/{name}"):
                self.assertIn(needed, text)
            unpacked = self.folder / ("unpacked-" + name)
            call("dpkg-deb", "--raw-extract", deb, unpacked)
            call("md5sum", "--check", "--strict", "--quiet", "DEBIAN/md5sums", cwd=unpacked)
            etc = sorted("/" + str(path.relative_to(unpacked)) for path in (unpacked / "etc").rglob("*") if path.is_file())
            listed = unpacked / "DEBIAN/conffiles"
            self.assertEqual(etc, sorted(listed.read_text().split()) if listed.exists() else [])
            self.assertNotIn(str(ROOT).encode(), (unpacked / "usr/bin" / name).read_bytes())
            for script in ("postinst", "prerm", "postrm"):
                if (unpacked / "DEBIAN" / script).exists():
                    call("sh", "-n", unpacked / "DEBIAN" / script)
            for unit in unpacked.rglob("*.service"):
                for line in unit.read_text().splitlines():
                    if line.startswith("ExecStart="):
                        self.assertEqual(line.split("=")[1].split()[0], f"/usr/bin/{name}")
        self.assertEqual(names, ["podwright-agent", "podwright", "podwrightd"])
        if shutil.which("lintian"):
            call("lintian", "--allow-root", "--fail-on", "error", *self.debs())

    def test_installed_on_a_server_they_run_and_purged_they_leave_nothing(self):
        world = World().start()
        try:
            world.apply("apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: host}\nspec: {cloud: lab}\n")
            self.on_server(world)
        finally:
            world.close()

    def on_server(self, world):
        def sh(command, check=True):
            return world.shell("host", command, check=check, timeout=600)

        def left():
            return sh("find / -xdev \\( -path /proc -o -path /tmp -o -path /run -o -path /var/lib/dpkg -o -path /var/log "
                      "-o -path /var/cache -o -path /root \\) -prune -o -name '*podwright*' -print | sort; "
                      "getent passwd podwright; getent group podwright; true")

        # This server came with an agent of the lab's; here it is a machine that somebody else made.
        sh("systemctl --quiet disable --now podwright-agent; rm -rf /etc/systemd/system/podwright-agent.service "
           "/etc/systemd/system/multi-user.target.d/podwright-agent.conf /usr/local/bin/podwright-agent "
           "/var/lib/podwright-agent /etc/podwright; systemctl daemon-reload")
        before = left()
        sh("mkdir -p /root/deb")
        for deb in self.debs():
            with open(deb, "rb") as file:
                call(BIN / "podwright", "lab", "ssh", "host", "--", "sh", "-c", f"cat > /root/deb/{deb.name}", stdin=file,
                     env=world.environment)
        sh("export DEBIAN_FRONTEND=noninteractive; apt-get -qq update; "
           "apt-get -qq -y --no-install-recommends install /root/deb/*.deb")

        # The control plane is there; the agent, which nobody has enrolled, is not.
        show = lambda unit, field: sh(f"systemctl show --value -p {field} {unit}").strip()  # noqa: E731
        self.assertEqual(sh("systemctl is-enabled podwrightd podwright-agent").split(), ["enabled", "enabled"])
        eventually("podwrightd to be active", lambda: show("podwrightd", "ActiveState") == "active", 30)
        self.assertEqual((show("podwright-agent", "ActiveState"), show("podwright-agent", "ConditionResult")),
                         ("inactive", "no"))
        self.assertEqual(sh("ps -o user= -C podwrightd").split(), ["podwright"])
        self.assertEqual(sh("stat -c '%U %a' /etc/podwright/keys /etc/podwright/keys/envelope.key /var/lib/podwright")
                         .split("\n")[:3], ["podwright 700", "podwright 600", "podwright 700"])
        exposure = float(re.search(r"([0-9.]+) [A-Z]+ ", sh("systemd-analyze security --no-pager podwrightd | tail -n 1"))[1])
        self.assertLess(exposure, 2.0)
        admin = "PODWRIGHT_CONFIG=/var/lib/podwright/admin-context.yaml "
        self.assertIn("role admin", sh(admin + "podwright version --server"))
        sh("bash -c 'source /usr/share/bash-completion/completions/podwright; complete -p podwright'")

        # With a token the agent enrols and keeps the server.
        sh("mkdir -p /root/plan; cat > /root/plan/host.yaml <<'Y'\napiVersion: podwright.dev/v1\nkind: Server\n"
           "metadata: {name: host}\nspec:\n  files: {/etc/motd: {content: \"from a package\\n\"}}\nY")
        sh(f"set -e; umask 077; {admin} podwright -o json token enrol host > /root/enrol.json")
        token = json.loads(sh("cat /root/enrol.json"))["token"]
        sh(f"umask 077; printf %s '{token}' > /etc/podwright/enrol-token; systemctl start podwright-agent")
        eventually("the agent to be connected",
                   lambda: [a["connected"] for a in json.loads(sh(admin + "podwright -o json agent list"))] == [True], 60)
        sh(f"{admin} podwright apply /root/plan --yes")
        self.assertEqual(sh("cat /etc/motd"), "from a package\n")

        # Installed anew: settings are kept, what runs is started anew, what was stopped stays stopped.
        sh("echo '# mine' >> /etc/podwright/podwrightd.yaml; systemctl stop podwright-agent")
        first = show("podwrightd", "InvocationID")
        sh("dpkg --force-confold -i /root/deb/*.deb")
        eventually("podwrightd to be active again", lambda: show("podwrightd", "ActiveState") == "active", 30)
        self.assertNotEqual(show("podwrightd", "InvocationID"), first)
        self.assertEqual(show("podwright-agent", "ActiveState"), "inactive")
        self.assertIn("# mine", sh("cat /etc/podwright/podwrightd.yaml"))
        self.assertIn("host", sh(admin + "podwright get server"))

        sh("DEBIAN_FRONTEND=noninteractive apt-get -qq -y remove podwrightd podwright-agent podwright")
        self.assertEqual(sh("pgrep -c podwright; true").strip(), "0")
        sh("test -s /etc/podwright/keys/envelope.key && test -d /var/lib/podwright && test -s /var/lib/podwright-agent/identity")
        sh("DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge podwrightd podwright-agent podwright")
        self.assertEqual(left(), before)


if __name__ == "__main__":
    main()
