#!/usr/bin/env python3
"""heddle-init in a network of its own: what its rules redirect and what they leave alone, by nftables and each iptables.

In place of the sidecar stands a listener that says where a connection wanted to go. Needs root: users of the sidecar and
of the application are different ones.
"""

import contextlib
import ctypes
import ipaddress
import os
import socket
import struct
import subprocess
import sys
import threading
import unittest

from heddle_harness import netns
from heddle_harness.processes import PATIENCE
from heddle_harness.programs import binary_folder

_INIT = os.path.join(binary_folder(), "heddle-init")
_LIBC = ctypes.CDLL(None, use_errno=True)
_OUTSIDE = {4: "10.40.0.1", 6: "fd40::1"}
_POD = {4: "10.40.0.2", 6: "fd40::2"}
_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_ANY = {4: "0.0.0.0", 6: "::"}
_VERSIONS = (4, 6)
_APP, _PROXY = 1000, 2102
_DIRECT = "direct"


def _socket(ip):
    return socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)


def _text(ip, port):
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def original_destination(sock):
    """SO_ORIGINAL_DST, as the sidecar reads it."""
    if sock.family == socket.AF_INET:
        _, port, ip = struct.unpack("!HH4s8x", sock.getsockopt(socket.SOL_IP, 80, 16))
    else:
        _, port, _, ip, _ = struct.unpack("!HHI16sI", sock.getsockopt(socket.IPPROTO_IPV6, 80, 28))
    return _text(str(ipaddress.ip_address(ip)), port)


class Listener:
    """Answers each connection with one line and closes it."""

    def __init__(self, ip, port, answer):
        self._socket = _socket(ip)
        self._answer = answer
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in ip:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self._socket.bind((ip, port))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                taken, _ = self._socket.accept()
            except OSError:
                return
            with taken:
                taken.sendall(self._answer(taken).encode())

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE)


@contextlib.contextmanager
def as_user(uid, gid=_APP):
    """Sockets that this thread makes are this user's."""
    _LIBC.setfsgid(gid)
    _LIBC.setfsuid(uid)
    try:
        yield
    finally:
        _LIBC.setfsuid(0)
        _LIBC.setfsgid(0)


@unittest.skipUnless(os.geteuid() == 0, "needs root, for users and rules of a network namespace")
class RulesCase(unittest.TestCase):
    mode = "nftables"

    @classmethod
    def setUpClass(cls):
        cls.pod = netns.Machine("podcable", f"{_OUTSIDE[4]}/24", f"{_POD[4]}/24")
        cls.addClassCleanup(cls.pod.close)
        netns.run("ip", "address", "add", f"{_OUTSIDE[6]}/64", "dev", "podcable", "nodad")
        cls.pod.run("ip", "address", "add", f"{_POD[6]}/64", "dev", "eth0", "nodad")
        for version in _VERSIONS:
            cls.pod.run("ip", f"-{version}", "route", "add", "default", "via", _OUTSIDE[version])

    def setUp(self):
        self.init("--remove")

    # --- what there is ---
    def init_process(self, *flags, wrapper=()):
        return subprocess.run([*self.pod.wrapper, *wrapper, _INIT, *flags], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)

    def init(self, *flags):
        done = self.init_process(*flags)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def load(self, *flags):
        return self.init("--mode", self.mode, *flags)

    def refused(self, *flags, wrapper=()):
        done = self.init_process("--mode", self.mode, *flags, wrapper=wrapper)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("Next: ", done.stderr)
        return done.stderr

    def listen(self, ip, port, answer):
        listener = Listener(ip, port, answer)
        self.addCleanup(listener.close)

    def outside(self, port, answer=lambda _: _DIRECT):
        for version in _VERSIONS:
            self.listen(_OUTSIDE[version], port, answer)

    def inside(self, ips, port, answer):
        with self.pod.inside():
            for version in _VERSIONS:
                self.listen(ips[version], port, answer)

    def sidecar(self):
        self.inside(_LOOPBACK, 15001, lambda taken: f"out {original_destination(taken)}")
        self.inside(_ANY, 15006, lambda taken: f"in {original_destination(taken)}")

    # --- what happens ---
    def ask(self, ip, port):
        with _socket(ip) as sock:
            sock.settimeout(PATIENCE)
            sock.connect((ip, port))
            return sock.makefile().read()

    def from_app(self, ip, port, uid=_APP, gid=_APP):
        with self.pod.inside(), as_user(uid, gid):
            return self.ask(ip, port)

    def assert_out(self, port, redirected, **user):
        for version, ip in _OUTSIDE.items():
            wanted = f"out {_text(ip, port)}" if redirected else _DIRECT
            self.assertEqual(self.from_app(ip, port, **user), wanted, version)

    def assert_in(self, port, redirected):
        for version, ip in _POD.items():
            wanted = f"in {_text(ip, port)}" if redirected else _DIRECT
            self.assertEqual(self.ask(ip, port), wanted, version)

    # --- what the kernel has ---
    def listings(self):
        raise NotImplementedError

    def take_out(self, name):
        raise NotImplementedError


