#!/usr/bin/env python3
"""The kind `secret`: made, set, rotated, delivered; in clear nowhere but in the delivered file."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Acceptance, Failed, eventually, main  # noqa: E402

VALUE = "correct-horse-battery-staple-4711"

PLAN = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: brought}
spec: {}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {name: made}
spec:
  generator: {length: 64, alphabet: hex}
---
apiVersion: podwright.dev/v1
kind: Server
metadata: {name: keeper}
spec:
  cloud: lab
  secrets:
    /etc/made: {secret: made}
"""
WITH_BROUGHT = PLAN + "    /etc/brought: {secret: brought}\n"


class SecretOnTheLab(Acceptance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world.apply(PLAN)

    def sh(self, command, **options):
        return self.world.shell("keeper", command, **options)

    def test_a_generated_secret_is_delivered_0600(self):
        self.assertEqual(self.sh("stat -c '%a %s' /etc/made").strip(), "600 64")
        self.assertRegex(self.sh("cat /etc/made"), "^[0-9a-f]{64}$")

    def test_who_needs_a_value_that_is_not_there_waits_and_says_which_command_brings_it(self):
        applying = self.world.begin_apply(WITH_BROUGHT.replace("brought", "missing"))
        said = []
        for line in applying.stdout:
            said.append(line)
            if line.startswith("waiting") and "podwright secret set missing" in line:
                self.world.run("secret", "set", "missing", stdin=VALUE)
        self.assertEqual(applying.wait(60), 0, "".join(said))
        self.assertEqual(self.sh("cat /etc/missing"), VALUE)
        self.world.apply(PLAN)
        self.assertEqual(self.sh("ls /etc/missing 2>&1; true").count("No such file"), 1)

    def test_a_set_secret_reaches_the_server_and_nothing_else(self):
        self.world.run("secret", "set", "brought", stdin=VALUE)
        self.world.apply(WITH_BROUGHT)
        self.assertEqual(self.sh("cat /etc/brought"), VALUE)
        # data/lab holds the disks of the lab's servers, where the delivered file is meant to be.
        found = subprocess.run(["grep", "-rlaF", "--exclude-dir=lab", VALUE, str(self.world.folder)], capture_output=True,
                               text=True, check=False)
        self.assertEqual(found.stdout, "", "the value stands in clear in the control plane's files")
        # On the server: in the delivered file, nowhere in the agent's state, journal or the system's log.
        inside = self.sh(f"grep -rlaF '{VALUE}' /etc /var/lib/podwright-agent 2>/dev/null; true").split()
        self.assertEqual(inside, ["/etc/brought"])
        logged = self.sh("journalctl --no-pager -u podwright-agent | grep -cF '" + VALUE + "'; true")
        self.assertEqual(logged.strip(), "0")
        for arguments in (["get", "secret", "-o", "json"], ["describe", "secret/brought"], ["events"], ["run", "list", "-o", "json"]):
            self.assertNotIn(VALUE, self.world.run(*arguments))

    def test_rotation_reaches_the_server(self):
        before = self.sh("cat /etc/made")
        self.world.run("secret", "rotate", "made")
        eventually("the new value", lambda: self.sh("cat /etc/made") != before, 60)
        self.assertRegex(self.sh("cat /etc/made"), "^[0-9a-f]{64}$")

    def test_a_plaintext_value_in_a_document_is_refused(self):
        with self.assertRaises(Failed) as failure:
            self.world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: plain}\nspec: {value: abc}\n")
        text = failure.exception.out + failure.exception.err
        self.assertIn("plan.yaml:4", text)
        self.assertIn("podwright secret set", text)


RICH = """
apiVersion: podwright.dev/v1
kind: Secret
metadata: {{name: tls}}
spec:
  generator:
    certificate: {{common_name: shop, names: [shop.example.org], addresses: [127.0.0.1], duration: 30d}}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {{name: deploy}}
spec:
  generator: {{key_pair: {{algorithm: ed25519}}}}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {{name: account}}
spec: {{parts: [user, password]}}
---
apiVersion: podwright.dev/v1
kind: Secret
metadata: {{name: sealed}}
spec: {{sealed: {sealed}}}
---
apiVersion: podwright.dev/v1
kind: Server
metadata: {{name: rich}}
spec:
  cloud: lab
  files:
    /etc/systemd/system/counter.service:
      content: |
        [Unit]
        Description=Counts its reloads
        [Service]
        ExecStart=/bin/sleep infinity
        ExecReload=/bin/sh -c 'echo reload >> /var/lib/reloads'
        [Install]
        WantedBy=multi-user.target
      restarts: [counter.service]
  units:
    counter.service: {{}}
  secrets:
    /etc/tls/shop.crt: {{secret: tls, key: certificate, mode: "0644", reloads: [counter.service]}}
    /etc/tls/shop.key: {{secret: tls, key: private_key, reloads: [counter.service]}}
    /etc/tls/ca.crt: {{secret: tls, key: ca, mode: "0644"}}
    /root/.ssh/id_ed25519: {{secret: deploy, key: ssh_private_key}}
    /root/.ssh/id_ed25519.pub: {{secret: deploy, key: ssh_public_key, mode: "0644"}}
    /etc/first-certificate: {{secret: tls, key: certificate, version: 1}}
    /etc/sealed: {{secret: sealed}}
    /etc/account: {{secret: account, key: password}}
"""
SEALED = "sealed-battery-staple-0815"
PASSWORD = "account-battery-staple-2342"


