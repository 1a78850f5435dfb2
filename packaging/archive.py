"""Archives whose bytes depend on nothing but their contents: fixed times, modes, owners and order."""
import base64
import hashlib
import os
import pathlib
import shutil
import subprocess
import time
import zipfile

LEVEL = 9


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def strip(source, target):
    """The program without symbols, mode 0755."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "--strip-all", "--remove-section=.comment", "-o", target, source], check=True)
    target.chmod(0o755)


def zip_files(target, files, epoch):
    """`files`: name in the archive → (path, mode)."""
    # The format counts from 1980, in steps of two seconds.
    stamp = max(time.gmtime(epoch)[:6], (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name in sorted(files):
            path, mode = files[name]
            info = zipfile.ZipInfo(name, stamp)
            info.create_system = 3
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, pathlib.Path(path).read_bytes(), compresslevel=LEVEL)
    target.chmod(0o644)


def lock_hashes(archive):
    """What a dependency lock file says of the zip: [h1, zh]."""
    with zipfile.ZipFile(archive) as zipped:
        lines = sorted((name, hashlib.sha256(zipped.read(name)).hexdigest()) for name in zipped.namelist())
    listing = "".join(f"{digest}  {name}\n" for name, digest in lines)
    h1 = base64.b64encode(hashlib.sha256(listing.encode()).digest()).decode()
    return ["h1:" + h1, "zh:" + sha256(archive)]


def settle(folder, epoch):
    """Folders 0755, files as they are executable or not, all with the same time."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
