#!/usr/bin/env python3
"""Functions, ephemeral resources, identities, moves, provider_meta and deferral, under a real tofu or terraform.

usage: conformance_features_test.py PROVIDER_BINARY [unittest options]
"""

import json
import os
import signal
import subprocess

import conformance_case as case
from conformance_case import Case


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
        run = subprocess.Popen([case.CLI, "apply", "-auto-approve", "-no-color"], cwd=self.work, env=self.env, text=True,
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

    def test_write_only_value_left_by_a_move_is_named(self):
        self.write('resource "toy_file" "f" {\n  name = "leak"\n}\n')
        self.apply()
        self.write('resource "toy_note" "n" {\n  name = "leak"\n}\n'
                   "moved {\n  from = toy_file.f\n  to = toy_note.n\n}\n")
        output = self.run_cli("plan", expect=1, PODWRIGHT_SDK_CHECKS="1")
        self.assertIn(".secret_wo: Moving to toy_note returned a value for a write-only attribute", output)
        self.assertIn("0 to add, 0 to change", self.run_cli("plan", PODWRIGHT_SDK_CHECKS="0"))

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


if __name__ == "__main__":
    case.main()
