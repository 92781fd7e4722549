#!/usr/bin/env python3
"""The harness itself, and that its checks can fail. Needs none of Heddle's programs."""

import os
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error

import stats_page
from heddle_harness import http1, pki, ports, stats, tlspeer
from heddle_harness.apps import HttpApp, hello_app, reply_chunked
from heddle_harness.etcd import EtcdCluster
from heddle_harness.load import Load
from heddle_harness.mesh import Mesh
from heddle_harness.metrics import Metrics
from heddle_harness.processes import ProcessGroup, WaitTimeout, wait_until
from heddle_harness.terminal import CTRL_C, Terminal

_HERE = os.path.dirname(os.path.abspath(__file__))
_ADDRESSES = ["127.0.1.1:15006", "127.0.1.2:15006"]
_PAGE = """<style>:root{--good:#c0ffc0} .up{background:var(--good)} .down{background:#ff8888}</style>
<p>Sessions Requests Bytes Errors Last check</p><table>
<tr class="up"><td>127.0.1.1:15006</td><td>UP</td><td>1s ago</td></tr>
<tr class="down"><td>127.0.1.2:15006</td><td>DOWN</td><td>2m3s ago</td></tr></table>"""


class Ports(unittest.TestCase):
    def test_a_reserved_port_can_be_listened_on_by_its_owner_only(self):
        pool = ports.PortPool()
        self.addCleanup(pool.close)
        port = pool.reserve()
        self.assertFalse(ports.is_taken("127.0.0.1", port))
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            self.assertTrue(ports.is_taken("127.0.0.1", port))


