#!/usr/bin/env python3
"""Identity from the control plane: join tokens, renewal under load, restarts without anybody's help, expiry."""

import json
import os
import ssl
import stat
import time
import unittest

from heddle_harness import h2peer, http1, pki, tlspeer
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.processes import wait_until

_LIFETIME = 10  # s
# s: a minute is six lifetimes, about twelve renewals; ten are worth it before a release (docs/testing.md).
_LOAD_FOR = int(os.environ.get("HEDDLE_LOAD_FOR", "60"))
_RENEWALS = _LOAD_FOR // _LIFETIME
_REQUESTS = 100 * _LOAD_FOR


def certificate(sidecar, name="svid.pem"):
    with open(os.path.join(sidecar.bootstrap["stateDir"], name), encoding="ascii") as file:
        return file.read()


def leaf(pem):
    """The first certificate of a chain, DER."""
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(pem[:pem.index(end) + len(end)])


def wait_renewed(sidecar, old):
    wait_until(lambda: certificate(sidecar) != old, f"{sidecar.name} to renew")


def is_due(sidecar):
    """Past the half of a lifetime of 60 s, when it renews, and well before its end."""
    return pki.is_expired(os.path.join(sidecar.bootstrap["stateDir"], "svid.pem"), ahead=27)


class Rotation(ControlledTestCase):
    flags = ("--svid-ttl", f"{_LIFETIME}s")

    def test_a_minute_of_load_over_six_lifetimes_fails_nothing(self):
        seen = {sidecar.name: set() for sidecar in self.pair.sidecars}
        keys = {sidecar.name: set() for sidecar in self.pair.sidecars}
        end = time.monotonic() + _LOAD_FOR

        def watch(loads):
            for sidecar in self.pair.sidecars:
                seen[sidecar.name].add(certificate(sidecar))
                keys[sidecar.name].add(certificate(sidecar, "svid.key"))
            if any(load.failures for load in loads):
                return True
            # A busy machine takes longer than the minute for as much of it.
            counts = [len(values) for found in (seen, keys) for values in found.values()]
            enough = min(counts) >= _RENEWALS and sum(load.answered for load in loads) > _REQUESTS
            return enough and time.monotonic() >= end

        with Load(self.pair.port, 150, 6) as kept, Load(self.pair.port, 50, 2, fresh=True) as fresh:
            wait_until(lambda: watch((kept, fresh)), "a minute with enough of both", 5 * _LOAD_FOR, poll=0.2)
        self.assertEqual(kept.failures + fresh.failures, [])

    def dial(self):
        """A member of the mesh, with the client's certificate of now, at the server's sidecar."""
        folder = self.pair.client.bootstrap["stateDir"]
        own = pki.Credential(os.path.join(folder, "svid.pem"), os.path.join(folder, "svid.key"), None)
        ip, port = self.pair.server.address_of("in")
        client = h2peer.Client(port, ip, context=tlspeer.client_context(own))
        self.addCleanup(client.close)
        return client

    def test_old_connections_live_on_and_new_ones_see_the_new_certificate(self):
        held = self.dial()
        self.assertEqual(held.request().status, 200)
        shown = held.sock.getpeercert(binary_form=True)
        wait_until(lambda: leaf(certificate(self.pair.server)) != shown, "a certificate that the connection did not see")

        def newest_is_shown():
            return self.dial().sock.getpeercert(binary_form=True) == leaf(certificate(self.pair.server))

        wait_until(newest_is_shown, "a new connection to show the certificate on disk")
        self.assertNotEqual(leaf(certificate(self.pair.server)), shown)
        self.assertEqual(held.request().status, 200)
        self.assertIsNone(held.goaway)

    def server_handshakes(self):
        return self.pair.server.metrics().total("heddle_tls_handshakes_total", side="server", result="ok")

    @staticmethod
    def rotations(sidecar):
        return sidecar.metrics().total("heddle_identity_rotations_total", outcome="ok")

    def test_the_sidecars_keep_their_connection_when_both_renew(self):
        with http1.Client(self.pair.port) as client:
            self.assertEqual(client.request().status, 200)
            before, had = self.server_handshakes(), [self.rotations(sidecar) for sidecar in self.pair.sidecars]
            self.assertGreater(before, 0)
            for sidecar, count in zip(self.pair.sidecars, had):
                sidecar.wait_metric("heddle_identity_rotations_total", count + 1, outcome="ok")
            self.assertEqual(client.request().status, 200)
            self.assertEqual(self.server_handshakes(), before)

    def test_the_metric_counts_renewals(self):
        for sidecar in self.pair.sidecars:  # one may be the first certificate
            sidecar.wait_metric("heddle_identity_rotations_total", 2, outcome="ok")


