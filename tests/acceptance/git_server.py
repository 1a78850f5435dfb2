"""What tests of Git sources share: repositories, signers, and real servers: git-daemon, `git http-backend` behind HTTPS."""
import base64
import http.server
import os
import pathlib
import socket
import ssl
import subprocess
import threading

HTTP_BACKEND = "/usr/lib/git-core/git-http-backend"
GIT_DAEMON = "/usr/lib/git-core/git-daemon"
IDENTITY = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


def run(*argv, cwd=None, **environment):
    result = subprocess.run(list(map(str, argv)), cwd=cwd, env={**os.environ, **IDENTITY, **environment}, text=True,
                            capture_output=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{argv} exited with {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout.strip()


class Repository:
    """A bare repository with a clone of it, as people have them."""

    def __init__(self, folder, name="plans"):
        self.bare = pathlib.Path(folder) / (name + ".git")
        self.clone = pathlib.Path(folder) / (name + "-clone")
        run("git", "init", "-q", "--bare", "-b", "main", self.bare)
        run("git", "clone", "-q", self.bare, self.clone)
        self.git("checkout", "-q", "-b", "main")
        self.url = f"file://{self.bare}"

    def git(self, *arguments):
        return run("git", *arguments, cwd=self.clone)

    def write(self, path, text):
        path = self.clone / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def remove(self, path):
        (self.clone / path).unlink()

    def commit(self, message, *arguments):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, *arguments)
        return self.git("rev-parse", "HEAD")

    def push(self, message, *arguments):
        """Commits everything as it lies there, and pushes it."""
        commit = self.commit(message, *arguments)
        self.git("push", "-q", "-f", "origin", "HEAD:main")
        return commit

    def craft(self, *entries):
        """Pushes a commit whose tree has these entries (mode, name, id), as no program of Git's would make it."""
        path = self.clone / ".git" / "crafted"
        path.write_bytes(b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(blob) for mode, name, blob in entries))
        tree = self.git("hash-object", "-t", "tree", "-w", "--literally", path)
        commit = self.git("commit-tree", tree, "-p", "HEAD", "-m", "crafted")
        self.git("push", "-q", "-f", "origin", commit + ":refs/heads/main")
        return commit

    def sign_with(self, key):
        self.git("config", "gpg.format", "ssh")
        self.git("config", "user.signingkey", str(key))
        self.git("config", "commit.gpgsign", "true" if key else "false")

    def sign_with_pgp(self, program, who):
        self.git("config", "gpg.format", "openpgp")
        self.git("config", "gpg.program", str(program))
        self.git("config", "user.signingkey", who + "@example.org")
        self.git("config", "commit.gpgsign", "true")


def ssh_key(path):
    """The private key's path, and the public key without a comment."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path)
    return path, " ".join(pathlib.Path(str(path) + ".pub").read_text().split()[:2])


def certificate(folder, name):
    """A CA, and a certificate of it for `name` ("DNS:localhost", "IP:192.0.2.1"): the paths of the CA's, that, and its key."""
    folder = pathlib.Path(folder) / ("tls-" + name.replace(":", "-"))
    folder.mkdir()
    key = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run(*key, "-x509", "-days", "2", "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=Test CA",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    run(*key, "-keyout", folder / "tls.key", "-out", folder / "tls.csr", "-subj", "/CN=git")
    (folder / "tls.ext").write_text(f"subjectAltName={name}\n")
    run("openssl", "x509", "-req", "-in", folder / "tls.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
        "-CAcreateserial", "-days", "2", "-extfile", folder / "tls.ext", "-out", folder / "tls.pem")
    return folder / "ca.pem", folder / "tls.pem", folder / "tls.key"


def pgp_key(folder, who):
    """Makes a PGP key below the folder: a program for `gpg.program` that signs with it, and the public key."""
    home = pathlib.Path(folder) / ("pgp-" + who)
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
    run(*gpg, "--passphrase", "", "--quick-gen-key", who + "@example.org", "ed25519", "sign", "never")
    program = home / "sign"
    program.write_text(f"#!/bin/sh\nexec gpg --homedir {home} \"$@\"\n")
    program.chmod(0o700)
    public = run(*gpg, "--armor", "--export", who + "@example.org")
    return program, public, lambda: run("gpgconf", "--homedir", home, "--kill", "gpg-agent")


class GitDaemon:
    """Serves the bare repositories of a folder at git://127.0.0.1:PORT/NAME.git: nobody proves anything there."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.daemon = subprocess.Popen([GIT_DAEMON, "--listen=127.0.0.1", f"--port={self.port}", f"--base-path={folder}",
                                        "--export-all", "--reuseaddr"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def url(self, repository):
        return f"git://127.0.0.1:{self.port}/{repository.bare.name}"

    def close(self):
        self.daemon.terminate()
        self.daemon.wait(20)


class Forward:
    """A port of this machine that leads to another one: what is behind it has the name localhost."""

    def __init__(self, address, port):
        self.to = (address, port)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        with near, socket.create_connection(self.to, 20) as far:
            far.settimeout(None)
            back = threading.Thread(target=self.pass_on, args=(far, near), daemon=True)
            back.start()
            self.pass_on(near, far)
            back.join()

    @staticmethod
    def pass_on(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.socket.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        body = self.body()
        expected = "Basic " + base64.b64encode(f"git:{self.server.password}".encode()).decode()
        if self.headers.get("Authorization") != expected:
            return self.answer(401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
        path, _, query = self.path.partition("?")
        environment = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1",
                       "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "git",
                       "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
                       "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        said = subprocess.run([HTTP_BACKEND], input=body, capture_output=True, env=environment, check=False).stdout
        head, _, rest = said.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        return self.answer(status, [pair for pair in headers if pair[0] != "Status"], rest)

    do_GET = do_POST = serve


class GitOverHttps:
    """Serves the bare repositories of a folder at https://localhost:PORT/NAME.git, for the user git."""

    def __init__(self, folder, password):
        folder = pathlib.Path(folder)
        self.ca, chain, key = certificate(folder, "DNS:localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.root, self.server.password = folder, password
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, repository):
        return f"https://localhost:{self.port}/{repository.bare.name}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
