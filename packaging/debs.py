"""Debian packages from staged trees, by dpkg-deb and dpkg-shlibdeps."""
import gzip
import hashlib
import pathlib
import subprocess
import time

import archive

HERE = pathlib.Path(__file__).resolve().parent
HOMEPAGE = "https://podwright.dev"
SCRIPTS = ("postinst", "prerm", "postrm")


class Deb:
    """One package. `stage` fills `root`; what every package has comes by itself."""

    def __init__(self, name, version, architecture, maintainer, epoch, work):
        self.name, self.version, self.architecture = name, version, architecture
        self.maintainer, self.epoch = maintainer, epoch
        self.root = archive.fresh(work / name)
        self.source = HERE / "debian" / name
        self.static = True

    def program(self, built):
        archive.strip(built, self.root / "usr/bin" / built.name)

    def file(self, target, text):
        path = self.root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def build(self, out, compression):
        self._documents()
        control = self.root / "DEBIAN"
        control.mkdir()
        if (self.source / "conffiles").exists():
            (control / "conffiles").write_text((self.source / "conffiles").read_text())
        for script in SCRIPTS:
            if (self.source / script).exists():
                (control / script).write_text((self.source / script).read_text())
                (control / script).chmod(0o755)
        (control / "md5sums").write_text(self._md5sums())
        (control / "control").write_text(self._control())
        archive.settle(self.root, self.epoch)
        package = out / f"{self.name}_{self.version}_{self.architecture}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", f"-z{compression}", "-Zxz", "--build", self.root, package],
                       check=True, stdout=subprocess.DEVNULL, env={"SOURCE_DATE_EPOCH": str(self.epoch),
                                                                   "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        package.chmod(0o644)
        return package

    def _documents(self):
        folder = f"usr/share/doc/{self.name}"
        self.file(f"{folder}/copyright",
                  "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
                  f"Upstream-Name: podwright\nSource: {HOMEPAGE}\n\n"
                  f"Files: *\nCopyright: {time.gmtime(self.epoch).tm_year} The Podwright contributors\nLicense: Apache-2.0\n"
                  " On Debian systems the text of the licence is in\n /usr/share/common-licenses/Apache-2.0\n")
        if (self.source / "README").exists():
            self.file(f"{folder}/README", (self.source / "README").read_text())
        stamp = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(self.epoch))
        changes = (f"podwright ({self.version}) unstable; urgency=medium\n\n  * Release {self.version}.\n\n"
                   f" -- {self.maintainer}  {stamp}\n")
        with open(self.root / folder / "changelog.gz", "wb") as file:
            file.write(gzip.compress(changes.encode(), 9, mtime=0))
        if self.static:
            overrides = (HERE / "debian/lintian-overrides").read_text().replace("@PACKAGE@", self.name)
            self.file(f"usr/share/lintian/overrides/{self.name}", overrides)

    def _files(self):
        return sorted(path for path in self.root.rglob("*") if path.is_file() and "DEBIAN" not in path.parts)

    def _md5sums(self):
        lines = []
        for path in self._files():
            digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            lines.append(f"{digest}  {path.relative_to(self.root)}\n")
        return "".join(lines)

    def _shared_libraries(self):
        """What dpkg-shlibdeps finds, as the text of a Depends field."""
        programs = [path for path in self._files() if path.parent == self.root / "usr/bin"]
        # It wants a source package around it, of which it reads nothing that matters here.
        fake = archive.fresh(self.root.parent / (self.name + ".source"))
        (fake / "debian").mkdir()
        (fake / "debian/control").write_text("Source: podwright\n\nPackage: podwrightd\nArchitecture: any\n")
        said = subprocess.run(["dpkg-shlibdeps", "-O", *programs], cwd=fake, check=True, capture_output=True, text=True)
        return said.stdout.strip().removeprefix("shlibs:Depends=")

    def _control(self):
        size = sum((path.stat().st_size + 1023) // 1024 for path in self._files())
        fields = (f"Version: {self.version}\nArchitecture: {self.architecture}\nMaintainer: {self.maintainer}\n"
                  f"Installed-Size: {size}\nHomepage: {HOMEPAGE}\n")
        text = (self.source / "control").read_text().replace("${Version}", self.version)
        if "${shlibs:Depends}" in text:
            text = text.replace("${shlibs:Depends}", self._shared_libraries())
        first, rest = text.split("\n", 1)
        return f"{first}\n{fields}{rest}"


def manual(deb, built, what, flag="--help"):
    """A page of what the program says of itself."""
    said = subprocess.run([built, flag], check=True, capture_output=True, text=True).stdout
    text = said.replace("\\", "\\e").replace("-", "\\-")
    lines = ["\\&" + line if line.startswith((".", "'")) else line for line in text.rstrip().split("\n")]
    day = time.strftime("%Y-%m-%d", time.gmtime(deb.epoch))
    page = (f'.TH {built.name.upper()} 1 "{day}" "Podwright {deb.version}"\n.SH NAME\n{built.name} \\- {what}\n'
            ".SH SYNOPSIS\n.nf\n" + "\n".join(lines) + "\n.fi\n")
    target = deb.root / f"usr/share/man/man1/{built.name}.1.gz"
    target.parent.mkdir(parents=True)
    target.write_bytes(gzip.compress(page.encode(), 9, mtime=0))


def completions(deb, program):
    """Made by the program itself, which runs on the machine that builds."""
    for shell, target in (("bash", "usr/share/bash-completion/completions/podwright"),
                          ("zsh", "usr/share/zsh/vendor-completions/_podwright"),
                          ("fish", "usr/share/fish/vendor_completions.d/podwright.fish")):
        said = subprocess.run([program, "completion", shell], check=True, capture_output=True, text=True)
        deb.file(target, said.stdout)


def build_all(programs, make, out, compression):
    """`make(name)` gives a Deb."""
    units = HERE / "systemd"
    cli = make("podwright")
    cli.program(programs / "podwright")
    completions(cli, programs / "podwright")
    manual(cli, programs / "podwright", "declares servers and what runs on them", "--help-all")

    agent = make("podwright-agent")
    agent.program(programs / "podwright-agent")
    manual(agent, programs / "podwright-agent", "keeps a server as it was declared")
    unit = (units / "podwright-agent.service").read_text()
    agent.file("usr/lib/systemd/system/podwright-agent.service", unit.replace("/usr/local/bin/", "/usr/bin/"))
    agent.file("usr/lib/systemd/system/podwright-agent.service.d/enrolled.conf",
               (units / "podwright-agent-enrolled.conf").read_text())

    daemon = make("podwrightd")
    daemon.static = False
    daemon.program(programs / "podwrightd")
    manual(daemon, programs / "podwrightd", "the control plane of Podwright")
    daemon.file("usr/lib/systemd/system/podwrightd.service", (units / "podwrightd.service").read_text())
    daemon.file("etc/podwright/podwrightd.yaml", (daemon.source / "podwrightd.yaml").read_text())
    return [deb.build(out, compression) for deb in (cli, agent, daemon)]
