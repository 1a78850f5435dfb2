"""What tests of Git sources share: repositories, and a real `git http-backend` behind HTTPS with a password."""
import base64
import http.server
import os
import pathlib
import ssl
import subprocess
import threading

HTTP_BACKEND = "/usr/lib/git-core/git-http-backend"
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

    def sign_with(self, key):
        self.git("config", "gpg.format", "ssh")
        self.git("config", "user.signingkey", str(key))
        self.git("config", "commit.gpgsign", "true" if key else "false")


def ssh_key(path):
    """The private key's path, and the public key without a comment."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path)
    return path, " ".join(pathlib.Path(str(path) + ".pub").read_text().split()[:2])


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
        self.ca = folder / "ca.pem"
        openssl = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        run(*openssl, "-keyout", folder / "ca.key", "-out", self.ca, "-subj", "/CN=Test CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "tls.key",
            "-out", folder / "tls.csr", "-subj", "/CN=localhost")
        (folder / "tls.ext").write_text("subjectAltName=DNS:localhost\n")
        run("openssl", "x509", "-req", "-in", folder / "tls.csr", "-CA", self.ca, "-CAkey", folder / "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", folder / "tls.ext", "-out", folder / "tls.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.pem", folder / "tls.key")
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
