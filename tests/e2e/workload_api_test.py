#!/usr/bin/env python3
"""A sidecar hands its identity to the application: the SPIFFE Workload API, asked by python3-grpcio."""

import os
import shutil
import stat
import subprocess
import unittest

import grpc

from heddle_harness import pki, workload
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until

_LIFETIME = 10  # s
_METHODS = ("FetchX509SVID", "FetchX509Bundles", "FetchJWTSVID", "FetchJWTBundles", "ValidateJWTSVID")
_DOMAIN = f"spiffe://{pki.TRUST_DOMAIN}"


def openssl(*words, data=None):
    done = subprocess.run(["openssl", *words], input=data, capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout


class ApiCase(MeshTestCase):
    @classmethod
    def build(cls):
        cls.pb2 = workload.messages(cls.mesh.folder)

    @classmethod
    def api_sidecar(cls, identity, name=None, **api):
        name = name or cls.mesh.next_name()
        blocks = {**identity, "workloadApi": {"socket": cls.mesh.path(f"{name}.sock"), **api}}
        blocks.setdefault("config", {"source": "files", "path": cls.mesh.write("empty.yaml", "")})
        return cls.mesh.sidecar(name, [], blocks)

    @classmethod
    def socket_of(cls, sidecar):
        return sidecar.bootstrap["workloadApi"]["socket"]

    def client(self, sidecar):
        client = workload.Client(self.pb2, self.socket_of(sidecar))
        self.addCleanup(client.close)
        return client

    def write_bytes(self, name, data):
        with open(self.mesh.path(name), "wb") as file:
            file.write(data)
        return self.mesh.path(name)

    def assert_whole(self, response, spiffe_id):
        """By openssl: the leaf chains to the bundle beside it, and the key is the leaf's."""
        self.assertEqual(len(response.svids), 1)
        svid = response.svids[0]
        self.assertEqual(svid.spiffe_id, spiffe_id)
        leaf = openssl("x509", "-inform", "DER", data=svid.x509_svid)  # the first certificate
        root = openssl("x509", "-inform", "DER", data=svid.bundle)
        openssl("verify", "-partial_chain", "-CAfile", self.write_bytes("root.checked", root), data=leaf)
        names = openssl("x509", "-noout", "-ext", "subjectAltName", data=leaf).decode()
        self.assertIn(f"URI:{spiffe_id}", names)
        key = openssl("pkey", "-inform", "DER", "-pubout", data=svid.x509_svid_key)
        self.assertEqual(openssl("x509", "-noout", "-pubkey", data=leaf), key)


class FromFiles(ApiCase):
    @classmethod
    def build(cls):
        super().build()
        cls.credential = cls.mesh.authority.issue("app")
        cls.server = cls.api_sidecar({"identity": cls.credential.identity()}).start()

    def test_an_svid_comes_at_once_and_is_whole(self):
        response = next(self.client(self.server).svids())
        self.assert_whole(response, pki.spiffe_id("app"))
        self.assertEqual(dict(response.federated_bundles), {})

    def test_the_bundles_hold_our_trust_domain(self):
        response = next(self.client(self.server).bundles())
        self.assertEqual(list(response.bundles), [_DOMAIN])
        self.assertEqual(response.bundles[_DOMAIN], workload.der_of(self.mesh.authority.root))

    def test_without_the_metadata_nothing_is_said(self):
        for method in _METHODS:
            for metadata in ((), (("workload.spiffe.io", "1"),)):
                self.assertEqual(self.client(self.server).status(method, metadata), "INVALID_ARGUMENT", method)

    def test_what_is_not_served_is_unimplemented(self):
        for method in (*_METHODS[2:], "FetchWITSVID", "Nonsense"):
            self.assertEqual(self.client(self.server).status(method), "UNIMPLEMENTED", method)

    def test_a_request_that_cannot_be_read_is_refused(self):
        for request in (b"\xff", b"\x0a\x05abc"):
            with self.assertRaises(grpc.RpcError) as refused:
                next(self.client(self.server).call("FetchX509SVID", request))
            self.assertEqual(refused.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_a_request_of_a_megabyte_is_refused(self):
        with self.assertRaises(grpc.RpcError) as refused:
            next(self.client(self.server).call("FetchX509SVID", b"\0" * 1024 * 1024))
        self.assertEqual(refused.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def test_a_second_request_on_the_stream_has_an_answer_too(self):
        ready = []

        def requests():
            yield b""
            wait_until(lambda: ready, "the first answer")
            yield b""

        answers = self.client(self.server).chat("FetchX509SVID", requests())
        first = next(answers)
        ready.append(True)
        self.assertEqual(next(answers), first)

    def test_more_calls_than_256_are_refused(self):
        clients = [self.client(self.server) for _ in range(3)]
        calls = [client.call("FetchX509SVID") for client in clients for _ in range(256 // 3 + 1)]
        outcomes = []
        for call in calls:
            try:
                outcomes.append(len(next(call)) > 0)
            except grpc.RpcError as error:
                outcomes.append(error.code())
        refused = [outcome for outcome in outcomes if outcome is not True]
        self.assertEqual(set(refused), {grpc.StatusCode.RESOURCE_EXHAUSTED})
        self.assertLessEqual(outcomes.count(True), 256)
        for call in calls:
            call.cancel()
        wait_until(lambda: self.client(self.server).status("FetchX509SVID") == "a message", "room for a call again")


class Replaced(ApiCase):
    def test_new_files_are_pushed_on_the_open_streams(self):
        credential = self.mesh.authority.issue("app")
        bundle = self.mesh.path("bundle.pem")
        shutil.copyfile(credential.bundle, bundle)
        credential.bundle = bundle
        server = self.api_sidecar({"identity": credential.identity()}).start()
        svids, bundles = self.client(server).svids(), self.client(server).bundles()
        before, roots = next(svids), next(bundles).bundles[_DOMAIN]
        fresh = self.mesh.authority.issue("fresh", pki.spiffe_id("app"))
        os.replace(fresh.key, credential.key)
        os.replace(fresh.certificate, credential.certificate)
        after = next(svids)
        self.assert_whole(after, pki.spiffe_id("app"))
        self.assertNotEqual(after.svids[0].x509_svid, before.svids[0].x509_svid)
        other = pki.Authority(self.mesh.path("other-ca"))
        with open(bundle, "a", encoding="ascii") as out, open(other.root, encoding="ascii") as more:
            out.write(more.read())
        self.assertEqual(next(bundles).bundles[_DOMAIN], roots + workload.der_of(other.root))
        self.assertEqual(next(svids).svids[0].bundle, roots + workload.der_of(other.root))


class Rotation(ApiCase):
    @classmethod
    def build(cls):
        super().build()
        cls.mesh.start_control("--svid-ttl", f"{_LIFETIME}s")
        cls.server = cls.api_sidecar(cls.mesh.control_blocks("app")).start()

    def test_each_renewal_is_pushed_on_the_open_stream(self):
        seen, keys = [], []
        for response in self.client(self.server).svids(12 * _LIFETIME):
            self.assert_whole(response, pki.spiffe_id("app"))
            seen.append(response.svids[0].x509_svid)
            keys.append(response.svids[0].x509_svid_key)
            if len(seen) == 3:
                break
        self.assertEqual((len(set(seen)), len(set(keys))), (3, 3))


class Expiry(ApiCase):
    def test_an_expired_identity_is_not_handed_out(self):
        self.mesh.start_control("--svid-ttl", "10s")
        server = self.api_sidecar(self.mesh.control_blocks("app")).start()
        client = self.client(server)
        self.assertEqual(client.status("FetchX509SVID"), "a message")
        self.mesh.control.process.kill()
        wait_until(lambda: client.status("FetchX509SVID") == "UNAVAILABLE", "the SVID to expire", poll=0.2)


class Start(ApiCase):
    def test_without_an_identity_it_is_unavailable_until_there_is_one(self):
        credential = self.mesh.authority.issue("late")
        kept = self.mesh.path("kept.pem")
        os.rename(credential.certificate, kept)
        server = self.api_sidecar({"identity": credential.identity()}).launch()
        server.process.wait_log("the Workload API listens")
        for method in _METHODS[:2]:
            self.assertEqual(self.client(server).status(method), "UNAVAILABLE")
        os.rename(kept, credential.certificate)
        client = self.client(server)
        wait_until(lambda: client.status("FetchX509SVID") == "a message", "the identity")

    def sidecar_of(self, name, **api):
        return self.api_sidecar({"identity": self.mesh.authority.issue(name).identity()}, name, **api)

    def test_the_socket_is_for_its_user_unless_told_otherwise(self):
        for name, api, mode in (("closed", {}, 0o600), ("shared", {"mode": "0660"}, 0o660),
                                ("open", {"mode": "0666"}, 0o666)):
            server = self.sidecar_of(name, **api).start()
            self.assertEqual(stat.S_IMODE(os.stat(self.socket_of(server)).st_mode), mode)

    def test_the_socket_of_a_killed_process_is_replaced(self):
        server = self.sidecar_of("killed").start()
        server.kill()
        self.assertTrue(os.path.exists(self.socket_of(server)))
        server.start()
        self.assertEqual(self.client(server).status("FetchX509SVID"), "a message")

    def test_what_is_not_ours_is_not_replaced(self):
        first = self.sidecar_of("first").start()
        second = self.sidecar_of("second", socket=self.socket_of(first)).launch()
        self.assertEqual(second.process.wait(), 1)
        second.process.wait_log("another process listens there")
        self.assertEqual(self.client(first).status("FetchX509SVID"), "a message")
        third = self.sidecar_of("third", socket=self.mesh.write("notes.txt", "kept")).launch()
        self.assertEqual(third.process.wait(), 1)
        third.process.wait_log("workloadApi.socket")
        with open(self.mesh.path("notes.txt"), encoding="ascii") as file:
            self.assertEqual(file.read(), "kept")

    def test_the_socket_goes_with_its_process(self):
        server = self.sidecar_of("leaving").start()
        stream = self.client(server).svids()
        next(stream)
        server.process.terminate()
        self.assertEqual(server.process.wait(), 0)
        self.assertFalse(os.path.exists(self.socket_of(server)))

    def test_a_bad_block_is_refused_by_name(self):
        taken = self.mesh.path("taken.sock")
        for field, more in (("workloadApi.socket: ", {"workloadApi": {}}),
                            ("workloadApi.socket: ", {"workloadApi": {"socket": "relative.sock"}}),
                            ("workloadApi.mode: ", {"workloadApi": {"socket": taken, "mode": "0777"}}),
                            ("workloadApi.mode: ", {"workloadApi": {"socket": taken, "mode": 432}}),
                            ("workloadApi.colour", {"workloadApi": {"socket": taken, "colour": "red"}}),
                            ("workloadApi.socket: ", {"workloadApi": {"socket": self.mesh.path("no/such.sock")}}),
                            ("workloadApi.socket: ", {"workloadApi": {"socket": taken}, "admin": {"socket": taken}}),
                            ("workloadApi: needs an identity", {"identity": {"source": "none"}})):
            with self.subTest(field):
                server = self.sidecar_of("bad")
                server.bootstrap |= more
                server.write()
                done = server.validate()
                self.assertEqual(done.returncode, 1)
                self.assertIn(field, done.stderr)


if __name__ == "__main__":
    unittest.main()
