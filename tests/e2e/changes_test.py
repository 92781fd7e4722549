#!/usr/bin/env python3
"""A change is made by one of two who saw the same, seen before and after, waited for, told with who and why, undone."""

import json
import pathlib
import re
import shlex
import signal
import unittest

import nack_test
import watch_test
from heddle_harness import http1, resources
from heddle_harness.processes import wait_until
from heddle_harness.programs import version_of

_DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
_COMMAND = re.compile(r"(?m)^\$ heddle (.*)$")
_DIFFERENCES = 1
_FAILED_DIFF = 5
_CONFLICT = 4
_NOT_LIVE = 6


def only_content(listed):
    """Of `heddle show --all -o json`: every resource as sidecars get it, without what the server counts."""
    out = {}
    for item in json.loads(listed)["items"]:
        metadata = {name: value for name, value in item["metadata"].items()
                    if name not in ("uid", "resourceVersion", "generation")}
        out[item["kind"], metadata["namespace"], metadata["name"]] = json.dumps({**item, "metadata": metadata})
    return out


class ChangeCase(watch_test.WatchCase):
    def weighted(self, weight):
        return resources.to_yaml([resources.backend_set("app", [{**self.pair.address, "weight": weight}])])

    def apply(self, yaml, *words, check=True):
        return self.control.cli("apply", "-f", "-", *words, text=yaml, check=check)

    def newest(self):
        return self.control.status()["version"]

    def everything(self, version):
        return only_content(self.control.cli("show", version, "--all", "-o", "json").stdout)


