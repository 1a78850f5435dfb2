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


def servers(*names):
    return "".join(f"apiVersion: podwright.dev/v1\nkind: Server\nmetadata: {{name: {name}}}\nspec: {{}}\n---\n"
                   for name in names or ("one", "two", "three"))


def document(kind, name, spec):
    lines = "".join(f"  {line}\n" for line in spec.splitlines())
    return f"apiVersion: podwright.dev/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{lines}"


def database(more="", name="orders", members="[one, two]", version="15"):
    return document("Database", name, f"engine: postgresql\nversion: '{version}'\nmembers: {members}\n{more}")


def balancer(listeners, name="front", rest="routes: {all: {respond: {body: x}}}"):
    return document("LoadBalancer", name, f"servers: [one]\nlisteners: {{{listeners}}}\n{rest}")


def mesh(name, network, port):
    return document("Mesh", name, f"members: {{one: {{}}, two: {{}}}}\nrange: {network}\nport: {port}")


class ServicesThatCannotBe(Acceptance):
    """What can be known without any server is said when it is planned: with file, line and column, and what is wrong."""

    def refused(self, text, *expected):
        for verb in (self.world.plan, self.world.apply):
            with self.assertRaises(Failed) as failure:
                verb(servers() + text)
            said = failure.exception.out + failure.exception.err
            for words in (*expected, "plan.yaml:"):
                self.assertIn(words, said)
        self.assertEqual(self.world.json("get", "server"), [])

    def test_listeners_of_one_balancer_that_clash(self):
        self.refused(balancer("a: {port: 80}, b: {port: 80}"), 'listeners["b"].port', "a and b both want the port 80")

    def test_listeners_of_two_balancers_that_clash(self):
        self.refused(balancer("a: {port: 80}") + "---\n" + balancer("a: {port: 80}", "back"),
                     "the port 80 of the listener a is in use on server/one", "load_balancer/front")

    def test_a_listener_on_the_port_of_a_database_or_cache(self):
        self.refused(database() + "---\n" + balancer("a: {port: 5432}"), "server/one has the port 5432 twice",
                     "the listener a of load_balancer/front", "database/orders")
        self.refused(document("Cache", "sessions", "members: [one]") + "---\n" + balancer("a: {port: 6379}"),
                     "server/one has the port 6379 twice", "Redis of cache/sessions")

    def test_a_database_and_a_cache_of_one_name_in_a_mesh(self):
        self.refused(mesh("prod", "10.9.0.0/24", 51820) + "---\n" + database("mesh: prod") + "---\n" +
                     document("Cache", "orders", "members: [one]\nmesh: prod"), "both would be orders.prod.internal")

    def test_a_port_of_two_databases(self):
        self.refused(database() + "---\n" + database(name="stock"), "both have the port 5432", "database/stock")

    def test_a_member_twice(self):
        self.refused(database(members="[one, two, one]"), "members[2]", "first as element 0")
        self.refused(document("Cache", "sessions", "members: [one, one]"), "members[1]", "first as element 0")

    def test_a_parameter_that_is_podwrights_own(self):
        self.refused(database("parameters: {port: '1'}"), 'parameters["port"]', "Podwright sets port itself")

    def test_a_version_that_is_none(self):
        self.refused(database(version="15.3"), "version", "PostgreSQL's major version is a number")

    def test_a_commit_that_could_never_succeed(self):
        self.refused(database("sync: {count: 2}"), "sync.count", "no commit could ever succeed")

    def test_a_quorum_of_one(self):
        self.refused(document("Cache", "sessions", "members: [one, two]\nsentinel: {servers: [one, two, three], quorum: 1}"),
                     "sentinel.quorum", "less than the smallest value, 2")

    def test_too_few_sentinels(self):
        self.refused(document("Cache", "sessions", "members: [one, two]\nsentinel: {servers: [one, two]}"),
                     "sentinel.servers", "at least 3")

    def test_mesh_ranges_that_overlap(self):
        self.refused(mesh("a", "10.9.0.0/16", 51820) + "---\n" + mesh("b", "10.9.3.0/24", 51821),
                     "their ranges overlap: 10.9.3.0/24 and 10.9.0.0/16")

    def test_a_route_to_nobody(self):
        self.refused(balancer("a: {port: 80}", rest="routes: {all: {backend: nobody}}"), 'routes["all"].backend', "nobody")

    def test_a_key_of_an_apt_source_that_is_none(self):
        self.refused(document("Server", "four", "apt_sources: {pgdg: {uri: https://apt.example.org, suite: stable, "
                                                "components: [main], key: mQENBF}}"),
                     'apt_sources["pgdg"].key', "no armored PGP public key")

    def test_an_apt_source_that_no_member_declares(self):
        self.refused(database("apt_source: pgdg"), "server/one declares no apt source pgdg")


class AuditChain(Acceptance):
    def test_the_audit_log_verifies_and_a_noted_head_must_be_part_of_it(self):
        head = self.world.json("audit", "verify")["head"]
        self.world.apply(GOOD)
        self.world.run("audit", "verify", "--head", head)
        with self.assertRaises(Failed):
            self.world.run("audit", "verify", "--head", head[:-4] + ("AAAA" if head[-4:] != "AAAA" else "BBBB"))


if __name__ == "__main__":
    main()