class _Rules:
    """The same for each way to load them."""

    def test_it_says_who_loaded_the_rules_and_that_they_work(self):
        said = self.load()
        self.assertIn(f"rules loaded by {self.mode}\n", said)
        self.assertIn("IPv4: a connection to 192.0.2.1:20001 came to port 15001", said)
        self.assertIn("IPv6: a connection to [2001:db8::1]:20001 came to port 15001", said)
        self.assertIn("rules are in place", self.load("--check"))

    def test_connections_come_to_the_sidecar_and_it_knows_where_they_wanted_to_go(self):
        self.load()
        self.sidecar()
        self.outside(8080)
        self.inside(_ANY, 8080, lambda _: _DIRECT)
        self.assert_out(8080, True)
        self.assert_in(8080, True)
        self.assert_out(8080, True, uid=0)

    def test_the_sidecars_own_connections_are_left_alone(self):
        self.load()
        self.sidecar()
        self.outside(8080)
        self.inside(_ANY, 8080, lambda _: _DIRECT)
        self.assert_out(8080, False, uid=_PROXY)
        for ip in _POD.values():  # as the sidecar hands on what came in
            self.assertEqual(self.from_app(ip, 8080, uid=_PROXY), _DIRECT)

    def test_the_application_reaches_itself(self):
        self.load()
        self.sidecar()
        self.inside(_ANY, 8080, lambda _: _DIRECT)
        for ip in (*_POD.values(), *_LOOPBACK.values()):
            self.assertEqual(self.from_app(ip, 8080), _DIRECT, ip)

    def test_the_sidecars_ports_lead_into_no_circle(self):
        self.load()
        self.sidecar()
        self.inside(_ANY, 15020, lambda _: _DIRECT)
        self.outside(15006)
        self.assert_in(15020, False)  # health and metrics
        self.assert_in(15006, True)  # its own address: the sidecar refuses that
        for ip in _POD.values():
            with self.assertRaises(ConnectionRefusedError):
                self.ask(ip, 15001)
        self.assert_out(15006, True)  # of somebody else: no way around the sidecar

    def test_ports_are_left_alone(self):
        self.load("--skip-outbound-ports", "3306,8000-8010", "--skip-inbound-ports", "9000")
        self.sidecar()
        for port in (3306, 8010, 8011):
            self.outside(port)
        for port in (9000, 9001):
            self.inside(_ANY, port, lambda _: _DIRECT)
        self.assert_out(3306, False)
        self.assert_out(8010, False)
        self.assert_out(8011, True)
        self.assert_in(9000, False)
        self.assert_in(9001, True)

    def test_more_ports_than_one_rule_takes(self):
        ports = ",".join(f"{port}-{port + 4}" for port in range(9000, 9200, 10))
        self.load("--skip-outbound-ports", ports)
        self.sidecar()
        self.outside(9194)
        self.outside(9195)
        self.assert_out(9194, False)
        self.assert_out(9195, True)

    def test_no_other_ports_than_these(self):
        said = self.load("--only-outbound-ports", "8080", "--only-inbound-ports", "9000")
        self.assertIn("192.0.2.1:8080", said)
        self.sidecar()
        for port in (8080, 8081):
            self.outside(port)
        for port in (9000, 9001):
            self.inside(_ANY, port, lambda _: _DIRECT)
        self.assert_out(8080, True)
        self.assert_out(8081, False)
        self.assert_in(9000, True)
        self.assert_in(9001, False)

    def test_networks_are_left_alone(self):
        self.load("--skip-outbound-cidrs", "10.40.0.0/24,fd40::/64")
        self.sidecar()
        self.outside(8080)
        self.inside(_ANY, 8080, lambda _: _DIRECT)
        self.assert_out(8080, False)
        self.assert_in(8080, True)
        self.load("--skip-inbound-cidrs", f"{_OUTSIDE[4]},{_OUTSIDE[6]}", "--no-check")
        self.assert_out(8080, True)
        self.assert_in(8080, False)

    def test_users_and_groups_are_left_alone(self):
        self.load("--skip-uids", "3000-3005,7", "--proxy-gid", "2103")
        self.sidecar()
        self.outside(8080)
        for uid in (7, 3000, 3005):
            self.assert_out(8080, False, uid=uid)
        self.assert_out(8080, True, uid=3006)
        self.assert_out(8080, False, uid=3006, gid=2103)

    def test_interfaces_are_left_alone(self):
        said = self.load("--skip-interfaces", "eth0")
        self.assertIn("it leaves by an interface that is skipped", said)
        self.sidecar()
        self.outside(8080)
        self.inside(_ANY, 8080, lambda _: _DIRECT)
        self.assert_out(8080, False)
        self.assert_in(8080, False)

    def test_ipv6_is_left_alone(self):
        self.assertIn("IPv6 is not redirected", self.load("--ipv6", "off"))
        self.sidecar()
        self.outside(8080)
        self.assertEqual(self.from_app(_OUTSIDE[4], 8080), f"out {_OUTSIDE[4]}:8080")
        self.assertEqual(self.from_app(_OUTSIDE[6], 8080), _DIRECT)

    def test_without_a_sidecar_nothing_gets_past(self):
        self.load()
        self.outside(8080)
        self.inside(_ANY, 8080, lambda _: _DIRECT)
        for version in _VERSIONS:
            with self.assertRaises(ConnectionRefusedError):
                self.from_app(_OUTSIDE[version], 8080)
            with self.assertRaises(ConnectionRefusedError):
                self.ask(_POD[version], 8080)

    def test_removed_rules_are_gone(self):
        before = self.listings()
        self.load()
        self.assertNotEqual(self.listings(), before)
        self.assertIn(f"rules of {self.mode} removed", self.init("--remove"))
        self.assertNotIn("heddle", self.listings().lower())
        self.outside(8080)
        self.assert_out(8080, False)
        self.assertIn("no rules of Heddle were here", self.init("--remove"))
        self.assertIn("no rules of Heddle are loaded here", self.refused("--check"))

    def test_twice_is_once(self):
        self.load("--skip-outbound-ports", "3306")
        once = self.listings()
        self.load("--skip-outbound-ports", "3306")
        self.assertEqual(self.listings(), once)
        self.load()
        self.assertNotIn("3306", self.listings())

    def test_a_rule_that_was_taken_out_is_seen(self):
        for name in ("heddle/in/redirect-15006", "heddle/out/redirect-15001", "heddle/out/proxy-user"):
            with self.subTest(rule=name):
                self.load()
                self.take_out(name)
                self.assertIn(name, self.refused("--check"))

    def test_rules_that_do_not_work_are_seen_and_stay(self):
        """Somebody else's rule comes between: every rule of ours is there, and no connection comes."""
        self.addCleanup(self.pod.run, "nft", "delete", "table", "inet", "other")
        self.pod.run("nft", "add table inet other; add chain inet other out { type filter hook output priority 0; }; "
                            "add rule inet other out tcp dport 15001 reject with tcp reset")
        said = self.refused()
        self.assertIn("did not come to port 15001", said)
        self.assertIn("heddle/out/redirect-15001", self.listings())

    def test_a_user_that_is_left_alone_cannot_tell(self):
        self.assertIn("--skip-uids", self.refused("--skip-uids", "0"))

    def test_a_running_sidecar_is_in_the_checks_place(self):
        self.load()
        self.sidecar()
        self.assertIn("127.0.0.1:15001 is in use", self.refused())