class Changes(ChangeCase):
    def test_of_two_writers_who_saw_the_same_version_one_is_refused(self):
        seen = version_of(self.apply(self.weighted(11)).stdout)
        mine = version_of(self.apply(self.weighted(12), "--expect", seen, "--message", "mine").stdout)
        other = self.apply(self.weighted(13), "--expect", seen, check=False)
        self.assertEqual(other.returncode, _CONFLICT)
        self.assertIn(f"heddle diff --version {seen}", other.stderr)
        self.assertEqual(self.newest(), mine)
        shown = self.control.cli("diff", "--version", seen, check=False)
        self.assertEqual(shown.returncode, _DIFFERENCES)
        self.assertIn("weight: 12", shown.stdout)
        again = self.apply(self.weighted(13), "--expect", mine)
        self.assertNotEqual(version_of(again.stdout), mine)

    def test_author_and_message_outlive_the_control_plane(self):
        first = version_of(self.apply(self.weighted(21), "--message", "ticket #21, 100 % of it").stdout)
        self.control.process.kill()
        self.control.start()
        items = json.loads(self.control.cli("history", "-o", "json").stdout)["items"]
        row = next(item for item in items if item["version"] == first)
        self.assertEqual(row["message"], "ticket #21, 100 % of it")
        self.assertTrue(row["author"])
        self.assertEqual(row["changes"], 1)
        self.assertIn("ticket #21", self.control.cli("history", "backendset/app").stdout)
        self.assertNotIn("ticket #21", self.control.cli("history", "service/app").stdout)
        shown = self.control.cli("show", first).stdout
        self.assertIn("+++ BackendSet/default/app", shown)
        self.assertIn("weight: 21", shown)

    def test_a_rollback_restores_every_byte_as_a_new_version(self):
        extra = [resources.service("extra"), resources.backend_set("extra", [])]
        old = version_of(self.apply(resources.to_yaml(extra)).stdout)
        wanted = self.everything(old)
        self.apply(self.weighted(31))
        self.control.cli("delete", "svc/extra", "bs/extra")
        self.apply(resources.to_yaml([extra[1]]))  # the same name, another object
        late = self.newest()

        dry = self.control.cli("rollback", old, "--dry-run").stdout
        self.assertIn("service.heddle.dev/extra created (dry run)", dry)
        self.assertEqual(self.newest(), late)
        done = self.control.cli("rollback", old, "--message", "31 was wrong", "--wait")
        made = version_of(done.stdout)

        self.assertNotIn(made, (old, late))
        self.assertEqual(self.everything(made), wanted)
        self.assertEqual(self.control.cli("diff", "--version", old, "--to", made).returncode, 0)
        self.assertIn("31 was wrong", self.control.cli("history").stdout)
        wait_until(lambda: self.runs() == {one.name: made for one in self.pair.sidecars}, "both to run what came back")
        self.assertEqual(http1.get(self.pair.port).status, 200)

    def test_a_difference_has_the_exit_codes_of_kubectl(self):
        self.apply(self.weighted(41))
        before = self.newest()
        same = self.control.cli("diff", "-f", "-", text=self.weighted(41), check=False)
        other = self.control.cli("diff", "-f", "-", text=self.weighted(42), check=False)
        alone = resources.to_yaml([resources.service("nowhere")])
        dangling = self.control.cli("diff", "-f", "-", text=alone, check=False)
        self.assertEqual((same.returncode, same.stdout), (0, ""))
        self.assertEqual(other.returncode, _DIFFERENCES)
        self.assertIn("weight: 42", other.stdout)
        self.assertNotIn("resourceVersion", other.stdout)
        self.assertNotIn("\x1b", other.stdout)
        self.assertEqual(dangling.returncode, _FAILED_DIFF)
        self.assertIn("hint: apply that BackendSet in the same transaction or before", dangling.stderr)
        self.assertEqual(self.newest(), before)

    def test_what_is_in_no_file_is_pruned_in_the_same_version(self):
        web = [resources.service("web", ns="shop"), resources.backend_set("web", [], ns="shop")]
        old = [resources.service("old", ns="shop"), resources.backend_set("old", [], ns="shop")]
        elsewhere = [resources.service("extra", ns="other"), resources.backend_set("extra", [], ns="other")]
        before = version_of(self.apply(resources.to_yaml([*web, *old, *elsewhere])).stdout)
        files = resources.to_yaml(web)

        dry = self.apply(files, "-n", "shop", "--prune", "--dry-run").stdout
        self.assertIn("service.heddle.dev/old deleted (dry run)", dry)
        shown = self.control.cli("diff", "-f", "-", "-n", "shop", "--prune", text=files, check=False)
        self.assertEqual(shown.returncode, _DIFFERENCES, shown.stderr)
        self.assertIn("--- Service/shop/old\n+++ /dev/null", shown.stdout)
        plan = self.control.cli("plan", "-f", "-", "-n", "shop", "--prune", "--no-replay", text=files, check=False)
        self.assertIn("2 to delete", plan.stdout, plan.stderr)
        for words in (("-n", "shop", "--prune", "--expect", "1.1"), ("-n", "other", "--prune"), ("--prune",),
                      ("-n", "shop", "--prune", "--stages", "1%,100%")):
            self.assertNotEqual(self.apply(files, *words, check=False).returncode, 0, words)
        self.assertEqual(self.newest(), before)

        done = self.apply(files, "-n", "shop", "--prune", "--message", "tidy")
        self.assertIn("service.heddle.dev/web unchanged", done.stdout)
        self.assertIn("backendset.heddle.dev/old deleted", done.stdout)
        made = json.loads(self.control.cli("history", "--limit", "1", "-o", "json").stdout)["items"][0]
        self.assertEqual((made["version"], made["changes"], made["message"]), (version_of(done.stdout), 2, "tidy"))
        self.assertEqual(self.control.cli("get", "services", "-n", "shop", "-o", "name").stdout, "service.heddle.dev/web\n")
        self.assertIn("extra", self.control.cli("get", "services", "-n", "other", "-o", "name").stdout)

    def test_what_is_not_there_is_told_with_the_oldest_that_is(self):
        for words in (("show", "1.999999"), ("rollback", "1.999999"), ("show", "1.999999", "--all")):
            done = self.control.cli(*words, check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("the oldest that is kept is", done.stderr)

    def test_what_an_older_version_held_can_be_applied(self):
        old = version_of(self.apply(self.weighted(61)).stdout)
        for weight, output in ((62, "yaml"), (63, "json")):
            self.apply(self.weighted(weight))
            file = self.mesh.write(f"old.{output}", self.control.cli("show", old, "--all", "-o", output).stdout)
            self.control.cli("apply", "-f", file)
            self.assertIn("weight: 61", self.control.cli("get", "bs/app", "-o", "yaml").stdout)

    def test_a_delete_says_why(self):
        self.apply(resources.to_yaml([resources.backend_set("short", [])]))
        self.control.cli("delete", "bs/short", "--message", "no longer used")
        self.assertIn("no longer used", self.control.cli("history", "bs/short").stdout)


class Waiting(ChangeCase):
    def condition(self):
        document = json.loads(self.control.cli("get", "bs/app", "-o", "json").stdout)
        return next(one for one in document["status"]["conditions"] if one["type"] == "Programmed")

    def test_who_does_not_answer_is_named(self):
        stopped = self.pair.client
        self.control.wait_version(self.newest())
        stopped.process.signal(signal.SIGSTOP)
        self.addCleanup(stopped.process.signal, signal.SIGCONT)

        done = self.apply(self.weighted(51), "--wait", "--timeout", "5s", check=False)

        self.assertEqual(done.returncode, _NOT_LIVE, done.stderr)
        made = version_of(done.stdout)
        self.assertRegex(done.stderr, rf"{stopped.name} \(spiffe://\S+\) has not answered for \d+s, runs \d+\.\d+")
        self.assertNotIn(self.pair.server.name, done.stderr)
        self.assertEqual((self.condition()["status"], self.condition()["reason"]), ("False", "Pending"))
        stopped.process.signal(signal.SIGCONT)
        self.control.wait_version(made)
        wait_until(lambda: self.condition()["status"] == "True", "the change to be programmed")
        self.assertRegex(self.condition()["message"], r"on (\d+) of \1 sidecars")


class Refusal(ChangeCase):
    def test_a_refusal_ends_the_wait_and_stands_in_the_resource(self):
        self.control.process.kill()
        newer = nack_test.write_as_newer(self.control.data, lambda one: one["spec"].update({"warmup": "10s"}))
        self.control.start()
        wait_until(lambda: any(row.get("nack") for row in self.control.status()["sidecars"]), "a sidecar to refuse it")

        done = self.control.cli("wait", "--version", newer, "--timeout", "10m", check=False)

        self.assertEqual(done.returncode, 1)
        self.assertIn(f"refused {newer}", done.stderr)
        self.assertIn("spec.ports[0].backendSet", done.stderr)
        service = json.loads(self.control.cli("get", "svc/app", "-o", "json").stdout)
        condition = service["status"]["conditions"][0]
        self.assertEqual([condition[name] for name in ("type", "status", "reason")], ["Programmed", "False", "Refused"])
        self.assertIn("spec.ports[0].backendSet", condition["message"])
        mended = self.apply(resources.to_yaml(self.pair.resources), "--wait", "--timeout", "60s")
        self.assertRegex(mended.stdout, r"runs on \d+ sidecar")


class Docs(ChangeCase):
    """The commands of docs/changes.md, one after the other, against a mesh of their own."""

    _CODES = {"diff": (0, _DIFFERENCES)}

    def words_of(self, line, files):
        return [files if word == "mesh/" else word for word in shlex.split(line)]

    def test_every_command_of_the_page_works(self):
        page = (_DOCS / "changes.md").read_text(encoding="utf-8")
        first = self.newest()
        example = self.mesh.write("mesh.yaml", re.search(r"(?ms)^```yaml\n(.*?)^```$", page)[1])
        commands = _COMMAND.findall(page)
        self.assertGreater(len(commands), 7)
        for line in commands:
            with self.subTest(command=line):
                # The page has versions of its own: each stands for the first, what is expected for the newest.
                said = re.sub(r"--expect \d+\.\d+", f"--expect {self.newest()}", line)
                said = re.sub(r"(?<![\w.])1\.4\d\b", first, said)
                words = self.words_of(said, example)
                done = self.control.cli(*words, check=False)
                self.assertIn(done.returncode, self._CODES.get(words[0], (0,)), done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
