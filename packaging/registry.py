"""The provider as registries and mirrors want it: zip, manifest, checksums, signature, mirror, lock hashes."""
import json
import shutil
import subprocess

import archive

TYPE = "podwright"
NAMESPACE = "podwright"
# host → the name of the program's lock file below lock/
HOSTS = {"registry.terraform.io": "terraform", "registry.opentofu.org": "tofu"}
MANIFEST = {"version": 1, "metadata": {"protocol_versions": ["6.0"]}}


class Provider:
    def __init__(self, version, architecture, program, license_file, epoch):
        self.version, self.architecture, self.epoch = version, architecture, epoch
        self.program, self.license = program, license_file
        self.stem = f"terraform-provider-{TYPE}_{version}"
        self.zip_name = f"{self.stem}_linux_{architecture}.zip"

    def build(self, out, signing_key):
        """Below `out`: registry/, mirror/, lock/."""
        registry = archive.fresh(out / "registry")
        stripped = out / ".stage" / "provider"
        archive.strip(self.program, stripped)
        files = {f"terraform-provider-{TYPE}_v{self.version}": (stripped, 0o755), "LICENSE": (self.license, 0o644)}
        archive.zip_files(registry / self.zip_name, files, self.epoch)
        manifest = registry / f"{self.stem}_manifest.json"
        manifest.write_text(json.dumps(MANIFEST, indent=2) + "\n")
        self._checksums(registry, [registry / self.zip_name, manifest], signing_key)
        hashes = archive.lock_hashes(registry / self.zip_name)
        self._mirror(archive.fresh(out / "mirror"), registry / self.zip_name, hashes)
        self._locks(archive.fresh(out / "lock"), hashes)
        return hashes

    def _checksums(self, registry, files, signing_key):
        sums = registry / f"{self.stem}_SHA256SUMS"
        sums.write_text("".join(f"{archive.sha256(path)}  {path.name}\n" for path in sorted(files)))
        if signing_key:
            # The registry wants a detached signature that is not armoured.
            subprocess.run(["gpg", "--batch", "--yes", "--local-user", signing_key, "--detach-sign",
                            "--output", f"{sums}.sig", sums], check=True)

    def _mirror(self, mirror, zipped, hashes):
        """For filesystem_mirror, and behind a web server for network_mirror."""
        for host in HOSTS:
            folder = mirror / host / NAMESPACE / TYPE
            folder.mkdir(parents=True)
            shutil.copyfile(zipped, folder / zipped.name)
            (folder / "index.json").write_text(json.dumps({"versions": {self.version: {}}}, indent=2) + "\n")
            platform = {"hashes": hashes, "url": zipped.name}
            text = json.dumps({"archives": {f"linux_{self.architecture}": platform}}, indent=2)
            (folder / f"{self.version}.json").write_text(text + "\n")

    def _locks(self, folder, hashes):
        for host, program in HOSTS.items():
            lines = "".join(f'    "{value}",\n' for value in hashes)
            (folder / f"{program}.lock.hcl").write_text(
                f'provider "{host}/{NAMESPACE}/{TYPE}" {{\n  version = "{self.version}"\n'
                f"  hashes = [\n{lines}  ]\n}}\n")
