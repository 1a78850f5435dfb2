#!/usr/bin/env python3
"""Drives the toy provider with a real tofu or terraform, without a network.

usage: conformance_test.py PROVIDER_BINARY [unittest options]
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

PROVIDER = None
CLI = shutil.which("tofu") or shutil.which("terraform")

HEAD = """
terraform {
  required_providers {
    toy = { source = "podwright/toy" }
  }
}
provider "toy" {
  folder = "%s"
}
"""

FULL = """
resource "toy_file" "a" {
  name              = "a"
  content           = "%s"
  ttl               = "60s"
  ratio             = 0.1
  enabled           = true
  tags              = { x = "1" }
  numbers           = [1, -2.5, 18446744073709551616, 0.3]
  ports             = [443, 80]
  anything          = { deep = [1, "x", null] }
  secret_wo         = "s3cret-text"
  secret_wo_version = 1
  owner             = { name = "o" }
  users             = { app = { roles = ["w", "r"], password_wo = "s3cret-nested" }, web = {} }
  rules             = [{ port = 1 }, { port = 2 }]
  labels            = [{ key = "k" }, { key = "j", value = "no" }]
}
"""


class Case(unittest.TestCase):
    """A folder with a configuration, the toy's objects and the CLI's settings."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="toy")
        self.addCleanup(shutil.rmtree, self.root, True)
        self.objects = os.path.join(self.root, "objects")
        self.sockets = os.path.join(self.root, "s")
        self.work = os.path.join(self.root, "work")
        for folder in (self.objects, self.sockets, self.work):
            os.mkdir(folder)
        rc = os.path.join(self.root, "cli.rc")
        with open(rc, "w") as file:
            file.write('provider_installation {\n  dev_overrides { "podwright/toy" = "%s" }\n}\n' % os.path.dirname(PROVIDER))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "PODWRIGHT_"))}
        self.env = dict(kept, TF_CLI_CONFIG_FILE=rc, CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1", TMPDIR=self.sockets)

    def tearDown(self):
        deadline = time.monotonic() + 10
        while os.listdir(self.sockets) and time.monotonic() < deadline:
            time.sleep(0.05)  # the provider unlinks its socket as it ends
        self.assertEqual(os.listdir(self.sockets), [], "sockets left behind")

    def write(self, body, head=True):
        with open(os.path.join(self.work, "main.tf"), "w") as file:
            file.write((HEAD % self.objects if head else "") + body)

    def run_cli(self, *arguments, expect=0, **env):
        done = subprocess.run([CLI, *arguments, "-no-color"], cwd=self.work, env=dict(self.env, **env), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout)
        return re.sub(r"[\s│]+", " ", done.stdout)

    def apply(self, expect=0, **env):
        return self.run_cli("apply", "-auto-approve", expect=expect, **env)

    def assert_settled(self):
        self.run_cli("plan", "-refresh=false", "-detailed-exitcode")
        self.run_cli("plan", "-detailed-exitcode")
        # Not by exit code: Terraform 1.11 answers 2 here for any resource with a sensitive attribute.
        self.assertIn("still matches the configuration", self.run_cli("plan", "-refresh-only"))

    def object(self, name):
        with open(os.path.join(self.objects, name + ".json")) as file:
            return json.load(file)

    def state(self):
        with open(os.path.join(self.work, "terraform.tfstate")) as file:
            return json.load(file)

    def instance(self, index=0):
        return self.state()["resources"][index]["instances"][0]

    def providers(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as file:
                    mine = ("TMPDIR=" + self.sockets).encode() in file.read().split(b"\0")
                if mine and os.readlink("/proc/%s/exe" % pid) == PROVIDER:
                    found.append(int(pid))
            except OSError:
                continue
        return found

    def eventually(self, condition, what):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)


class Lifecycle(Case):
    def test_create_update_import_destroy_leaves_nothing(self):
        self.write(FULL % "one")
        plan = self.run_cli("plan", "-detailed-exitcode", expect=2)
        self.assertIn('mode = "0644"', plan)  # a default
        self.assertIn("size = 3", plan)  # promised by ModifyPlan
        self.assertIn("digest = (known after apply)", plan)
        self.apply()
        self.assert_settled()
        made = self.object("a")
        self.assertEqual(made["numbers"], [1, -2.5, 18446744073709551616, 0.3])
        self.assertEqual(made["users"]["app"]["token"], "token-app")
        self.assertEqual(made["owner"]["uid"], 1000)

        self.write(FULL % "two")
        plan = self.run_cli("plan", "-detailed-exitcode", expect=2)
        self.assertIn("0 to add, 1 to change, 0 to destroy", plan)
        self.assertNotRegex(plan, r"~ id ")  # use_state_for_unknown
        self.apply()
        self.assertEqual(self.object("a")["content"], "two")
        self.assert_settled()

        self.run_cli("state", "rm", "toy_file.a")
        self.run_cli("import", "toy_file.a", "a")
        self.assert_settled()
        self.run_cli("state", "rm", "toy_file.a")
        self.write(FULL % "two" + 'import {\n  to = toy_file.a\n  id = "a"\n}\n')
        self.assertIn("1 to import, 0 to add, 0 to change", self.run_cli("plan"))
        self.apply()
        self.assert_settled()

        self.assertIn("An enabled file goes", self.run_cli("destroy", "-auto-approve"))
        self.assertEqual(os.listdir(self.objects), [])
        self.assertEqual(self.state()["resources"], [])

    def test_saved_plan_is_applied(self):
        self.write(FULL % "one")
        self.run_cli("plan", "-out=plan.bin")
        self.run_cli("apply", "plan.bin")
        self.assert_settled()

    def test_write_only_values_reach_the_provider_and_nothing_else(self):
        self.write(FULL % "one")
        self.run_cli("plan", "-out=plan.bin")
        self.run_cli("apply", "plan.bin")
        with open(os.path.join(self.objects, "a.secret")) as file:
            self.assertEqual(file.read(), "s3cret-text")
        with open(os.path.join(self.work, "terraform.tfstate")) as file:
            self.assertNotIn("s3cret", file.read())
        with zipfile.ZipFile(os.path.join(self.work, "plan.bin")) as archive:
            for name in archive.namelist():
                if name == "tfplan" or name.startswith("tfstate"):
                    self.assertNotIn(b"s3cret", archive.read(name), name)
        self.write((FULL % "one").replace("s3cret-text", "s3cret-new"))
        self.run_cli("plan", "-detailed-exitcode")  # a write-only value alone changes nothing
        self.write((FULL % "one").replace("s3cret-text", "s3cret-new").replace("version = 1", "version = 2"))
        self.apply()
        with open(os.path.join(self.objects, "a.secret")) as file:
            self.assertEqual(file.read(), "s3cret-new")

    def test_data_source_reads(self):
        self.write(FULL % "one" + 'data "toy_file" "a" {\n  name = toy_file.a.id\n}\n'
                   'output "content" {\n  value = data.toy_file.a.content\n}\n')
        self.assertIn('content = "one"', self.apply())
        self.assert_settled()

    def test_drift_is_seen_and_repaired(self):
        self.write(FULL % "one")
        self.apply()
        changed = self.object("a")
        changed["content"] = "drifted"
        with open(os.path.join(self.objects, "a.json"), "w") as file:
            json.dump(changed, file)
        self.assertIn('"drifted" -> "one"', self.run_cli("plan", "-detailed-exitcode", expect=2))
        self.apply()
        self.assertEqual(self.object("a")["content"], "one")

    def test_object_gone_is_planned_anew(self):
        self.write(FULL % "one")
        self.apply()
        os.unlink(os.path.join(self.objects, "a.json"))
        self.assertIn("1 to add", self.run_cli("plan"))

    def test_equal_meaning_keeps_the_prior_spelling(self):
        self.write(FULL % "one")
        self.apply()
        self.write((FULL % "one").replace("60s", "1m"))
        self.run_cli("plan", "-detailed-exitcode")
        self.write((FULL % "one").replace("60s", "2m"))
        self.run_cli("plan", "-detailed-exitcode", expect=2)

    def test_rename_replaces(self):
        self.write(FULL % "one")
        self.apply()
        self.write((FULL % "one").replace('name              = "a"', 'name              = "b"'))
        self.assertIn("forces replacement", self.run_cli("plan"))
        self.apply()
        self.assertEqual(self.object("b")["id"], "b")
        self.assertFalse(os.path.exists(os.path.join(self.objects, "a.json")))

    def test_nested_elements_come_and_go(self):
        self.write(FULL % "one")
        self.apply()
        self.write((FULL % "one").replace(", web = {}", ", new = {}").replace("{ port = 1 }, ", "")
                   .replace('{ key = "k" }', '{ key = "n" }'))
        self.apply()
        self.assert_settled()
        self.assertEqual(sorted(self.object("a")["users"]), ["app", "new"])

    def test_old_state_is_upgraded(self):
        self.write('resource "toy_file" "a" {\n  name = "a"\n  content = "one"\n}\n')
        self.apply()
        state = self.state()
        instance = state["resources"][0]["instances"][0]
        instance["schema_version"] = 0
        instance["attributes"] = {"id": "a", "name": "a", "text": "one", "gone": [1, 2], "size": 3,
                                  "digest": instance["attributes"]["digest"], "mode": "0644"}
        state["serial"] += 1
        with open(os.path.join(self.work, "terraform.tfstate"), "w") as file:
            json.dump(state, file)
        self.run_cli("plan", "-refresh=false", "-detailed-exitcode")
        state["resources"][0]["instances"][0]["schema_version"] = 99
        state["serial"] += 1
        with open(os.path.join(self.work, "terraform.tfstate"), "w") as file:
            json.dump(state, file)
        self.assertIn("newer", self.run_cli("plan", expect=1))

    def test_unknown_provider_settings_are_tolerated(self):
        head = HEAD.replace('"%s"', "terraform_data.f.output")
        self.write(head + 'resource "terraform_data" "f" {\n  input = "%s"\n}\n' % self.objects + FULL % "one", head=False)
        self.assertIn("2 to add", self.run_cli("plan"))
        self.apply()
        self.assertEqual(self.object("a")["content"], "one")


class Functions(Case):
    def value(self, call, expect=0, **env):
        self.write('output "o" {\n  value = provider::toy::%s\n}\n' % call)
        output = self.run_cli("plan", expect=expect, PODWRIGHT_SDK_CHECKS="1", **env)
        return output.split("o = ", 1)[1].split(" You can apply", 1)[0].strip() if expect == 0 else output

    def test_functions_take_and_give_every_form(self):
        self.assertEqual(self.value('join("-", "a", "b", "c")'), '"a-b-c"')
        self.assertEqual(self.value('join("-")'), '""')
        self.assertEqual(self.value('seconds("2m")'), "120")
        self.assertEqual(self.value('first(null, "x")'), '"x"')
        self.assertEqual(self.value("echo({ a = [1, null, { b = 0.1 }] })"),
                         "{ + a = [ + 1, + null, + { + b = 0.1 }, ] }")
        self.assertEqual(self.value('describe({ name = "n" }).size'), '"none"')
        self.assertEqual(self.value('describe({ name = "n", size = 1 }).size'), '"some"')

    def test_errors_name_the_argument(self):
        output = self.value('join("-", "a", "")', expect=1)
        self.assertIn('Invalid value for "parts" parameter: A part must not be empty', output)
        self.assertIn('Invalid value for "text" parameter: Not a duration', self.value('seconds("soon")', expect=1))
        self.assertIn("There is nothing to describe", self.value('describe({ name = "" })', expect=1))
        self.assertIn('Invalid value for "text" parameter', self.value("seconds(null)", expect=1))

    def test_unknown_arguments_reach_only_functions_that_take_them(self):
        body = ('resource "terraform_data" "d" {\n  input = "90s"\n}\n'
                'output "seconds" {\n  value = provider::toy::seconds(terraform_data.d.output)\n}\n'
                'output "first" {\n  value = provider::toy::first("known", terraform_data.d.output)\n}\n')
        self.write(body)
        plan = self.run_cli("plan")
        self.assertIn("seconds = (known after apply)", plan)
        self.assertIn('first = "known"', plan)
        self.assertIn("seconds = 90", self.apply())
        self.run_cli("plan", "-detailed-exitcode")

    def test_checks_name_the_fault_of_a_wrong_function(self):
        self.assertIn("the toy is broken", self.value('wrong("throw")', expect=1))
        self.assertIn("result is not of its type: a string is required", self.value('wrong("type")', expect=1))
        self.assertIn("unknown though its arguments are known", self.value('wrong("unknown")', expect=1))
        self.assertIn("two results for the same arguments", self.value('wrong("random")', expect=1))


class Ephemerals(Case):
    def setUp(self):
        super().setUp()
        self.journal = os.path.join(self.root, "journal")

    def token(self, rest=""):
        return 'ephemeral "toy_token" "t" {\n  name = "t"\n  journal = "%s"\n%s}\n' % (self.journal, rest)

    def words(self):
        with open(self.journal) as file:
            words = file.read().split()
        os.unlink(self.journal)
        return words

    def test_token_is_open_for_one_run_and_kept_nowhere(self):
        self.write(self.token() + 'resource "toy_file" "a" {\n  name = "a"\n'
                   "  secret_wo = ephemeral.toy_token.t.value\n  secret_wo_version = 1\n}\n")
        self.run_cli("validate")
        self.run_cli("plan", "-out=plan.bin")
        self.assertEqual(self.words(), ["open", "close"])
        self.run_cli("apply", "plan.bin")
        self.assertEqual(self.words(), ["open", "close"])
        with open(os.path.join(self.objects, "a.secret")) as file:
            self.assertEqual(file.read(), "t0ken-of-t")
        with open(os.path.join(self.work, "terraform.tfstate")) as file:
            self.assertNotIn("t0ken", file.read())
        self.assert_settled()
        self.run_cli("destroy", "-auto-approve")
        self.assertEqual(os.listdir(self.objects), [])

    def test_token_is_renewed_while_the_run_lasts(self):
        self.write(self.token("  renew_seconds = 1\n") + 'resource "toy_file" "a" {\n  name = "a"\n  wait = 4\n'
                   "  secret_wo = ephemeral.toy_token.t.value\n}\n")
        self.apply()
        words = self.words()
        self.assertIn("renew", words)
        self.assertEqual((words.count("open"), words.count("close")), (2, 2))
        self.assertEqual(os.listdir(self.objects).count("t.open"), 0)

    def test_interrupted_run_closes_what_is_open(self):
        self.write(self.token() + 'resource "toy_file" "a" {\n  name = "a"\n  wait = 60\n'
                   "  secret_wo = ephemeral.toy_token.t.value\n}\n")
        run = subprocess.Popen([CLI, "apply", "-auto-approve", "-no-color"], cwd=self.work, env=self.env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.eventually(lambda: os.path.exists(os.path.join(self.objects, "a.json")), "nothing was created")
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=30)
        self.eventually(lambda: not self.providers(), "the provider outlives its host")
        self.assertEqual(self.words(), ["open", "close", "open", "close"])

    def test_failed_run_closes_what_is_open(self):
        self.write(self.token() + 'resource "toy_file" "a" {\n  name = "a"\n  fail = "create"\n'
                   "  secret_wo = ephemeral.toy_token.t.value\n}\n")
        self.apply(expect=1)
        self.assertEqual(self.words(), ["open", "close", "open", "close"])

    def test_bad_and_absent_tokens_are_named(self):
        self.write(self.token().replace('name = "t"', 'name = "a/b"'))
        self.assertIn("Names have no slashes", self.run_cli("validate", expect=1))
        self.write(self.token().replace('name = "t"', 'name = "none"'))
        self.assertIn("There is none of that name", self.run_cli("plan", expect=1))

    def test_deferral_without_a_client_that_waits_says_what_to_do(self):
        self.write(self.token('  wait_for = "a.json"\n'))
        self.assertIn("-target", self.run_cli("plan", expect=1))

    def test_checks_name_the_fault_and_close_what_was_opened(self):
        faults = {"nothing": "neither an object nor an error", "unknown": "unknown value for .made",
                  "type": "made: a string is required", "value": ".fault: planned value",
                  "absent": ".absent: planned value", "renew": "has no renewal"}
        for fault, expected in faults.items():
            with self.subTest(fault=fault):
                self.write('ephemeral "toy_wrong" "w" {\n  fault = "%s"\n  journal = "%s"\n}\n' % (fault, self.journal))
                self.assertIn(expected, self.run_cli("plan", expect=1, PODWRIGHT_SDK_CHECKS="1"))
                self.assertEqual(self.words(), ["open", "close"])

    def test_core_agrees_where_the_checks_are_off(self):
        self.write('ephemeral "toy_wrong" "w" {\n  fault = "value"\n}\n')
        output = self.run_cli("plan", expect=1, PODWRIGHT_SDK_CHECKS="0")
        self.assertIn("Provider produced invalid", output)
        self.assertNotIn("SDK's checks", output)


class Notes(Case):
    NOTE = 'resource "toy_note" "n" {\n  name = "n"\n  text = "one"\n}\n'

    def note(self):
        with open(os.path.join(self.objects, "n.note")) as file:
            return json.load(file)

    def test_lifecycle_of_a_resource_with_an_identity(self):
        self.write(self.NOTE)
        self.apply()
        self.assert_settled()
        self.write(self.NOTE.replace("one", "two"))
        self.apply()
        self.assertEqual(self.note()["text"], "two")
        self.assert_settled()
        self.run_cli("state", "rm", "toy_note.n")
        self.run_cli("import", "toy_note.n", "n")
        self.assert_settled()
        self.run_cli("state", "rm", "toy_note.n")
        self.write(self.NOTE.replace("one", "two") + 'import {\n  to = toy_note.n\n  id = "n"\n}\n')
        self.assertIn("1 to import, 0 to add, 0 to change", self.run_cli("plan"))
        self.apply()
        self.assert_settled()
        self.run_cli("destroy", "-auto-approve")
        self.assertEqual(os.listdir(self.objects), [])

    def test_module_speaks_to_the_provider(self):
        self.write(self.NOTE + 'terraform {\n  provider_meta "toy" {\n    module_name = "m"\n  }\n}\n')
        self.apply()
        self.assertEqual(self.note()["module"], "m")
        self.assert_settled()
        self.run_cli("destroy", "-auto-approve")

    def move(self, before, source):
        self.write(before)
        self.apply()
        self.write('resource "toy_note" "n" {\n  name = "n"\n}\nmoved {\n  from = %s\n  to = toy_note.n\n}\n' % source)
        plan = self.run_cli("plan", "-detailed-exitcode", expect=2)
        self.assertIn("%s has moved to toy_note.n" % source, plan.replace("# ", ""))
        self.assertIn("0 to add, 0 to change, 0 to destroy", plan)
        self.apply()
        self.assertEqual(self.instance()["attributes"]["id"], "note:n")
        self.assertIsNone(self.instance()["attributes"]["secret_wo"])
        self.assert_settled()
        self.run_cli("destroy", "-auto-approve")
        self.assertFalse(os.path.exists(os.path.join(self.objects, "n.note")))

    def test_object_moves_between_types_of_the_provider(self):
        self.move('resource "toy_file" "f" {\n  name = "n"\n}\n', "toy_file.f")

    def test_object_moves_between_providers(self):
        self.move('resource "terraform_data" "d" {\n  input = "n"\n}\n', "terraform_data.d")

    def test_move_that_nobody_can_is_refused(self):
        self.write('resource "toy_wrong" "w" {\n  fault = "none"\n}\n')
        self.apply()
        self.write('resource "toy_note" "n" {\n  name = "n"\n}\nmoved {\n  from = toy_wrong.w\n  to = toy_note.n\n}\n')
        self.assertIn("toy_note cannot take over the state of toy_wrong", self.run_cli("plan", expect=1))
        self.write('resource "toy_file" "f" {\n  name = "n"\n}\nmoved {\n  from = toy_wrong.w\n  to = toy_file.f\n}\n')
        self.assertIn("toy_file cannot take over the state of toy_wrong", self.run_cli("plan", expect=1))

    def test_unknown_value_left_by_a_move_is_named(self):
        self.write('resource "toy_file" "f" {\n  name = "unknown"\n}\n')
        self.apply()
        self.write('resource "toy_note" "n" {\n  name = "unknown"\n}\n'
                   "moved {\n  from = toy_file.f\n  to = toy_note.n\n}\n")
        self.assertIn("Moving left an unknown value for .id", self.run_cli("plan", expect=1))

    def test_deferral_without_a_client_that_waits_says_what_to_do(self):
        self.write(self.NOTE.replace("}", '  wait_for = "other"\n}'))
        output = self.run_cli("plan", expect=1)
        self.assertIn("Planning toy_note must wait, since something that must exist first does not exist yet", output)
        self.assertIn("-target", output)

    def test_faulty_identities_are_named(self):
        faults = {"identity-type": "does not fit its schema", "identity-null": ".name: null, though an import needs it",
                  "identity-unknown": ".id: unknown, though the object is there",
                  "identity-change": 'identity .name changed from "n" to "other"'}
        for fault, expected in faults.items():
            with self.subTest(fault=fault):
                self.write(self.NOTE.replace("}", '  fault = "%s"\n}' % fault))
                self.assertIn(expected, self.apply(expect=1, PODWRIGHT_SDK_CHECKS="1"))
                for leftover in ("terraform.tfstate", "terraform.tfstate.backup"):
                    if os.path.exists(os.path.join(self.work, leftover)):
                        os.unlink(os.path.join(self.work, leftover))


class Faults(Case):
    def test_failed_create_keeps_the_object_tainted(self):
        self.write('resource "toy_file" "a" {\n  name = "a"\n  fail = "create"\n}\n')
        self.assertIn("Half of it is there", self.apply(expect=1))
        self.assertEqual(self.instance()["status"], "tainted")
        self.assertEqual(self.instance()["attributes"]["name"], "a")
        self.run_cli("destroy", "-auto-approve")
        self.assertEqual(os.listdir(self.objects), [])

    def test_exception_in_create_keeps_the_object_tainted(self):
        self.write('resource "toy_file" "a" {\n  name = "a"\n  fail = "throw"\n}\n')
        self.assertIn("the toy is broken", self.apply(expect=1))
        self.assertEqual(self.instance()["status"], "tainted")

    def test_failed_update_and_delete_keep_what_was(self):
        self.write('resource "toy_file" "a" {\n  name = "a"\n  content = "one"\n}\n')
        self.apply()
        self.write('resource "toy_file" "a" {\n  name = "a"\n  content = "two"\n  fail = "update"\n}\n')
        self.assertIn("Nothing was changed", self.apply(expect=1))
        self.assertEqual(self.instance()["attributes"]["content"], "one")
        self.write('resource "toy_file" "a" {\n  name = "a"\n  content = "two"\n  fail = "delete"\n}\n')
        self.apply()
        self.assertIn("It is still there", self.run_cli("destroy", "-auto-approve", expect=1))
        self.assertEqual(self.instance()["attributes"]["content"], "two")

    def test_bad_settings_are_named(self):
        self.write((FULL % "one").replace("60s", "soon"))
        output = self.run_cli("validate", expect=1)
        self.assertIn("Not a duration", output)
        self.assertIn('ttl = "soon"', output)
        self.write((FULL % "one").replace('name              = "a"', 'name              = "a/b"'))
        self.assertIn("Names have no slashes", self.run_cli("validate", expect=1))
        self.write((HEAD % "/nonexistent") + FULL % "one", head=False)
        self.assertIn("/nonexistent is not a folder", self.run_cli("plan", expect=1))

    def test_missing_import_is_an_error(self):
        self.write(FULL % "one")
        self.assertIn("Cannot import non-existent remote object", self.run_cli("import", "toy_file.a", "nope", expect=1))

    def wrong(self, fault, expected, operation="apply", **env):
        self.write('resource "toy_wrong" "w" {\n  fault = "%s"\n  value = "mine"\n  items = ["a"]\n}\n' % fault)
        arguments = ["-auto-approve"] if operation == "apply" else []
        output = self.run_cli(operation, *arguments, expect=1, PODWRIGHT_SDK_CHECKS="1", **env)
        for text in expected:
            self.assertIn(text, output)
        self.assertIn("found by its SDK's checks" if fault not in ("unknown", "type", "nothing") else "bug of the provider",
                      output)

    def test_checks_name_the_attribute_of_a_wrong_plan(self):
        self.wrong("plan-value", ["invalid plan", '.value: planned value "other" does not match config value "mine"'], "plan")
        self.wrong("plan-absent", ['.absent: planned value "here" for a non-computed attribute'], "plan")

    def test_checks_name_the_attribute_of_a_wrong_result(self):
        self.wrong("apply-value", ["inconsistent result after apply", '.value: was "mine", but now "other"'])

    def test_checks_name_a_new_element(self):
        self.wrong("apply-element", [".items[1]: new element has appeared"])

    def test_unknown_left_after_apply_is_named(self):
        self.wrong("unknown", ["unknown value for .made"])

    def test_value_of_a_wrong_type_is_named(self):
        self.wrong("type", ["made: a string is required"])

    def test_create_of_nothing_is_an_error(self):
        self.wrong("nothing", ["created nothing"])

    def test_core_agrees_where_the_checks_are_off(self):
        self.write('resource "toy_wrong" "w" {\n  fault = "apply-value"\n  value = "mine"\n}\n')
        output = self.apply(expect=1, PODWRIGHT_SDK_CHECKS="0")
        self.assertIn("Provider produced inconsistent result after apply", output)
        self.assertNotIn("SDK's checks", output)


class Process(Case):
    def test_by_hand_it_says_what_it_is(self):
        done = subprocess.run([PROVIDER], env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertIn("is a plugin of OpenTofu and Terraform", done.stderr)
        self.assertIn('source = "', done.stderr)

    def test_without_tls(self):
        self.write(FULL % "one")
        self.apply(TF_DISABLE_PLUGIN_TLS="1")

    def test_log_levels(self):
        self.write(FULL % "one")
        self.assertIn("the provider ends", self.run_cli("plan", TF_LOG_PROVIDER="TRACE"))
        self.assertNotIn("the provider ends", self.run_cli("plan", TF_LOG_PROVIDER="TRACE", TF_LOG_PROVIDER_TOY="ERROR"))

    def test_closing_does_not_wait(self):
        self.write(FULL % "one")
        before = time.monotonic()
        self.run_cli("plan")
        self.assertLess(time.monotonic() - before, 5)  # three processes; each that must be killed costs 2 s

    def test_interrupt_ends_a_waiting_apply(self):
        self.write('resource "toy_file" "a" {\n  name = "a"\n  wait = 60\n}\n')
        run = subprocess.Popen([CLI, "apply", "-auto-approve", "-no-color"], cwd=self.work, env=self.env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.eventually(lambda: os.path.exists(os.path.join(self.objects, "a.json")), "nothing was created")
        os.killpg(run.pid, signal.SIGINT)
        output, _ = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 1)
        self.assertIn("The host asked to stop", output)
        self.assertEqual(self.instance()["status"], "tainted")

    def test_killed_host_leaves_no_provider(self):
        self.write('resource "toy_file" "a" {\n  name = "a"\n  wait = 60\n}\n')
        run = subprocess.Popen([CLI, "apply", "-auto-approve"], cwd=self.work, env=self.env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
        self.eventually(lambda: os.path.exists(os.path.join(self.objects, "a.json")), "nothing was created")
        self.assertTrue(self.providers())
        run.kill()
        run.wait()
        self.eventually(lambda: not self.providers(), "the provider outlives its host")

    def test_crash_is_shown_to_the_user(self):
        self.write('resource "toy_file" "a" {\n  name = "a"\n  fail = "crash"\n}\n')
        output = self.apply(expect=1)
        self.assertIn("plugin crashed", output)
        self.assertIn("panic: terminated", output)

    def test_debug_mode_serves_several_runs(self):
        server = subprocess.Popen([PROVIDER, "-debug"], env=self.env, text=True, stdout=subprocess.PIPE)
        self.addCleanup(server.stdout.close)
        try:
            reattach = None
            while reattach is None:
                line = server.stdout.readline()
                self.assertTrue(line, "no TF_REATTACH_PROVIDERS")
                match = re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line)
                reattach = match and match.group(1)
            self.write(FULL % "one")
            self.apply(TF_REATTACH_PROVIDERS=reattach)
            self.run_cli("plan", "-detailed-exitcode", TF_REATTACH_PROVIDERS=reattach)
            self.assertIsNone(server.poll())
        finally:
            server.send_signal(signal.SIGINT)
            self.assertEqual(server.wait(timeout=20), 0)

    def test_version_5_only_is_refused(self):
        env = dict(self.env, PLUGIN_PROTOCOL_VERSIONS="5",
                   TF_PLUGIN_MAGIC_COOKIE="d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
        done = subprocess.run([PROVIDER], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("plugin protocol 6", done.stderr)

    def test_binary_is_fully_static(self):
        with open(PROVIDER, "rb") as file:
            head = file.read(4096)
        if b"/ld-linux" in head:
            self.assertIn("asan", PROVIDER, "only sanitizer builds may be dynamic")


if __name__ == "__main__":
    if CLI is None:
        sys.exit("neither tofu nor terraform is on PATH: https://opentofu.org/docs/intro/install/")
    PROVIDER = os.path.realpath(sys.argv.pop(1))
    unittest.main()