class RichSecretsOnTheLab(Acceptance):
    """Parts, key pairs, certificates, sealed and pinned values."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        key = world.folder / "seal.key"
        key.write_text(world.run("secret", "seal-key"))
        # With the key alone: no control plane is asked.
        cls.sealed = world.run("secret", "seal", "sealed", "--key", key, stdin=SEALED).strip()
        for name in ("user", "password"):
            (world.folder / name).write_text(PASSWORD if name == "password" else "app")
        world.apply("apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: account}\nspec: {parts: [user, password]}\n")
        world.run("secret", "set", "account", "--part", f"user={world.folder}/user", "--part", f"password={world.folder}/password")
        for name in ("user", "password"):
            (world.folder / name).unlink()
        world.apply(RICH.format(sealed=cls.sealed))

    def sh(self, command, **options):
        return self.world.shell("rich", command, **options)

    def test_the_parts_of_a_certificate_fit_together_and_its_key_is_for_its_owner_only(self):
        self.sh("openssl verify -CAfile /etc/tls/ca.crt /etc/tls/shop.crt")
        self.assertIn("shop.example.org", self.sh("openssl x509 -in /etc/tls/shop.crt -noout -ext subjectAltName"))
        self.assertEqual(self.sh("openssl x509 -in /etc/tls/shop.crt -noout -pubkey"), self.sh("openssl pkey -in /etc/tls/shop.key -pubout"))
        self.assertEqual(self.sh("stat -c %a /etc/tls/shop.key /etc/tls/shop.crt").split(), ["600", "644"])

    def test_an_ssh_key_pair_is_one_that_openssh_takes(self):
        private = self.sh("ssh-keygen -y -f /root/.ssh/id_ed25519").split()[:2]
        self.assertEqual(self.sh("cat /root/.ssh/id_ed25519.pub").split()[:2], private)

    def test_a_sealed_value_arrives_and_one_for_another_name_is_refused_when_it_is_planned(self):
        self.assertEqual(self.sh("cat /etc/sealed"), SEALED)
        other = self.world.run("secret", "seal", "other", stdin=SEALED).strip()
        with self.assertRaises(Failed) as failure:
            self.world.plan(RICH.format(sealed=other))
        self.assertIn("podwright secret seal sealed", failure.exception.out + failure.exception.err)

    def test_a_rotation_reaches_every_file_reloads_its_unit_and_leaves_the_pinned_one(self):
        first = self.sh("cat /etc/tls/shop.crt")
        self.sh("rm -f /var/lib/reloads")
        before = self.world.json("secret", "who-uses", "tls")
        said = self.world.run("secret", "rotate", "tls")
        self.assertIn("has version", said)
        # The command has followed the run to its end.
        self.assertNotEqual(self.sh("cat /etc/tls/shop.crt"), first)
        self.sh("openssl verify -CAfile /etc/tls/ca.crt /etc/tls/shop.crt")
        self.assertEqual(self.sh("openssl x509 -in /etc/tls/shop.crt -noout -pubkey"), self.sh("openssl pkey -in /etc/tls/shop.key -pubout"))
        self.assertEqual(self.sh("cat /var/lib/reloads").split(), ["reload"])
        self.sh("openssl verify -CAfile /etc/tls/ca.crt /etc/first-certificate")
        self.assertNotEqual(self.sh("cat /etc/first-certificate"), self.sh("cat /etc/tls/shop.crt"))
        after = self.world.json("secret", "who-uses", "tls")
        self.assertEqual(int(after["version"]), int(before["version"]) + 1)
        (consumer,) = after["consumers"]
        self.assertEqual((consumer["object"]["name"], consumer["server"]), ("rich", "rich"))
        self.assertEqual(sorted(map(int, consumer["has"])), [1, int(after["version"])])
        self.assertTrue(consumer["pinned"])
        self.assertIn("up to date", self.world.run("secret", "who-uses", "tls"))

    def test_nothing_is_in_clear_but_in_the_delivered_files(self):
        key = self.sh("sed -n 2p /etc/tls/shop.key").strip()
        for value, path in ((SEALED, "/etc/sealed"), (PASSWORD, "/etc/account"), (key, "/etc/tls/shop.key")):
            found = subprocess.run(["grep", "-rlaF", "--exclude-dir=lab", value, str(self.world.folder)],
                                   capture_output=True, text=True, check=False)
            self.assertEqual(found.stdout, "", "a value stands in clear in the control plane's files")
            inside = self.sh(f"grep -rlaF -- '{value}' /etc /root /var/lib/podwright-agent /var/log 2>/dev/null; true").split()
            self.assertEqual(inside, [path])
            for place in ("cmdline", "environ"):
                seen = self.sh(f"for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/{place} 2>/dev/null | grep -v grep | grep -cF -- '{value}'; done "
                               "| sort -u; true")
                self.assertNotIn("1", seen.split()[1:])
            plan = self.world.plan(RICH.format(sealed=self.sealed))
            for text in (plan, self.world.log(), self.world.run("get", "secret", "-o", "json"), self.world.run("events")):
                self.assertNotIn(value, text)


if __name__ == "__main__":
    main()
