"""nghttpx: one worker in one process, HTTP only."""

import subprocess

from peers import Cannot, Peer
from place import HOST, NAME


class Nghttpx(Peer):
    name = "nghttpx"

    def refuse(self, path):
        if path.front == "tcp":
            raise Cannot("it forwards HTTP only")

    def start(self, place, leg):
        log = f"{place.folder}/nghttpx-{leg.listen}.access" if leg.access_log else None
        argv = ["nghttpx", "--conf=/dev/null", "--workers=1", "--single-process", "--no-ocsp", "--log-level=ERROR",
                "--errorlog-file=/dev/stderr", "--tls-min-proto-version=TLSv1.3",
                "--tls13-ciphers=TLS_AES_128_GCM_SHA256", "--tls13-client-ciphers=TLS_AES_128_GCM_SHA256",
                "--frontend-keep-alive-timeout=10m", "--frontend-http2-read-timeout=10m",
                "--backend-keep-alive-timeout=10m", "--frontend-http2-max-concurrent-streams=256",
                _front(leg), _back(leg)]
        if log:
            argv.append(f"--accesslog-file={log}")
        if leg.takes_tls:
            argv += ["--verify-client", f"--verify-client-cacert={place.server.root}",
                     place.server.key, place.server.certificate]
        if leg.gives_tls:
            argv += [f"--cacert={place.client.root}", f"--client-cert-file={place.client.certificate}",
                     f"--client-private-key-file={place.client.key}"]
        return place.start_proxy("nghttpx", argv, leg.listen)

    def version(self):
        text = subprocess.run(["nghttpx", "--version"], capture_output=True, text=True, check=False).stdout
        return text.strip().rpartition("/")[2]


def _front(leg):
    return f"--frontend={HOST},{leg.listen}" + ("" if leg.takes_tls else ";no-tls")


def _back(leg):
    proto = "h2" if leg.gives_tls or leg.back == "h2" else "http/1.1"
    tls = f";tls;sni={NAME}" if leg.gives_tls else ""
    return f"--backend={HOST},{leg.target};;proto={proto}{tls}"
