#!/usr/bin/env python3
"""A sidecar that is sent what it cannot obey says so, field by field, and serves on with what it had.

A control plane refuses at `apply` whatever it knows to be wrong. Its sidecars can be sent a whole that does not fit
together only after an upgrade back: what a newer version wrote is kept, but nobody who cannot read it gets it.
"""

import contextlib
import json
import os
import sqlite3
import unittest

import watch_test
from heddle_harness import http1, resources
from heddle_harness.processes import wait_until

_KEY = "BackendSet/default/app"
_FIELD = "spec.ports[0].backendSet"  # of the Service: it names a BackendSet that was not sent


def write_as_newer(folder, change):
    """Changes the BackendSet in the store of a control plane that does not run, as a version of its own, which is returned."""
    with contextlib.closing(sqlite3.connect(os.path.join(folder, "heddle.db"))) as db, db:
        (before,), = db.execute("SELECT bytes FROM resource WHERE key = ?", (_KEY,)).fetchall()
        resource = json.loads(before)
        change(resource)
        text = json.dumps(resource, separators=(",", ":"), sort_keys=True)
        (epoch, sequence), = db.execute("SELECT epoch, sequence + 1 FROM state").fetchall()
        db.execute("INSERT INTO undo SELECT ?, key, bytes, uid, generation, created, epoch, sequence FROM resource"
                   " WHERE key = ?", (sequence, _KEY))
        db.execute("UPDATE resource SET bytes = ?, generation = generation + 1, sequence = ? WHERE key = ?",
                   (text.encode(), sequence, _KEY))
        db.execute("UPDATE state SET sequence = ?", (sequence,))
        return f"{epoch}.{sequence}"


class Nack(watch_test.WatchCase):
    def row(self):
        rows = {row["node"]: row for row in self.control.status()["sidecars"]}
        return rows.get(self.pair.client.name, {})

    def test_it_names_the_field_and_keeps_what_it_had(self):
        had = self.control.status()["version"]
        self.control.process.kill()
        newer = write_as_newer(self.control.data, lambda resource: resource["spec"].update({"warmup": "10s"}))
        self.control.start()

        self.control.process.wait_log("spec.warmup")  # the control plane names what it cannot read
        wait_until(lambda: self.row().get("nack"), "the sidecar to refuse it")
        nack = self.row()["nack"]
        self.assertEqual(nack["version"], newer)
        self.assertEqual([error["path"] for error in nack["errors"]], [_FIELD])
        self.assertEqual(self.row()["runsVersion"], had)
        self.assertGreaterEqual(self.pair.client.metrics().total("heddle_config_updates_total", outcome="nack"), 1)
        shown = self.control.cli("status").stdout
        for word in ("refused", _FIELD, newer):
            self.assertIn(word, shown)
        for _ in range(20):
            self.assertEqual(http1.get(self.pair.port).status, 200)

        mended = self.control.apply(resources.to_yaml(self.pair.resources))
        wait_until(lambda: self.row().get("runsVersion") == mended, "the sidecar to run what was mended")
        self.assertIsNone(self.row().get("nack"))


if __name__ == "__main__":
    unittest.main()
