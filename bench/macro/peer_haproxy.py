"""haproxy: one thread, mode http or tcp; splicing where it can; idle upstream connections shared."""

import subprocess

from peers import Peer
from place import HOST, NAME

_GLOBAL = """\
global
  nbthread 1
  maxconn {connections}
  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
  ssl-default-server-options ssl-min-ver TLSv1.3
  ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256
defaults
  mode {mode}
  timeout connect 5s
  timeout client 10m
  timeout server 10m
  timeout tunnel 10m
  {options}
listen bench
  bind {front}
  server origin {back}
"""


class Haproxy(Peer):
    name = "haproxy"

    def start(self, place, leg):
        text = _GLOBAL.format(connections=_connections(place, leg), mode="tcp" if leg.is_tcp else "http",
                              options="\n  ".join(_options(leg)), front=_front(place, leg), back=_back(place, leg))
        config = place.write(f"haproxy-{leg.listen}.cfg", text)
        return place.start_proxy("haproxy", ["haproxy", "-db", "-f", config], leg.listen)

    def version(self):
        text = subprocess.run(["haproxy", "-v"], capture_output=True, text=True, check=False).stdout
        return text.split(" - ")[0].replace("HAProxy version ", "").splitlines()[0]


def _connections(place, leg):
    """Splicing reserves two pipes a connection, and haproxy refuses to start with too few files."""
    return 1000 if leg.is_tcp else min(10000, place.files // 2 - 200)


def _options(leg):
    if leg.is_tcp:
        return ["option splice-auto"]
    lines = ["timeout http-keep-alive 10m", "http-reuse always"]
    if leg.access_log:
        lines += ["log stdout format raw local0", "option httplog"]  # standard output is a file
    return lines


def _front(place, leg):
    words = [f"{HOST}:{leg.listen}"]
    if leg.takes_tls:
        words += ["ssl", "crt", place.server.both, "ca-file", place.server.root, "verify", "required"]
        if not leg.is_tcp:
            words += ["alpn", "h2" if leg.front == "h2" else "http/1.1"]
    elif leg.front == "h2":
        words += ["proto", "h2"]
    return " ".join(words)


def _back(place, leg):
    words = [f"{HOST}:{leg.target}"]
    if leg.gives_tls:
        words += ["ssl", "crt", place.client.both, "ca-file", place.client.root, "verify", "required",
                  "verifyhost", NAME]
        if not leg.is_tcp:
            words += ["alpn", "h2"]
    elif leg.back == "h2":
        words += ["proto", "h2"]
    return " ".join(words)
