"""What the bench borrows from the end-to-end tests: certificates, processes, ports, resources, a plain HTTP client."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

# pylint: disable=wrong-import-position,unused-import
from heddle_harness import http1, pki, resources  # noqa: E402,F401
from heddle_harness.metrics import Metrics  # noqa: E402,F401
from heddle_harness.ports import PortPool  # noqa: E402,F401
from heddle_harness.processes import ProcessGroup, wait_until  # noqa: E402,F401
