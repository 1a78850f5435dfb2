#!/usr/bin/env python3
"""Blocks, validators, plan modifiers, semantic equality, time limits and the schema's golden file, under a real tofu
or terraform.

usage: conformance_values_test.py PROVIDER_BINARY [unittest options]
UPDATE_GOLDEN=1 writes toy_schema.json anew.
"""

import json
import os
import re
import subprocess
import time
import unittest

import conformance_case as case
from conformance_case import Case

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "toy_schema.json")

MACHINE = """
resource "toy_machine" "m" {
  name    = "m"
  size    = "small"
  disk_gb = 20
  image   = "debian"
  labels  = { role = "db" }
  pauses  = ["60s", "1h30m"]
  windows = [{ day = "mon", length = "120m" }, { day = "tue", length = "30m" }]
  network {
    name        = "front"
    password_wo = "s3cret-block"
    route {
      to = "10.0.0.0/8"
    }
  }
  network {
    name = "back"
    mtu  = 9000
  }
  disk {
    label = "data"
    gb    = 10
  }
  disk {
    label = "log"
  }
  mount "srv" {
    path = "/srv"
  }
  boot {
    order = ["disk", "net"]
  }
}
"""


class Blocks(Case):
    def made(self):
        with open(os.path.join(self.objects, "m.machine")) as file:
            return json.load(file)

    def changed(self, old, new):
        self.assertIn(old, MACHINE)
        return MACHINE.replace(old, new)

    def test_every_nesting_lives_its_whole_life(self):
        self.write(MACHINE)
        plan = self.run_cli("plan", "-detailed-exitcode", expect=2)
        self.assertIn("mtu = 1500", plan)
        self.assertIn('title = "m/small"', plan)  # computed beforehand
        self.apply()
        self.assert_settled()
        made = self.made()
        self.assertEqual([n["address"] for n in made["network"]], ["192.168.0.1", "192.168.0.2"])
        self.assertEqual(made["network"][0]["route"], [{"to": "10.0.0.0/8", "metric": 0}])
        self.assertEqual(sorted(d["label"] for d in made["disk"]), ["data", "log"])
        self.assertEqual(made["mount"], {"srv": {"path": "/srv"}})
        self.assertEqual(made["boot"]["seconds"], 7)
        self.assertEqual(made["meta"], {"owner": None, "note": "made"})
        self.assertEqual(made["pauses"], ["1m", "1h30m"])
        with open(os.path.join(self.work, "terraform.tfstate")) as file:
            self.assertNotIn("s3cret", file.read())

        self.run_cli("state", "rm", "toy_machine.m")
        self.run_cli("import", "toy_machine.m", "m")
        self.assert_settled()
        self.run_cli("state", "rm", "toy_machine.m")
        self.write(MACHINE + 'import {\n  to = toy_machine.m\n  id = "m"\n}\n')
        self.assertIn("1 to import, 0 to add", self.run_cli("plan"))
        self.apply()
        self.assert_settled()
        self.run_cli("destroy", "-auto-approve")
        self.assertEqual(os.listdir(self.objects), [])

    def test_blocks_come_and_go(self):
        self.write(MACHINE)
        self.apply()
        body = self.changed('disk {\n    label = "log"\n  }\n', "").replace(
            'mount "srv" {\n    path = "/srv"\n  }', 'mount "opt" {\n    path = "/opt"\n  }\n  mount "tmp" {\n    path = "/t"\n  }')
        body = re.sub(r"  boot \{.*?\n  \}\n", "  meta {\n    owner = \"me\"\n  }\n", body, flags=re.S)
        self.write(body)
        self.assertIn("1 to change", self.run_cli("plan"))
        self.apply()
        self.assert_settled()
        self.assertEqual(sorted(self.made()["mount"]), ["opt", "tmp"])
        self.assertIsNone(self.made()["boot"])
        self.assertEqual(self.made()["meta"]["owner"], "me")

    def test_dynamic_blocks_of_unknown_number_are_planned(self):
        self.write('resource "terraform_data" "n" {\n  input = ["x", "y"]\n}\n' + self.changed(
            '  mount "srv" {\n    path = "/srv"\n  }\n',
            '  dynamic "disk" {\n    for_each = terraform_data.n.output\n    content {\n      label = disk.value\n    }\n  }\n'))
        self.apply()
        self.assert_settled()
        self.assertEqual(len(self.made()["disk"]), 4)

    def test_number_of_blocks_is_bounded(self):
        self.write(re.sub(r"  network \{.*?\n  \}\n(?=  disk)", "", MACHINE, flags=re.S))
        self.assertRegex(self.run_cli("validate", expect=1), r'(?i)at least 1 .*"?network"?')
        self.write(MACHINE + MACHINE.replace('"m"', '"n"').replace("  boot {", '  network {\n    name = "c"\n  }\n  network {\n    name = "d"\n  }\n  boot {'))
        self.assertRegex(self.run_cli("validate", expect=1), r'(?i)no more than 3 "?network"?')

    def test_data_source_with_blocks(self):
        self.write(MACHINE + 'data "toy_machines" "db" {\n  filter {\n    label  = "role"\n    values = ["db", "web"]\n  }\n'
                   '  timeouts {\n    read = "10s"\n  }\n  depends_on = [toy_machine.m]\n}\n'
                   'data "toy_machines" "none" {\n  filter {\n    label  = "role"\n    values = ["x"]\n  }\n  depends_on = [toy_machine.m]\n}\n'
                   'output "found" {\n  value = [length(data.toy_machines.db.names), length(data.toy_machines.none.names)]\n}\n')
        self.assertRegex(self.apply(), r"found = \[ 1, 0, \]")

    def test_block_of_the_provider_is_checked(self):
        head = case.HEAD
        self.write((head % self.objects).rstrip()[:-1] + "  retry {\n    attempts = 3\n  }\n}\n" + MACHINE, head=False)
        self.apply()
        self.write((head % self.objects).rstrip()[:-1] + "  retry {\n    attempts = 30\n  }\n}\n" + MACHINE, head=False)
        output = self.run_cli("validate", expect=1)
        self.assertIn("from 1 to 10", output)
        self.assertIn("attempts = 30", output)


