#!/usr/bin/env python3
"""`terraform test` over examples/terraform: each example and its .tftest.hcl, against a control plane of this test."""
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import ROOT, Acceptance, Failed, main  # noqa: E402

EXAMPLES = ROOT / "examples" / "terraform"


class Examples(Acceptance):
    def copy(self, example):
        """Terraform writes beside what it reads."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.world.folder)) / example
        shutil.copytree(EXAMPLES / example, folder)
        return folder

    def suite(self, example, *arguments, **options):
        said = self.world.tofu(self.copy(example), "test", *arguments, **options)
        self.assertRegex(said, r"Success! [1-9][0-9]* passed, 0 failed")
        return said

    def nothing_is_left(self):
        for kind in ("secret", "server"):
            self.assertEqual(self.world.json("get", kind), [])
        self.assertEqual(self.world.json("lab", "list"), [])

    def test_every_suite_is_run(self):
        suites = {str(p.parent.relative_to(EXAMPLES)) for p in EXAMPLES.rglob("*.tftest.hcl")}
        self.assertEqual(suites, {"secrets/tests", "web/tests", "web/tests-lab", "quickstart/tests"})

    def test_secrets(self):
        self.suite("secrets")
        self.nothing_is_left()
        opened = [e for e in self.world.json("audit", "list") if e["verb"] == "secret.open" and "read" in e["detail"]]
        self.assertTrue([e for e in opened if e["object"] == "secret/session-key" and e["actor"].startswith("token:")])

    def test_no_value_reaches_a_state_or_a_saved_plan(self):
        folder = self.copy("secrets")
        written = "written-3f9a17c0"
        variables = {"smtp_password": written}
        self.world.tofu(folder, "apply", "-auto-approve", variables=variables)
        self.world.tofu(folder, "plan", "-detailed-exitcode", code=0, variables=variables)
        self.world.tofu(folder, "plan", "-out", "plan.bin", variables=variables)
        state = self.world.tofu(folder, "state", "pull") + self.world.tofu(folder, "show", "-json", "plan.bin")
        self.assertNotIn(written, state)
        self.assertNotIn('"v1:', state)
        data = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "main.tf")
        self.assertNotIn(written.encode(), data)
        self.assertNotIn(written, self.world.log())
        self.world.tofu(folder, "destroy", "-auto-approve", variables=variables)

    def test_an_ephemeral_secret_is_refused_to_a_planner_and_explained(self):
        token = self.world.json("token", "create", "--name", "planner", "--role", "planner")["secret"]
        folder = self.world.stack(
            'provider "podwright" {\n  stack = "refused"\n}\nephemeral "podwright_secret" "s" {\n  name = "nowhere"\n}\n', "refused")
        with self.assertRaises(Failed) as failure:
            self.world.tofu(folder, "plan")
        self.assertIn("secret/nowhere: cannot be opened", failure.exception.out + failure.exception.err)
        with self.assertRaises(Failed) as failure:
            self.world.tofu(folder, "plan", PODWRIGHT_TOKEN=token)
        self.assertIn("it needs the role operator", " ".join((failure.exception.out + failure.exception.err).split()))

    def test_plans_of_servers(self):
        self.suite("web")
        self.suite("quickstart")
        self.nothing_is_left()

    def test_a_server_in_the_lab(self):
        self.suite("web", "-test-directory=tests-lab", timeout=900)
        self.nothing_is_left()


if __name__ == "__main__":
    main()
