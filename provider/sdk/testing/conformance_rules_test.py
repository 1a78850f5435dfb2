#!/usr/bin/env python3
"""Core's own rules, broken one after the other by toy_wrong under a real tofu or terraform: the SDK's checks say it
first and name the attribute; where they are off, core says it.

  planning
    a configured value is planned as configured            plan-value
    what is neither configured nor computed stays null     plan-absent
    write-only values are null, in every answer            plan-, apply-, read-write-only, import, move (features_test)
    nested attributes keep their count and keys            plan-count, plan-key
    blocks are as many as configured                       plan-block
    values fit the schema                                  plan-type
    a destroy plan is null                                 plan-destroy
    requires_replace names what the schema has             plan-path
    ... and counts only where the value has changed        plan-replace-same
    known values stay when core plans again                plan-twice, plan-final
  applying
    known planned values stay, with their elements         apply-value, -absent, -element, -vanish, -block
    what was promised of unknown values holds              apply-promise
    all is known                                           apply-unknown
    values fit the schema                                  apply-type
    an object is returned                                  apply-nothing, update-nothing
    nothing is left of what is deleted                     delete-keeps
    identities fit, are known and do not change            features_test, provider_service_test
  reading, importing, upgrading
    all is known and fits; no write-only values            read-…, import, data source; upgrade in returned_test.cc
  always
    a failed call is a diagnostic, never a gRPC status     …-throw

usage: conformance_rules_test.py PROVIDER_BINARY [unittest options]
"""

import conformance_case as case
from conformance_case import Case

BODY = """resource "toy_wrong" "w" {
  fault = "%s"
  value = %s
  items = ["a"]
  users = { a = { role = "r" } }
  part {
    name = "p"
  }
}
"""


class Rules(Case):
    def body(self, fault, value='"mine"'):
        self.write(BODY % (fault, value))

    def run_wrong(self, expected, *arguments, checks="1"):
        """What the CLI says of a fault: by the SDK's checks where they are on, by core where they are off."""
        output = self.run_cli(*arguments, expect=1, PODWRIGHT_SDK_CHECKS=checks)
        for text in expected:
            self.assertIn(text, output)
        self.assertEqual("found by its SDK's checks" in output, checks == "1", output)
        return output

    def run_refused(self, expected, *arguments):
        """What the SDK refuses whether or not the checks are on, since core would lose or misread it."""
        for checks in ("1", "0"):
            output = self.run_cli(*arguments, expect=1, PODWRIGHT_SDK_CHECKS=checks)
            for text in expected:
                self.assertIn(text, output)
            self.assertIn("This is a bug of the provider", output)
            self.assertNotIn("did not respond", output)
            self.assertNotIn("Plugin error", output)

    def plan(self, fault, *expected, core=None):
        with self.subTest(fault=fault):
            self.body(fault)
            self.run_wrong(["Provider produced invalid plan", *expected], "plan")
            self.run_wrong(["Provider produced invalid plan", core or expected[-1]], "plan", checks="0")

    def apply_wrong(self, fault, *expected, core):
        with self.subTest(fault=fault):
            for checks, texts in (("1", expected), ("0", (core,))):
                self.body(fault)
                self.run_wrong(["Provider produced inconsistent result after apply", *texts], "apply", "-auto-approve",
                               checks=checks)
                self.assertEqual(self.instance()["status"], "tainted")
                self.run_cli("state", "rm", "toy_wrong.w")


class Planning(Rules):
    def test_wrong_plans_are_named(self):
        self.plan("plan-value", '.value: planned value "other" does not match config value "mine"',
                  core='planned value cty.StringVal("other") does not match config value cty.StringVal("mine")')
        self.plan("plan-absent", '.absent: planned value "here" for a non-computed attribute',
                  core='planned value cty.StringVal("here") for a non-computed attribute')
        self.plan("plan-block", ".part: block count in plan (0) disagrees with count in config (1)",
                  core="block count in plan (0) disagrees with count in config (1)")
        self.plan("plan-count", ".users: count of elements in plan disagrees with count in config",
                  core="count in plan (cty.NumberIntVal(0)) disagrees with count in config (cty.NumberIntVal(1))")
        self.plan("plan-key", '.users["a"]: missing in plan', core='map key "a" from config is not present in plan')

    def test_path_that_the_schema_has_not_is_named(self):
        self.body("plan-path")
        self.run_wrong(["invalid plan", "requires_replace has the path .nowhere.x"], "plan")

    def test_replacement_for_what_has_not_changed_counts_for_nothing(self):
        self.body("plan-replace-same")
        self.apply(PODWRIGHT_SDK_CHECKS="1")
        self.write((BODY % ("plan-replace-same", '"mine"')).replace('role = "r"', 'role = "s"'))
        self.assertIn("0 to add, 1 to change, 0 to destroy", self.run_cli("plan", PODWRIGHT_SDK_CHECKS="1"))
        self.body("plan-replace-same", '"new"')
        self.assertIn("1 to add, 0 to change, 1 to destroy", self.run_cli("plan", PODWRIGHT_SDK_CHECKS="1"))

    def test_destroy_plan_must_be_null(self):
        self.body("plan-destroy")
        self.apply(PODWRIGHT_SDK_CHECKS="1")
        self.run_wrong(["planned a non-null destroy value"], "destroy", "-auto-approve")
        self.run_wrong(["planned a non-null destroy value"], "destroy", "-auto-approve", checks="0")

    def test_plan_that_differs_each_time_is_seen(self):
        self.body("plan-twice")
        self.run_wrong(["inconsistent final plan", '.made: was "call '], "plan")

    def test_plan_that_changes_once_all_is_known_is_seen_before_the_apply(self):
        self.write('resource "terraform_data" "d" {\n  input = "known later"\n}\n'
                   + BODY % ("plan-final", "terraform_data.d.output"))
        self.run_wrong(["inconsistent final plan", '.made: was "early", but now "late"',
                        "when the unknown values of the configuration were known"], "plan")
        self.run_cli("plan", PODWRIGHT_SDK_CHECKS="0")
        self.run_wrong(["inconsistent final plan", 'was cty.StringVal("early"), but now cty.StringVal("late")'],
                       "apply", "-auto-approve", checks="0")

    def test_value_of_a_wrong_type_is_named(self):
        self.body("plan-type")
        self.run_refused(["made: a string is required"], "plan")

    def test_exception_is_a_diagnostic(self):
        self.body("plan-throw")
        self.run_refused(["the toy is broken"], "plan")