class ControlAway(ControlledTestCase):
    flags = ("--svid-ttl", "60s")

    def test_it_may_be_away_when_certificates_are_to_be_renewed(self):
        old = {sidecar: certificate(sidecar) for sidecar in self.pair.sidecars}
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            self.control.process.kill()
            wait_until(lambda: all(map(is_due, self.pair.sidecars)), "more than half of a lifetime", poll=0.5)
            self.assertEqual({sidecar: certificate(sidecar) for sidecar in self.pair.sidecars}, old)
            self.control.start()
            for sidecar in self.pair.sidecars:
                wait_renewed(sidecar, old[sidecar])
            answered = fresh.answered
            wait_until(lambda: fresh.answered > answered + 40, "connections with the new ones")
        self.assertEqual(kept.failures + fresh.failures, [])


class Restart(ControlledTestCase):
    def test_a_restart_needs_neither_token_nor_control_plane(self):
        for sidecar in self.pair.sidecars:
            os.unlink(sidecar.bootstrap["identity"]["joinTokenFile"])
        self.control.process.kill()
        for sidecar in self.pair.sidecars:
            sidecar.process.kill()
        self.pair.start()
        self.assertEqual(http1.get(self.pair.port).body, b"hello\n")

    def test_the_state_directory_is_private(self):
        folder = self.pair.server.bootstrap["stateDir"]
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        for name in ("svid.pem", "svid.key", "bundle.json", "snapshot.json"):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o600, name)


class JoinTokens(ControlledTestCase):
    def newcomer(self, name, account=None):
        return self.mesh.sidecar(name, [self.mesh.outbound("app")], self.mesh.control_blocks(account or name))

    def launch(self, newcomer, token):
        """With this token instead of the one it was made with."""
        with open(newcomer.bootstrap["identity"]["joinTokenFile"], "w", encoding="ascii") as file:
            file.write(token)
        return newcomer.launch()

    def assert_refused(self, newcomer):
        newcomer.process.wait_log("unauthenticated")
        self.assertFalse(newcomer.is_ready())
        self.assertFalse(os.path.exists(os.path.join(newcomer.bootstrap["stateDir"], "svid.pem")))

    def refusals(self, why):
        """How many attestations the control plane refused for that."""
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return sum(line["audit"] == "attest" and line["status"] != "ok" and why in line["detail"] for line in lines)

    def test_a_token_works_once(self):
        token = self.control.token(pki.spiffe_id("once"))
        first = self.launch(self.newcomer("once"), token)
        first.process.wait_ready(first.is_ready)
        self.assert_refused(self.launch(self.newcomer("twice", "once"), token))

    def test_an_expired_token_is_refused(self):
        late = self.newcomer("late")
        token = self.control.token(pki.spiffe_id("late"), ttl="1s")  # the last one: the next would sweep it away
        end = time.time() + 1  # or earlier; asking until then would use up what an address may get wrong
        wait_until(lambda: time.time() > end, "the token's end")
        self.assert_refused(self.launch(late, token))
        wait_until(lambda: self.refusals("has expired"), "the audit log to say why")

    def test_an_invented_token_is_refused(self):
        self.assert_refused(self.launch(self.newcomer("invented"), "0123456789abcdef0123456789abcdef"))

    def test_the_token_is_not_in_any_log(self):
        token = self.control.token(pki.spiffe_id("secret"))
        newcomer = self.launch(self.newcomer("secret"), token)
        newcomer.process.wait_ready(newcomer.is_ready)
        self.assertNotIn(token, newcomer.process.log() + self.control.process.log())


if __name__ == "__main__":
    unittest.main()