class Values(Case):
    def machine(self, old, new):
        self.assertIn(old, MACHINE)
        self.write(MACHINE.replace(old, new))

    def refused(self, old, new, *texts):
        self.machine(old, new)
        output = self.run_cli("validate", expect=1)
        for text in texts:
            self.assertIn(text, output)

    def test_validators_name_the_setting(self):
        self.refused('name    = "m"', 'name    = "Big Name"', "lower-case letters", 'name = "Big Name"')
        self.refused('name    = "m"', 'name    = "abcdefghijklmnopqrstuvw"', "at most 20 characters")
        self.refused('size    = "small"', 'size    = "huge"', 'It must be "small" or "large".', 'size = "huge"')
        self.refused("disk_gb = 20", "disk_gb = 1001", "from 1 to 1000")
        self.refused("disk_gb = 20", "disk_gb = 1.5", "without a fraction")
        self.refused('"60s", "1h30m"', '"60s", "soon"', "Not a duration", 'pauses = ["60s", "soon"]')
        self.refused('"60s", "1h30m"', '"1s", "2s", "3s", "4s"', "at most 3 elements")
        self.refused('length = "120m"', 'length = "long"', "Not a duration", "windows")
        self.refused('role = "db"', 'much_too_long_a_key = "db"', "at most 10 characters")

    def test_settings_are_judged_together(self):
        self.refused('image   = "debian"', "", 'Exactly one of "image" or "snapshot" must be set')
        self.refused('image   = "debian"', 'image   = "debian"\n  user = "u"', '"key" is required together with "user"')
        self.refused('image   = "debian"', 'snapshot = "s"', 'Only one of "snapshot" or "boot.order" may be set', 'snapshot = "s"')
        self.machine('image   = "debian"', 'image   = "debian"\n  user = "u"\n  key = terraform_data.k.output')
        with open(os.path.join(self.work, "main.tf"), "a") as file:
            file.write('resource "terraform_data" "k" {\n  input = "k"\n}\n')
        self.apply()

    def test_modifiers_keep_promise_and_replace(self):
        self.write(MACHINE)
        self.apply()
        self.machine("disk_gb = 20", "disk_gb = 30")
        plan = self.run_cli("plan")
        self.assertIn("1 to change", plan)
        self.assertNotIn("~ address", plan)  # only a new size changes it
        self.machine("disk_gb = 20", "disk_gb = 10")
        self.assertRegex(self.run_cli("plan"), r"~ disk_gb = 20 -> 10 # forces replacement")
        self.machine('size    = "small"', 'size    = "large"')
        plan = self.run_cli("plan")
        self.assertRegex(plan, r'~ address = "10.0.0.1" -> \(known after apply\)')
        self.assertRegex(plan, r'~ title = "m/small" -> "m/large"')
        self.apply()
        self.assert_settled()
        self.machine('gb    = 10', 'gb    = 11')
        self.assertIn("forces replacement", self.run_cli("plan"))

    def test_refinement_of_an_unknown_value_reaches_core(self):
        self.write(MACHINE + 'output "known" {\n  value = toy_machine.m.address != null && startswith(toy_machine.m.address, "10.")\n}\n')
        self.assertRegex(self.run_cli("plan"), r"\+ known = true")

    def test_equal_meaning_inside_nested_values_is_no_change(self):
        self.write(MACHINE)
        self.apply()
        self.write(MACHINE.replace('"60s", "1h30m"', '"1m", "90m"').replace('"120m"', '"2h"'))
        self.run_cli("plan", "-detailed-exitcode")
        self.write(MACHINE.replace('"60s", "1h30m"', '"1m", "80m"'))
        self.run_cli("plan", "-detailed-exitcode", expect=2)
        self.apply()
        self.assert_settled()

    def test_dynamic_values_keep_null_and_type(self):
        self.write('resource "toy_data" "a" {\n  input = tostring(null)\n}\nresource "toy_data" "b" {\n'
                   '  input = { x = [1, "a", null], big = 18446744073709551617, small = 1e-400 }\n}\n'
                   'output "same" {\n  value = toy_data.b.output.big - toy_data.b.input.big\n}\n')
        self.apply()
        self.assert_settled()
        self.write('resource "toy_data" "a" {\n  input = [true, { x = "y" }]\n}\n')
        self.assertIn("1 to change, 1 to destroy", self.run_cli("plan"))
        self.apply()
        self.assert_settled()
        self.run_cli("state", "rm", "toy_data.a")
        self.assertIn("toy_data has no import", self.run_cli("import", "toy_data.a", "x", expect=1))
        self.apply()
        self.run_cli("destroy", "-auto-approve")
        self.assertEqual(self.state()["resources"], [])


