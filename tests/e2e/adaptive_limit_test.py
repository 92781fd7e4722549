#!/usr/bin/env python3
"""A sidecar that limits what its application has to do at once: how much comes in, who is refused first, and what the
caller, the metrics and `heddle explain` are told. The application answers when it is told to."""

import unittest

from heddle_harness import http1, resources
from heddle_harness.held import HeldApp
from heddle_harness.mesh import ControlledPair, MeshTestCase, Pair
from heddle_harness.processes import wait_until

_BATCH = {"priority": "low", "to": [{"paths": [{"type": "PathPrefix", "value": "/batch"}]}]}
_CHECKOUT = {"priority": "high", "to": [{"paths": [{"type": "PathPrefix", "value": "/checkout"}]}]}


class Application(HeldApp):
    """Holds everything but health probes."""

    def holds(self, target):
        return target != "/healthz"


def _limits(least, most, *rules):
    overload = {"adaptiveConcurrency": {"minLimit": least, "maxLimit": most}}
    return {"overload": {**overload, **({"priorities": list(rules)} if rules else {})}}


class LimitCase(MeshTestCase):
    """Helpers of both groups; `server` is the sidecar of the application, `port` where callers ask."""

    def setUp(self):
        self.application.begin()
        self.addCleanup(self.application.release)

    def ask(self, target, *headers):
        client = http1.Client(self.port)
        self.addCleanup(client.close)
        client.send(http1.request_bytes("GET", target, headers))
        return client

    def hold(self, target):
        client = self.ask(target)
        wait_until(lambda: target in self.application.arrived, f"{target} at the application")
        return client

    def wait_limit(self, limit):
        wait_until(lambda: self.server.metrics().total("heddle_inbound_concurrency_limit") == limit,
                   f"the limit of {limit}")

    def judged(self, priority, outcome):
        return self.server.metrics().total("heddle_inbound_priority_requests_total", priority=priority,
                                           outcome=outcome)

    def assert_refused(self, answer, priority, limit):
        self.assertEqual((answer.status, answer.header("heddle-reason"), answer.header("retry-after")),
                         (503, f"overload; cause=limit; priority={priority}; limit={limit}", "1"))


class FromFiles(LimitCase):
    def start(self, overload):
        pair = Pair(self.mesh, self.application.app.port, name=self.mesh.next_name(), workers=1)
        name = pair.resources[0]["metadata"]["name"]
        workload = resources.workload(name, self.mesh.spiffe_id(name), [name], **overload)
        self.mesh.write(f"{name}.yaml", resources.to_yaml([*pair.resources, workload]))
        for sidecar in (pair.server, pair.client):
            self.addCleanup(sidecar.kill)
        pair.start()
        self.server, self.port = pair.server, pair.port

    @classmethod
    def build(cls):
        cls.application = Application()
        cls.addClassCleanup(cls.application.close)

    def test_the_application_never_has_more_than_the_limit(self):
        self.start(_limits(4, 4))
        self.wait_limit(4)
        held = [self.hold(f"/held/{number}") for number in range(4)]

        for number in range(20):
            self.assert_refused(http1.get(self.port, f"/more/{number}"), "default", 4)

        self.assertEqual(self.application.most, 4)
        self.assertEqual(self.server.metrics().total("heddle_inbound_concurrency"), 4)
        self.assertEqual(self.judged("default", "limit"), 20)
        self.application.release()
        self.assertEqual([client.response().status for client in held], [200] * 4)
        wait_until(lambda: http1.get(self.port, "/again").status == 200, "room again")
        self.assertLessEqual(self.application.most, 4)

    def test_a_crowd_gets_in_up_to_the_limit(self):
        self.start(_limits(5, 5))
        self.wait_limit(5)
        crowd = [self.ask(f"/crowd/{number}") for number in range(30)]
        wait_until(lambda: self.judged("default", "limit") == 25, "25 refusals")
        wait_until(lambda: len(self.application.arrived) == 5, "five at the application")

        self.application.release()

        self.assertEqual(sorted(client.response().status for client in crowd), [200] * 5 + [503] * 25)
        self.assertEqual(self.application.most, 5)

    def test_low_priority_is_refused_first_and_probes_never(self):
        self.start(_limits(4, 4, _BATCH, _CHECKOUT))
        self.wait_limit(4)
        held = [self.hold(target) for target in ("/batch/1", "/batch/2")]

        self.assert_refused(http1.get(self.port, "/batch/3"), "low", 4)
        held.append(self.hold("/cart"))
        self.assert_refused(http1.get(self.port, "/cart/2"), "default", 4)
        held.append(self.hold("/checkout"))
        self.assert_refused(http1.get(self.port, "/checkout/2"), "high", 4)
        self.assertEqual(http1.get(self.port, "/healthz").body, b"hello\n")

        self.assertEqual([self.judged(priority, "limit") for priority in ("low", "default", "high")], [1, 1, 1])
        self.application.release()
        self.assertEqual([client.response().status for client in held], [200] * 4)

    def test_a_header_of_the_caller_changes_nothing(self):
        self.start(_limits(2, 2, _CHECKOUT))
        self.wait_limit(2)
        self.hold("/held")

        answer = self.ask("/cart", ("x-heddle-priority", "critical"), ("priority", "u=0")).response()

        self.assert_refused(answer, "default", 2)

    def test_without_it_nobody_is_refused(self):
        self.start({})
        held = [self.hold(f"/held/{number}") for number in range(30)]

        self.assertNotIn("heddle_inbound_concurrency{", self.server.metrics().text)
        self.application.release()
        self.assertEqual([client.response().status for client in held], [200] * 30)


class Pushed(LimitCase):
    @classmethod
    def build(cls):
        cls.application = Application()
        cls.addClassCleanup(cls.application.close)
        cls.control = cls.mesh.start_control()
        cls.pair = ControlledPair(cls.mesh, cls.application.app, workers=1).start()
        cls.server, cls.port = cls.pair.server, cls.pair.port

    def push(self, **overload):
        workload = resources.workload("app", self.mesh.spiffe_id("app"), ["app"], **overload)
        self.control.wait_version(self.control.apply(resources.to_yaml([*self.pair.resources, workload])))

    def test_it_comes_changes_and_goes_while_requests_are_held(self):
        self.push(**_limits(1, 1))
        self.wait_limit(1)
        held = [self.hold("/held/1")]
        self.assert_refused(http1.get(self.port, "/more"), "default", 1)

        self.push(**_limits(2, 2))
        self.wait_limit(2)
        held.append(self.hold("/held/2"))
        self.assert_refused(http1.get(self.port, "/more"), "default", 2)
        self.push()
        self.wait_limit(0)
        held.append(self.hold("/held/3"))

        self.application.release()
        self.assertEqual([client.response().status for client in held], [200] * 3)

    def test_explain_says_the_priority_and_its_share(self):
        self.push(**_limits(2, 20, _BATCH))
        self.assertIn("low by Workload default/app rule 0", self.control.cli("explain", "http://app/batch/1").stdout)
        self.assertIn("may fill 90 % of the adaptive limit (2-20)", self.control.cli("explain", "http://app/").stdout)

    def test_a_header_that_would_raise_whoever_sends_it_is_refused(self):
        rule = {"priority": "critical", "to": [{"headers": [{"name": "x-urgent"}]}]}
        workload = resources.workload("app", self.mesh.spiffe_id("app"), ["app"], **_limits(2, 20, rule))
        done = self.control.cli("apply", "-f", "-", text=resources.to_yaml([workload]), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("spec.overload.priorities[0].to: raises whoever sends a header", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
