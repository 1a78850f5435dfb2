#!/usr/bin/env python3
"""Drives the toy provider with a real tofu or terraform, without a network: resources and data sources, what
fails, the process.

usage: conformance_test.py PROVIDER_BINARY [unittest options]
"""

import json
import os
import re
import signal
import subprocess
import time
import zipfile

import conformance_case as case
from conformance_case import FULL, Case


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
        head = case.HEAD.replace('"%s"', "terraform_data.f.output")
        self.write(head + 'resource "terraform_data" "f" {\n  input = "%s"\n}\n' % self.objects + FULL % "one", head=False)
        self.assertIn("2 to add", self.run_cli("plan"))
        self.apply()
        self.assertEqual(self.object("a")["content"], "one")


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
        self.write((case.HEAD % "/nonexistent") + FULL % "one", head=False)
        self.assertIn("/nonexistent is not a folder", self.run_cli("plan", expect=1))

    def test_missing_import_is_an_error(self):
        self.write(FULL % "one")
        self.assertIn("Cannot import non-existent remote object", self.run_cli("import", "toy_file.a", "nope", expect=1))


class Process(Case):
    def test_by_hand_it_says_what_it_is(self):
        done = subprocess.run([case.PROVIDER], env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
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
        run = subprocess.Popen([case.CLI, "apply", "-auto-approve", "-no-color"], cwd=self.work, env=self.env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.eventually(lambda: os.path.exists(os.path.join(self.objects, "a.json")), "nothing was created")
        os.killpg(run.pid, signal.SIGINT)
        output, _ = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 1)
        self.assertIn("The host asked to stop", output)
        self.assertEqual(self.instance()["status"], "tainted")

    def test_killed_host_leaves_no_provider(self):
        self.write('resource "toy_file" "a" {\n  name = "a"\n  wait = 60\n}\n')
        run = subprocess.Popen([case.CLI, "apply", "-auto-approve"], cwd=self.work, env=self.env, stdout=subprocess.DEVNULL,
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
        server = subprocess.Popen([case.PROVIDER, "-debug"], env=self.env, text=True, stdout=subprocess.PIPE)
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

    def test_what_the_author_prints_is_in_the_hosts_log(self):
        self.write(FULL % "one")
        self.assertNotIn("printed to", self.apply(TOY_PRINTS="1"))
        log = self.run_cli("plan", TOY_PRINTS="1", TF_LOG="DEBUG")
        for when in ("before main", "before the handshake", "after the handshake"):
            self.assertIn("printed to stdout " + when, log)
            self.assertIn("printed to stderr " + when, log)
        self.assertRegex(log, r'unexpected data: \S*podwright/toy:stdout="?printed to stdout after the handshake')

    def test_binary_is_fully_static(self):
        with open(case.PROVIDER, "rb") as file:
            head = file.read(4096)
        if b"/ld-linux" in head:
            self.assertIn("asan", case.PROVIDER, "only sanitizer builds may be dynamic")


if __name__ == "__main__":
    case.main()
