#!/usr/bin/env python3
"""Heddle's client of the Kubernetes API against a real kube-apiserver: the gtest suite that otherwise runs against the
double, by address. HEDDLE_BIN: where the programs and test binaries are (build/release/bin)."""

import os
import subprocess
import unittest

from cluster import FOLDER, Cluster

ROOT = os.path.dirname(os.path.dirname(FOLDER))
BIN = os.environ.get("HEDDLE_BIN") or os.path.join(ROOT, "build", "release", "bin")
TIME = 600  # s: hundreds of objects are made
SUITES = "KubeClientDouble.*:Ledgers/*Kubernetes:KubeLedgerShared.*:KubeReplicaSetTest.*"


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())

    def test_the_client_reads_watches_leads_and_reviews(self):
        done = subprocess.run(
            [os.path.join(BIN, "contract"), f"--gtest_filter={SUITES}"], capture_output=True, text=True, check=False,
            env=dict(self.cluster.environment(), HEDDLE_SOURCE_DIR=ROOT), timeout=TIME)

        self.assertEqual(done.returncode, 0, done.stdout[-8000:] + done.stderr[-2000:] + self.cluster.apiserver.tail())
        self.assertIn("[  PASSED  ]", done.stdout)


if __name__ == "__main__":
    unittest.main()
