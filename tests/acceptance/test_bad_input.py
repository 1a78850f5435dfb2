#!/usr/bin/env python3
"""Wrong input: refused with its place and what to do, and nothing applied."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Acceptance, Failed, main  # noqa: E402

GOOD = "apiVersion: podwright.dev/v1\nkind: Secret\nmetadata: {name: good}\nspec: {generator: {}}\n"

CASES = {
    "malformed YAML": (GOOD + "---\nkind: [\n", "plan.yaml:"),
    "unknown key": (GOOD.replace("generator", "generatr"), "generator"),
    "wrong type": (GOOD.replace("generator: {}", "generator: {length: many}"), "length"),
    "out of range": (GOOD.replace("generator: {}", "generator: {length: 2}"), "8"),
    "dangling reference": (
        "apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {name: a}\nspec: {secrets: {/etc/x: {secret: nobody}}}\n",
        "nobody"),
    "duplicate key": (GOOD.replace("{name: good}", "{name: good, name: bad}"), "plan.yaml:3"),
    "duplicate object": (GOOD + "---\n" + GOOD, "plan.yaml:"),
    "bad name": (GOOD.replace("name: good", "name: Not_Good"), "Not_Good"),
    "too deep": (GOOD.replace("generator: {}", "generator: " + "[" * 80 + "]" * 80), "plan.yaml:"),
    "anchor": (GOOD.replace("{generator: {}}", "&a {generator: {}}"), "anchor"),
    "unknown kind": (GOOD.replace("kind: Secret", "kind: Secrt"), "Secret"),
    "oversized": (GOOD + "# " + "x" * (1024 * 1024 + 10) + "\n", "1 MiB"),
}


class BadInput(Acceptance):
    def test_every_wrong_document_is_refused_with_its_place_and_nothing_is_applied(self):
        for name, (text, expected) in CASES.items():
            with self.subTest(name):
                with self.assertRaises(Failed) as failure:
                    self.world.apply(text)
                said = failure.exception.out + failure.exception.err
                self.assertIn(expected, said)
                self.assertIn("plan.yaml:", said)
        self.assertEqual(self.world.json("get", "secret"), [])

    def test_invalid_utf8_is_refused_with_its_place(self):
        folder = self.world.folder / "utf8"
        folder.mkdir()
        (folder / "plan.yaml").write_bytes(GOOD.encode() + b"# \xff\xfe\n")
        with self.assertRaises(Failed) as failure:
            self.world.run("apply", folder, "--yes")
        self.assertIn("plan.yaml:5", failure.exception.out + failure.exception.err)

    def test_validate_says_all_errors_of_a_folder_at_once(self):
        folder = self.world.folder / "many"
        folder.mkdir()
        (folder / "a.yaml").write_text(CASES["unknown key"][0])
        (folder / "b.yaml").write_text(CASES["bad name"][0])
        with self.assertRaises(Failed) as failure:
            self.world.run("validate", folder)
        said = failure.exception.out + failure.exception.err
        self.assertIn("a.yaml:", said)
        self.assertIn("b.yaml:", said)

    def test_a_viewers_token_cannot_apply_and_the_refusal_is_audited(self):
        made = self.world.json("token", "create", "--name", "looker", "--role", "viewer")
        folder = self.world.folder / "viewer"
        folder.mkdir()
        (folder / "plan.yaml").write_text(GOOD)
        own = dict(self.world.environment)
        self.world.environment["PODWRIGHT_TOKEN"] = made["secret"]
        try:
            self.world.run("get", "secret")
            with self.assertRaises(Failed) as failure:
                self.world.run("apply", folder, "--yes")
        finally:
            self.world.environment = own
        self.assertIn("operator", failure.exception.out + failure.exception.err)
        self.assertIn("refused", self.world.run("audit", "list"))
        self.assertEqual(self.world.json("get", "secret"), [])

    def test_a_stale_digest_is_refused_and_the_fact_is_named(self):
        folder = self.world.folder / "stale"
        folder.mkdir()
        (folder / "plan.yaml").write_text(GOOD.replace("good", "stale").replace("generator: {}", "generator: {length: 9}"))
        with self.assertRaises(Failed) as failure:
            self.world.run("apply", folder, "--yes", "--digest", "0" * 64)
        self.assertIn("stale", failure.exception.out + failure.exception.err)
        # A plan that was made before somebody else changed the object.
        planned = self.world.folder / "planned.json"
        self.world.run("plan", folder, "--out", planned)
        (folder / "plan.yaml").write_text(GOOD.replace("good", "stale").replace("generator: {}", "generator: {length: 10}"))
        self.world.run("apply", folder, "--yes")
        with self.assertRaises(Failed) as failure:
            self.world.run("apply", planned, "--yes")
        self.world.run("delete", "secret/stale", "--yes")
        self.assertIn("secret/stale", failure.exception.out + failure.exception.err)

    def test_a_second_control_plane_on_the_same_folder_is_refused(self):
        import subprocess
        argv = [str(a) for a in self.world.daemon_argv()]
        for flag in ("--api-listen", "--https-listen", "--agents-listen"):
            argv[argv.index(flag) + 1] = "127.0.0.1:0"
        started = time.monotonic()
        second = subprocess.run(argv, env=self.world.environment, capture_output=True, text=True, timeout=30, check=False)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(str(self.world.daemon.pid), second.stderr)
        self.assertLess(time.monotonic() - started, 20)


class AuditChain(Acceptance):
    def test_the_audit_log_verifies_and_a_noted_head_must_be_part_of_it(self):
        head = self.world.json("audit", "verify")["head"]
        self.world.apply(GOOD)
        self.world.run("audit", "verify", "--head", head)
        with self.assertRaises(Failed):
            self.world.run("audit", "verify", "--head", head[:-4] + ("AAAA" if head[-4:] != "AAAA" else "BBBB"))


if __name__ == "__main__":
    main()