class TimeLimits(Case):
    def with_timeouts(self, text, **more):
        body = MACHINE
        for key, value in more.items():
            body = body.replace('  image   = "debian"\n', '  image   = "debian"\n  %s = %s\n' % (key, value))
        self.write(body.replace('  image   = "debian"\n', '  image   = "debian"\n  timeouts = { %s }\n' % text))

    def test_operation_ends_when_its_time_is_over(self):
        self.with_timeouts('create = "1.5s"', wait=60)
        before = time.monotonic()
        output = self.apply(expect=1)
        self.assertLess(time.monotonic() - before, 30)
        self.assertIn("The create took too long", output)
        self.assertIn("broken off after 1s500ms", output)
        self.assertEqual(self.instance()["status"], "tainted")

    def test_reading_of_a_data_source_ends_when_its_time_is_over(self):
        self.write('data "toy_wrong" "d" {\n  fault = "slow"\n  timeouts = { read = "1s" }\n}\n')
        before = time.monotonic()
        output = self.run_cli("plan", expect=1)
        self.assertLess(time.monotonic() - before, 30)
        self.assertIn("The wait was cancelled: its time was over", output)  # asked to end, not killed
        self.assertIn("The read took too long", output)
        self.assertIn('broken off after 1s. Set "timeouts.read" to give it more time', output)
        self.assertRegex(output, r'in data "toy_wrong" "d": \d+: timeouts = \{ read = "1s" \}')
        self.assertNotIn("did not respond", output)
        self.write('data "toy_wrong" "d" {\n  fault = "none"\n  timeouts = { read = "1m" }\n}\n'
                   'output "o" {\n  value = data.toy_wrong.d\n}\n')
        self.assertIn('timeouts = { + read = "1m" }', self.run_cli("plan"))

    def test_timeouts_alone_change_no_object(self):
        self.with_timeouts('create = "1m"')
        self.apply()
        self.assert_settled()
        os.chmod(self.objects, 0o700)
        made = os.stat(os.path.join(self.objects, "m.machine")).st_mtime_ns
        self.with_timeouts('create = "2m", delete = "10s"')
        plan = self.run_cli("plan", "-detailed-exitcode", expect=2)
        self.assertNotIn("known after apply", plan)
        self.apply()
        self.assert_settled()
        self.assertEqual(os.stat(os.path.join(self.objects, "m.machine")).st_mtime_ns, made)
        self.assertEqual(self.instance()["attributes"]["timeouts"], {"create": "2m", "delete": "10s"})

    def test_bad_durations_are_named(self):
        self.with_timeouts('create = "soon"')
        self.assertIn("Not a duration", self.run_cli("validate", expect=1))
        self.with_timeouts('create = "-1s"')
        self.assertIn("more than nothing", self.run_cli("validate", expect=1))


class Golden(Case):
    def test_schema_is_the_one_in_the_tree(self):
        self.write("")
        done = json.loads(self.raw("providers", "schema", "-json"))
        schemas = [v for k, v in done["provider_schemas"].items() if k.endswith("podwright/toy")]
        text = json.dumps(schemas[0], indent=1, sort_keys=True) + "\n"
        if os.environ.get("UPDATE_GOLDEN"):
            with open(GOLDEN, "w") as file:
                file.write(text)
        with open(GOLDEN) as file:
            self.maxDiff = None
            self.assertEqual(file.read(), text, "UPDATE_GOLDEN=1 writes it anew")

    def raw(self, *arguments):
        done = subprocess.run([case.CLI, *arguments], cwd=self.work, env=self.env, text=True, timeout=60,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


if __name__ == "__main__":
    case.main()