class Nftables(_Rules, RulesCase):
    mode = "nftables"

    def listings(self):
        return self.pod.run("nft", "list", "ruleset")

    def take_out(self, name):
        chain = "inbound" if "/in/" in name else "outbound"
        listed = self.pod.run("nft", "-a", "list", "chain", "inet", "heddle", chain)
        line = next(line for line in listed.splitlines() if f'"{name}"' in line)
        self.pod.run("nft", "delete", "rule", "inet", "heddle", chain, "handle", line.split()[-1])

    def test_without_rights_it_says_which(self):
        powerless = ["setpriv", "--bounding-set=-all"]
        self.assertIn("NET_ADMIN", self.refused(wrapper=powerless))
        self.assertNotIn("heddle", self.listings())
        self.load()
        self.assertIn("the rules stay", self.refused("--remove", wrapper=powerless))
        self.assertIn("heddle/out/redirect-15001", self.listings())

    def test_what_it_prints_is_what_it_loads(self):
        self.load()
        loaded = self.listings()
        self.init("--remove")
        text = self.init("--print")
        subprocess.run([*self.pod.wrapper, "nft", "-f", "-"], input=text, text=True, timeout=PATIENCE, check=True)
        self.assertEqual(self.listings(), loaded)

    def test_where_there_is_no_way_out_that_is_said(self):
        self.pod.run("ip", "route", "del", "default")
        self.addCleanup(self.pod.run, "ip", "route", "add", "default", "via", _OUTSIDE[4])
        said = self.load()
        self.assertIn("IPv4: not tried, there is no route to 192.0.2.1:20001", said)
        self.assertIn("IPv6: a connection to", said)


