"""What a sidecar asks of a control plane for its certificate, by hand: with a join token or a pod's, and again with what
it got."""

import json
import os
import subprocess

from . import h2peer, pki, tlspeer


class Refused(Exception):
    """With the status and the text of the answer."""

    def __init__(self, status, text):
        super().__init__(f"{status} {text}")
        self.status = status


class Enrollee:
    """Somebody with an id, and a folder for keys; each certificate gets a new one."""

    def __init__(self, folder, spiffe_id, source=None):
        """`source`: the address it comes from; who fails is counted by it."""
        self._folder = folder
        self._id = spiffe_id
        self._source = source
        self._count = 0
        os.makedirs(folder, exist_ok=True)

    def attest(self, control, token):
        """A Credential. Refused"""
        return self._ask(control, "/v1/attest", None, {"token": token})

    def renew(self, control, credential):
        return self._ask(control, "/v1/renew", credential, {})

    def attest_pod(self, control, token):
        return self._ask(control, "/v1/attest", None, {"tokenKind": "kubernetes", "token": token})

    def renew_pod(self, control, credential, token):
        return self._ask(control, "/v1/renew", credential, {"tokenKind": "kubernetes", "token": token})

    def _ask(self, control, path, credential, request):
        base = os.path.join(self._folder, str(self._count))
        self._count += 1
        subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        f"{base}.key", "-out", f"{base}.csr", "-subj", "/O=heddle",
                        "-addext", f"subjectAltName=URI:{self._id}"], capture_output=True, check=True)
        with open(f"{base}.csr", encoding="ascii") as file:
            request = {**request, "csr": file.read()}
        answer = self._post(control, path, credential, json.dumps(request).encode())
        with open(f"{base}.pem", "w", encoding="ascii") as file:
            file.write(answer["chain"])
        return pki.Credential(f"{base}.pem", f"{base}.key", control.root)

    def _post(self, control, path, credential, body):
        context = tlspeer.client_context(credential)
        client = h2peer.Client(control.watch_port, control.ip, context=context, source=self._source)
        try:
            done = client.request("POST", path, [("content-type", "application/json")], body)
        finally:
            client.close()
        if done.status != 200:
            raise Refused(done.status, bytes(done.body).decode())
        return json.loads(bytes(done.body))