class Applying(Rules):
    def test_wrong_results_are_named(self):
        self.apply_wrong("apply-value", '.value: was "mine", but now "other"',
                         core='.value: was cty.StringVal("mine"), but now cty.StringVal("other")')
        self.apply_wrong("apply-absent", '.absent: was null, but now "here"',
                         core='.absent: was null, but now cty.StringVal("here")')
        self.apply_wrong("apply-element", ".items[1]: new element has appeared", core="new element 1 has appeared")
        self.apply_wrong("apply-vanish", ".items[0]: element has vanished", core="element 0 has vanished")
        self.apply_wrong("apply-block", ".part: block count changed from 1 to 0", core="block count changed from 1 to 0")

    def test_broken_promise_is_named(self):
        self.body("apply-promise")
        self.run_wrong(["inconsistent result", '.made: was promised to be begins with "his", but is now "mine"'],
                       "apply", "-auto-approve")

    def test_what_core_could_not_keep_is_refused(self):
        for fault, expected in {"apply-unknown": "unknown value for .made", "apply-type": "made: a string is required",
                                "apply-nothing": "created nothing", "apply-throw": "the toy is broken"}.items():
            with self.subTest(fault=fault):
                self.body(fault)
                self.run_refused([expected], "apply", "-auto-approve")

    def test_update_that_loses_the_object_keeps_it(self):
        self.body("none")
        self.apply()
        self.body("update-nothing")
        self.run_refused(["The provider lost the object"], "apply", "-auto-approve")
        self.assertEqual(self.instance()["attributes"]["fault"], "none")

    def test_object_returned_by_a_delete_is_gone_all_the_same(self):
        self.body("delete-keeps")
        self.apply()
        self.run_cli("destroy", "-auto-approve")
        self.assertEqual(self.state()["resources"], [])


class WriteOnly(Rules):
    def leaks(self, operation, *arguments):
        for fault, place in (("write-only", ".secret_wo"), ("write-only-nested", '.users["a"].password_wo')):
            with self.subTest(operation=operation, fault=fault):
                self.body(operation + "-" + fault)
                before = self.apply(PODWRIGHT_SDK_CHECKS="0") if operation == "read" else ""
                self.assertNotIn("leak", before)
                output = self.run_wrong([place + ": ", "returned a value for a write-only attribute"], *arguments)
                self.assertNotIn("leak", output)
                # Where the checks are off, the value is dropped and the log says so.
                output = self.run_cli(*arguments, PODWRIGHT_SDK_CHECKS="0", TF_LOG_PROVIDER="WARN")
                self.assertIn("the provider returned a value for a write-only attribute, which is dropped", output)
                self.assertIn(place.split(".")[-1], output)
                self.assertNotIn("leak", output)
                if operation != "plan":
                    self.assertIsNone(self.instance()["attributes"]["secret_wo"])
                    self.run_cli("state", "rm", "toy_wrong.w")

    def test_values_in_a_plan_are_named(self):
        self.leaks("plan", "plan")

    def test_values_in_a_result_are_named(self):
        self.leaks("apply", "apply", "-auto-approve")

    def test_values_in_what_is_read_are_named(self):
        self.leaks("read", "plan")

    def test_values_in_what_is_imported_are_named(self):
        self.body("none")
        for fault, place in (("write-only", ".secret_wo"), ("write-only-nested", '.users["a"].password_wo')):
            output = self.run_wrong([place + ": Importing toy_wrong returned a value for a write-only attribute"],
                                    "import", "toy_wrong.w", fault)
            self.assertNotIn('"leak"', output)


class Reading(Rules):
    def test_what_core_could_not_keep_is_refused(self):
        for fault, expected in {"read-unknown": "Reading left an unknown value for .made",
                                "read-type": "made: a string is required", "read-throw": "the toy is broken"}.items():
            with self.subTest(fault=fault):
                self.body(fault)
                self.apply()
                self.run_refused([expected], "plan")
                self.run_cli("state", "rm", "toy_wrong.w")

    def test_wrong_imports_are_refused(self):
        self.body("none")
        for fault, expected in {"unknown": "Importing left an unknown value for .made",
                                "type": "made: a string is required", "nothing": "imported nothing",
                                "throw": "the toy is broken"}.items():
            with self.subTest(fault=fault):
                self.run_refused([expected], "import", "toy_wrong.w", fault)

    def test_wrong_data_sources_are_refused(self):
        for fault, expected in {"unknown": "Reading left an unknown value for .made",
                                "type": "made: a string is required", "nothing": "The data source returned nothing",
                                "throw": "the toy is broken"}.items():
            with self.subTest(fault=fault):
                self.write('data "toy_wrong" "d" {\n  fault = "%s"\n}\n' % fault)
                self.run_refused([expected], "plan")


if __name__ == "__main__":
    case.main()