class Processes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.group = ProcessGroup(self.folder.name)
        self.addCleanup(self.group.kill_all)

    def test_waiting_names_what_it_waited_for(self):
        with self.assertRaisesRegex(WaitTimeout, "for Godot"):
            wait_until(lambda: False, "Godot", 0.05)

    def test_a_child_that_dies_while_starting_is_reported_with_its_log(self):
        child = self.group.start("child", ["/bin/sh", "-c", "echo broken; exit 3"])
        with self.assertRaisesRegex(AssertionError, "exited with 3 while starting\n.*\n.*broken"):
            child.wait_ready(lambda: False)

    def test_children_die_with_their_parent(self):
        script = ("import sys; from heddle_harness.processes import ProcessGroup\n"
                  f"print(ProcessGroup({self.folder.name!r}).start('c', ['sleep', '60']).pid, flush=True)\n"
                  "sys.stdin.read()")
        parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True, cwd=_HERE)
        child = int(parent.stdout.readline())
        parent.kill()
        parent.communicate()
        wait_until(lambda: not os.path.exists(f"/proc/{child}") or self.is_zombie(child), "the child to die")

    @staticmethod
    def is_zombie(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return file.read().split()[2] == "Z"
        except FileNotFoundError:
            return True


class Terminals(unittest.TestCase):
    def test_a_program_sees_a_terminal_and_ctrl_c(self):
        with Terminal(["/bin/sh", "-c", "trap 'echo stopped; exit 7' INT; test -t 1 && stty size && cat"]) as shell:
            wait_until(lambda: "24 100" in shell.text(), "the size of the terminal")
            shell.type(CTRL_C)
            self.assertEqual(shell.wait(60), 7)
            self.assertTrue(shell.text().endswith("stopped\r\n"))


class Http(unittest.TestCase):
    def test_chunks_and_trailers(self):
        with HttpApp(lambda q, r, sock: reply_chunked(sock, [b"a", b"bc"], trailers=[("x-sum", "3")])) as app:
            answer = http1.get(app.port)
        self.assertEqual((answer.body, answer.trailers), (b"abc", [("x-sum", "3")]))

    def test_load_remembers_failures(self):
        with hello_app() as app:
            load = Load(app.port, 200, 2)
            with load:
                wait_until(lambda: load.answered > 10, "answers")
                app.close()
                wait_until(lambda: load.failures, "failures")
        self.assertTrue(load.failures_after(0))


class Worker(unittest.TestCase):
    def test_after_its_goodbye_it_is_gone(self):
        pool = ports.PortPool()
        self.addCleanup(pool.close)
        port = pool.reserve()
        with tempfile.TemporaryDirectory() as folder:
            group = ProcessGroup(folder)
            self.addCleanup(group.kill_all)
            program = os.path.join(_HERE, "worker.py")
            worker = group.start("worker", [sys.executable, program, "--port", port, "--id", 3])
            worker.wait_ready(lambda: http1.is_ok(port))
            with http1.Client(port) as kept, http1.Client(port) as other:
                self.assertEqual(kept.request().body, b"Hello, I am ID 3\n")
                self.assertEqual(other.request().body, b"Hello, I am ID 3\n")
                self.assertEqual(kept.request("GET", "/crash").body, b"Bye from ID 3\n")
                self.assertEqual(other.reader.rest(), b"")
            self.assertIsNone(http1.try_get(port))
            self.assertEqual(worker.wait(), 1)


class Certificates(unittest.TestCase):
    def test_good_ones_verify_and_bad_ones_do_not(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = pki.Authority(os.path.join(folder, "ca"))
            stranger = pki.Authority(os.path.join(folder, "stranger"))
            verdicts = [self.verifies(one, authority) for one in (
                authority.issue("good"), authority.issue_expired("late"), authority.issue_self_signed("own"),
                stranger.issue("other"))]
        self.assertEqual(verdicts, [True, False, False, False])

    @staticmethod
    def verifies(credential, authority):
        return subprocess.run(["openssl", "verify", "-CAfile", authority.root, credential.certificate],
                              capture_output=True, check=False).returncode == 0

    def test_a_tls_server_shows_its_certificate(self):
        with tempfile.TemporaryDirectory() as folder:
            credential = pki.Authority(folder).issue("app")
            with tlspeer.TlsServer(credential) as server:
                client = tlspeer.TlsClient(server.port, "127.0.0.1", tlspeer.client_context())
                self.addCleanup(client.close)
                self.assertGreater(len(client.peer_certificate()), 100)


class Stats(unittest.TestCase):
    def csv(self, **values):
        row = dict.fromkeys(stats.COLUMNS, "") | {"type": "2"} | values
        return f"# {','.join(stats.COLUMNS)},\n" + ",".join(row[name] for name in stats.COLUMNS) + ",\n"

    def test_reads_rows_by_column(self):
        columns, rows = stats.parse(self.csv(svname="one", status="UP"))
        self.assertIsNone(stats.check_columns(columns))
        self.assertEqual([(row["svname"], row["status"]) for row in stats.servers(rows)], [("one", "UP")])

    def test_names_the_first_wrong_column(self):
        columns, _ = stats.parse(self.csv().replace("pxname,svname", "svname,pxname"))
        self.assertEqual(stats.check_columns(columns), "column 0 is svname, expected pxname")

    def test_refuses_rows_that_are_too_short(self):
        with self.assertRaises(ValueError):
            stats.parse(self.csv() + "a,b\n")

    def test_the_page_is_good(self):
        self.assertEqual(stats_page.check(_PAGE, _ADDRESSES, [1]), "1 UP, 1 DOWN")

    def test_the_page_is_bad(self):
        for change, complaint in ((("<td>UP", "<td>DOWN"), "does not say UP"), (("#ff8888", "#88ff88"), "is not red"),
                                  (("#c0ffc0", "#c0c0c0"), "is not green"), (("Bytes", ""), "nothing about bytes"),
                                  ((">1s ago", ">"), "no age"),
                                  (("<table>", "<script></script><table>"), "JavaScript"),
                                  (("127.0.1.1:", "127.0.1.11:"), "0 rows for 127.0.1.1")):
            with self.assertRaisesRegex(AssertionError, complaint):
                stats_page.check(_PAGE.replace(*change), _ADDRESSES, [1])


class Etcd(unittest.TestCase):
    def start(self, **how):
        mesh = Mesh()
        self.addCleanup(mesh.close)
        cluster = EtcdCluster(mesh, **how).start()
        self.assertTrue(cluster.put_if_unmodified(None, {"/heddle/one": "1"}))
        return cluster

    def test_it_needs_a_majority_and_keeps_what_it_had(self):
        cluster = self.start()
        for member in cluster.majority():
            member.kill()
        left = cluster.members[-1]
        wait_until(lambda: not cluster.is_healthy(left), "the last member to know that it is alone")
        for member in cluster.majority():
            member.restart()
        cluster.wait_healthy()
        self.assertEqual(cluster.dump(), {"/heddle/one": "1"})
        self.assertTrue(cluster.put_if_unmodified("/heddle/one", {"/heddle/one": "2", "/heddle/two": "2"}))
        self.assertEqual(cluster.dump(), {"/heddle/one": "2", "/heddle/two": "2"})

    def test_with_passwords_strangers_are_refused(self):
        cluster = self.start(tls=True, password="open sesame")
        cluster._admin_token = None  # pylint: disable=protected-access
        with self.assertRaises(urllib.error.HTTPError):
            cluster.dump()


class MetricsText(unittest.TestCase):
    def test_sums_by_labels(self):
        metrics = Metrics('# HELP a b\na{x="1",y="o k"} 2\na{x="1",y="no"} 3\na{x="2",y="no"} 4\nb 5 1700\n')
        self.assertEqual((metrics.total("a", x="1"), metrics.total("b"), metrics.with_label_value("no")), (5, 5, 7))


if __name__ == "__main__":
    unittest.main()
