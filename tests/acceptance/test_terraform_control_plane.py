#!/usr/bin/env python3
"""A control plane that is away, slow, dies or answers garbage while terraform plans and applies: nothing is lost, and
what is said helps. Secrets only: they need no server."""
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

STACK = """
provider "podwright" {
  stack = "%(name)s"
}
resource "podwright_secret" "s" {
  name      = "%(name)s"
  generator = { length = %(length)d }
}
"""


class Proxy:
    """Stands between the provider and podwrightd and does to the bytes what a bad network does."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.cut_after = None      # bytes from the client, of the first connection that sends so many
        self.with_garbage = False  # what the client hears before it is cut off
        self.cuts = 0
        self.sockets = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self.sockets += [client, server]
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, sink, from_client):
        seen = 0
        try:
            while data := source.recv(65536):
                sink.sendall(data)
                seen += len(data)
                if from_client and self.cut_after is not None and seen >= self.cut_after:
                    self.cut_after = None
                    self.cuts += 1
                    if self.with_garbage:
                        source.sendall(os.urandom(4096))
                    break
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        for end in self.sockets:
            end.close()


class ControlPlane(Acceptance):
    def stack(self, name, length=20, extra=""):
        return self.world.stack(STACK % {"name": name, "length": length} + extra, name)

    def secret(self, name):
        return [o for o in self.world.json("get", "secret") if o["name"] == name]

    def one_version(self, name):
        found = self.secret(name)
        self.assertEqual(len(found), 1)
        return found[0]["uid"]

    def text_of(self, folder, *arguments, **environment):
        with self.assertRaises(Failed) as failure:
            self.world.tofu(folder, *arguments, **environment)
        said = failure.exception.out + failure.exception.err
        self.assertNotIn("crashed", said)
        self.assertNotIn("Plugin did not respond", said)
        return said

    def begin(self, folder, **environment):
        """An apply under way."""
        self.world.tofu(folder, "plan", "-out", "begun.bin")
        tool = subprocess.run(["sh", "-c", "command -v tofu || command -v terraform"], capture_output=True, text=True,
                              check=True).stdout.strip()
        env = {**self.world.environment, "TF_CLI_CONFIG_FILE": str(self.world.folder / "tofurc"), "TF_IN_AUTOMATION": "1",
               "CHECKPOINT_DISABLE": "1", "TF_DATA_DIR": str(folder / ".tofu"), **environment}
        return subprocess.Popen([tool, f"-chdir={folder}", "apply", "-no-color", "begun.bin"], env=env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_away_at_plan_is_said_within_seconds(self):
        folder = self.stack("away")
        begin = time.monotonic()
        said = self.text_of(folder, "plan", PODWRIGHT_ENDPOINT="127.0.0.1:1")
        self.assertIn("cannot reach the control plane at 127.0.0.1:1", said)
        self.assertIn("is podwrightd running there?", said)
        self.assertLess(time.monotonic() - begin, 60)

    def test_a_create_whose_answer_dies_with_podwrightd_ends_in_the_state(self):
        """podwrightd is killed before and after it has decided: the provider waits for it and asks again."""
        for number, point in enumerate(("apply.before-commit", "apply.after-commit")):
            with self.subTest(point):
                name = f"killed-{number}"
                folder = self.stack(name)
                self.world.stop()
                self.world.start(PODWRIGHT_FAULT=point)
                applying = self.begin(folder)
                eventually(f"podwrightd to die at {point}", lambda: self.world.daemon.poll() is not None, 60)
                self.world.daemon = None
                self.world.start()
                said, _ = applying.communicate(timeout=180)
                self.assertEqual(applying.returncode, 0, said)
                self.one_version(name)
                self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
                self.world.tofu(folder, "destroy", "-auto-approve")

    def test_where_podwrightd_stays_away_the_state_notes_the_object_and_the_next_apply_takes_it_up(self):
        folder = self.stack("gone")
        self.world.stop()
        self.world.start(PODWRIGHT_FAULT="apply.after-commit")
        applying = self.begin(folder, PODWRIGHT_RETRY_FOR="2s")
        eventually("podwrightd to die", lambda: self.world.daemon.poll() is not None, 60)
        self.world.daemon = None
        said, _ = applying.communicate(timeout=180)
        self.assertEqual(applying.returncode, 1, said)
        self.assertIn("secret/gone: what became of it is not known", said)
        self.assertIn("cannot reach the control plane", said)
        self.assertIn("podwright_secret.s", self.world.tofu(folder, "state", "list"))
        self.world.start()
        uid = self.one_version("gone")
        said = self.world.tofu(folder, "plan")
        self.assertIn("secret/gone: exists already and is taken up as it is", said)
        self.world.tofu(folder, "apply", "-auto-approve")
        self.assertEqual(self.one_version("gone"), uid)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")

    def test_a_run_is_followed_across_a_restart(self):
        """Nobody enrols an agent for the server, so its run waits until the time limit."""
        folder = self.world.stack('provider "podwright" {\n  stack = "restart"\n}\nresource "podwright_server" "s" {\n'
                                  '  name     = "restart"\n  sysctl   = { "vm.swappiness" = "10" }\n'
                                  '  timeouts = { create = "12s" }\n}\n', "restart")
        begin = time.monotonic()
        applying = self.begin(folder)
        run = self.world.run_of("restart")
        self.world.stop(signal.SIGKILL)
        self.world.start()
        said, _ = applying.communicate(timeout=120)
        self.assertEqual(applying.returncode, 1, said)
        self.assertGreater(time.monotonic() - begin, 12)
        self.assertIn("server/restart: not done in time, the run goes on", said)
        self.assertIn(run["id"], said)
        self.assertIn("podwright_server.s", self.world.tofu(folder, "state", "list"))
        self.assertEqual(self.world.json("run", "get", run["id"])["state"], "running")

    def test_an_interruption_ends_the_waiting_and_names_the_run_that_goes_on(self):
        folder = self.world.stack('provider "podwright" {\n  stack = "ctrl-c"\n}\nresource "podwright_server" "s" {\n'
                                  '  name   = "ctrl-c"\n  sysctl = { "vm.swappiness" = "10" }\n}\n', "ctrl-c")
        applying = self.begin(folder)
        run = self.world.run_of("ctrl-c")
        applying.send_signal(signal.SIGINT)
        said, _ = applying.communicate(timeout=60)
        self.assertEqual(applying.returncode, 1, said)
        self.assertIn("server/ctrl-c: interrupted, the run goes on", said)
        self.assertIn(f"podwright run get {run['id']}", said)
        self.assertIn("podwright_server.s", self.world.tofu(folder, "state", "list"))
        self.assertEqual(self.world.json("run", "get", run["id"])["state"], "running")

    def test_a_taint_takes_up_what_is_there_and_replace_makes_it_anew(self):
        folder = self.stack("tainted")
        self.world.tofu(folder, "apply", "-auto-approve")
        uid = self.one_version("tainted")
        self.world.tofu(folder, "taint", "podwright_secret.s")
        said = self.world.tofu(folder, "apply", "-auto-approve")
        self.assertIn("exists already and is taken up as it is", said)
        self.assertEqual(self.one_version("tainted"), uid)
        # So it is with a plan that was saved.
        self.world.tofu(folder, "taint", "podwright_secret.s")
        self.world.tofu(folder, "plan", "-out", "saved.bin")
        self.world.tofu(folder, "apply", "saved.bin")
        self.assertEqual(self.one_version("tainted"), uid)
        self.world.tofu(folder, "apply", "-auto-approve", "-replace=podwright_secret.s")
        self.assertNotEqual(self.one_version("tainted"), uid)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")
        self.assertEqual(self.secret("tainted"), [])

    def test_a_connection_that_breaks_or_fills_with_garbage_in_the_middle(self):
        proxy = Proxy(self.world.api)
        try:
            for number, (after, garbage) in enumerate(((600, False), (1200, False), (600, True), (1200, True))):
                with self.subTest(after=after, garbage=garbage):
                    name = f"broken-{number}"
                    folder = self.stack(name)
                    self.world.tofu(folder, "plan", "-out", "saved.bin")
                    proxy.cut_after, proxy.with_garbage, cuts = after, garbage, proxy.cuts
                    self.world.tofu(folder, "apply", "saved.bin", PODWRIGHT_ENDPOINT=f"127.0.0.1:{proxy.port}")
                    self.assertEqual(proxy.cuts, cuts + 1)
                    self.one_version(name)
                    self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
                    self.world.tofu(folder, "destroy", "-auto-approve")
        finally:
            proxy.close()

    def test_a_slow_control_plane_is_waited_for(self):
        folder = self.stack("slow")
        self.world.tofu(folder, "apply", "-auto-approve")
        self.stack("slow", length=24)
        self.world.daemon.send_signal(signal.SIGSTOP)
        waking = threading.Timer(5, lambda: self.world.daemon.send_signal(signal.SIGCONT))
        waking.start()
        try:
            self.world.tofu(folder, "apply", "-auto-approve")
        finally:
            waking.join()
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")

    def test_what_answers_but_is_no_control_plane_is_a_diagnostic(self):
        """Another server, with a certificate that the provider trusts."""
        folder = self.stack("other")
        key, crt = self.world.folder / "other.key", self.world.folder / "other.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "1", "-subj", "/CN=other", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", crt],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt, key)
        context.set_alpn_protocols(["h2"])
        answers = {"http": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "noise": os.urandom(20000),
                   "h2": b"\0\0\0\4\0\0\0\0\0" + os.urandom(300)}
        for what, answer in answers.items():
            with self.subTest(what):
                listener = socket.create_server(("127.0.0.1", 0))

                def serve(listener=listener, answer=answer):
                    while True:
                        try:
                            with context.wrap_socket(listener.accept()[0], server_side=True) as client:
                                client.recv(100)
                                client.sendall(answer)
                                client.recv(100000)
                        except ssl.SSLError:
                            continue
                        except OSError:
                            return
                threading.Thread(target=serve, daemon=True).start()
                said = self.text_of(folder, "plan", PODWRIGHT_ENDPOINT=f"127.0.0.1:{listener.getsockname()[1]}",
                                    PODWRIGHT_CA_FILE=str(crt))
                self.assertIn("secret/other: cannot be planned", said)
                listener.close()

    def test_each_source_of_the_settings_reaches_the_control_plane(self):
        context = json.loads(self.world.run("context", "show", "-o", "json"))
        text = self.world.context.read_text()
        token = next(line.split('"')[1] for line in text.splitlines() if line.strip().startswith("token:"))
        pem = "\n".join(line.strip() for line in text[text.index("-----BEGIN"):].splitlines()
                        if "-----" in line or line.strip().replace("+", "").replace("/", "").replace("=", "").isalnum())
        pem = pem[:pem.rindex("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
        ca = self.world.folder / "ca.pem"
        ca.write_text(pem)
        fingerprint = subprocess.run(["openssl", "x509", "-in", ca, "-noout", "-fingerprint", "-sha256"],
                                     capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
        endpoint = context["endpoint"]
        none = str(self.world.folder / "no-context.yaml")
        body = 'data "podwright_secrets" "all" {}\noutput "n" { value = data.podwright_secrets.all.names }\n'
        attributes = self.world.stack(
            'variable "token" {\n sensitive = true\n}\nprovider "podwright" {\n'
            f'  stack = "sources"\n  endpoint = "https://{endpoint}"\n  token = var.token\n  ca_fingerprint = "{fingerprint}"\n'
            '  workspace = "default"\n}\n' + body, "attributes")
        self.world.tofu(attributes, "plan", variables={"token": token}, PODWRIGHT_CONFIG=none)
        bare = self.world.stack('provider "podwright" {}\n' + body, "bare")
        variables = {"PODWRIGHT_ENDPOINT": endpoint, "PODWRIGHT_TOKEN": token, "PODWRIGHT_STACK": "sources",
                     "PODWRIGHT_CONFIG": none}
        self.world.tofu(bare, "plan", PODWRIGHT_CA=pem, **variables)
        self.world.tofu(bare, "plan", PODWRIGHT_CA_FILE=str(ca), **variables)
        self.world.tofu(bare, "plan", PODWRIGHT_CA_FINGERPRINT=fingerprint, **variables)
        self.world.tofu(bare, "plan", PODWRIGHT_STACK="sources")  # the rest from the context
        said = self.text_of(bare, "plan", PODWRIGHT_CA_FINGERPRINT="00" * 32, **variables)
        self.assertIn("No connection to the control plane", said)
        self.assertIn("No stack", self.text_of(bare, "plan"))
        self.assertIn("PODWRIGHT_TOKEN", self.text_of(bare, "plan", PODWRIGHT_STACK="s", PODWRIGHT_CONFIG=none))

    def test_an_unknown_configuration_at_plan_time_is_tolerated(self):
        folder = self.world.stack(
            'resource "terraform_data" "endpoint" {\n  input = "%s"\n}\n' % f"127.0.0.1:{self.world.api}" +
            'provider "podwright" {\n  stack = "unknown"\n  endpoint = terraform_data.endpoint.output\n}\n'
            'resource "podwright_secret" "s" {\n  name = "unknown"\n  generator = {}\n}\n', "unknown")
        said = self.world.tofu(folder, "plan")
        self.assertIn("podwright_secret.s", said)
        self.world.tofu(folder, "apply", "-auto-approve")
        self.one_version("unknown")
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")

    def test_default_labels_and_the_many(self):
        text = ('provider "podwright" {\n  stack = "labels"\n  default_labels = { team = "%s" }\n}\n'
                'resource "podwright_secret" "s" {\n  for_each = toset(["l-a", "l-b"])\n  name = each.key\n'
                '  labels = { one = each.key }\n  generator = {}\n}\n'
                'data "podwright_secrets" "a" {\n  labels = { one = "l-a", team = "%s" }\n'
                '  depends_on = [podwright_secret.s]\n}\n'
                'output "found" { value = data.podwright_secrets.a.secrets["l-a"].status.version }\n'
                'output "names" { value = data.podwright_secrets.a.names }\n')
        folder = self.world.stack(text % ("shop", "shop"), "labels")
        self.world.tofu(folder, "apply", "-auto-approve")
        self.assertEqual(json.loads(self.world.tofu(folder, "output", "-json", "names")), ["l-a"])
        self.world.tofu(folder, "plan", "-detailed-exitcode", "-refresh=false", code=0)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.stack(text % ("other", "other"), "labels")
        said = self.world.tofu(folder, "plan", "-detailed-exitcode", code=2)
        self.assertIn("effective_labels", said)
        self.world.tofu(folder, "apply", "-auto-approve")
        self.assertEqual(self.secret("l-b")[0]["labels"], {"one": "l-b", "team": "other"})
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0)
        self.world.tofu(folder, "destroy", "-auto-approve")


if __name__ == "__main__":
    main()