class _Iptables(_Rules):
    def listings(self):
        kept = []
        for program in ("iptables", "ip6tables"):
            kind = self.mode.removeprefix("iptables")
            listed = self.pod.run(f"{program}{kind}-save", "-t", "nat")
            kept += [line for line in listed.splitlines() if line.startswith("-A") or line.startswith(":HEDDLE")]
        return "\n".join(kept)

    def take_out(self, name):
        line = next(line for line in self.listings().splitlines() if f'"{name}"' in line)
        self.pod.run(self.mode, "-t", "nat", "-D", *line.replace('"', "").split()[1:])

    def test_rules_of_nftables_are_replaced(self):
        self.init("--mode", "nftables")
        self.assertIn("earlier rules of nftables removed", self.load())
        self.assertIn(f"earlier rules of {self.mode} removed", self.init("--mode", "nftables"))
        self.assertEqual(self.listings(), "")


class IptablesNft(_Iptables, RulesCase):
    mode = "iptables-nft"


class IptablesLegacy(_Iptables, RulesCase):
    mode = "iptables-legacy"


if __name__ == "__main__":
    if os.geteuid() == 0:
        netns.in_a_namespace_of_its_own()
    else:
        print("SKIPPED: heddle-init's rules are tried by root only", file=sys.stderr)
    unittest.main()
