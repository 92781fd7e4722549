import json
import os
import unittest
from unittest import mock

import support  # noqa: F401  finds the modules below

import drivers
import sampling
from measure_tail import slowest
from peers import Path, Peer
from scenarios import all_scenarios, chosen

WRK = """Running 1s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   370.97us   99.32us   3.92ms   99.99%
    Req/Sec    86.14k     2.08k   88.31k    50%
  Latency Distribution
     50%  363.00us
     75%  389.00us
     90%  420.00us
     99%    1.43ms
  94250 requests in 1.10s, 110.12MB read
Requests/sec:  85690.17
"""
H2LOAD = """finished in 801.20ms, 186236.32 req/s, 198.22MB/s
requests: {0} total, {0} started, {0} done, {1} succeeded, {2} failed, {3} errored, 0 timeout
status codes: {4} 2xx, 0 3xx, 0 4xx, {5} 5xx
"""
AB = """Time taken for tests:   0.500 seconds
Complete requests:      300
Failed requests:        {}
"""


class WrkTest(unittest.TestCase):
    def test_reads_requests_time_and_percentiles(self):
        load = drivers.read_wrk(WRK)

        self.assertEqual((load.units, load.seconds, load.p50, load.p99), (94250, 1.1, 363.0, 1430.0))

    def test_bad_answers_are_a_failure(self):
        with self.assertRaisesRegex(drivers.LoadFailed, "Non-2xx"):
            drivers.read_wrk(WRK + "  Non-2xx or 3xx responses: 3\n")

    def test_broken_connections_are_a_failure(self):
        with self.assertRaisesRegex(drivers.LoadFailed, "read 2"):
            drivers.read_wrk(WRK + "  Socket errors: connect 0, read 2, write 0, timeout 0\n")

    def test_nothing_done_is_a_failure(self):
        with self.assertRaises(drivers.LoadFailed):
            drivers.read_wrk("  0 requests in 1.00s, 0.00B read\n")


class H2loadTest(unittest.TestCase):
    def test_reads_requests_and_time(self):
        load = drivers.read_h2load(H2LOAD.format(100, 100, 0, 0, 100, 0))

        self.assertEqual(load.units, 100)
        self.assertAlmostEqual(load.seconds, 0.8012)

    def test_a_missing_reason_phrase_is_no_failure(self):
        self.assertEqual(drivers.read_h2load(H2LOAD.format(100, 0, 100, 0, 0, 0)).units, 100)

    def test_some_failed_are_a_failure(self):
        for numbers in ((100, 99, 1, 0, 99, 0), (100, 99, 1, 1, 99, 0), (100, 99, 1, 0, 99, 1), (0, 0, 0, 0, 0, 0)):
            with self.assertRaises(drivers.LoadFailed):
                drivers.read_h2load(H2LOAD.format(*numbers))


class LongEnoughTest(unittest.TestCase):
    def test_a_run_in_which_nothing_was_finished_is_made_longer_once(self):
        asked = []

        def run(seconds):
            asked.append(seconds)
            return drivers.read_h2load(H2LOAD.format(len(asked) - 1, len(asked) - 1, 0, 0, len(asked) - 1, 0))

        self.assertEqual(drivers.for_long_enough(run, 0.5).units, 1)
        self.assertEqual(asked, [0.5, 5.0])

    def test_who_never_answers_fails(self):
        def run(_):
            raise drivers.NothingDone("nothing")

        with self.assertRaises(drivers.LoadFailed):
            drivers.for_long_enough(run, 1)

    def test_a_failure_is_not_asked_again(self):
        asked = []

        def run(seconds):
            asked.append(seconds)
            return drivers.read_h2load(H2LOAD.format(1, 0, 1, 1, 0, 0))

        with self.assertRaises(drivers.LoadFailed):
            drivers.for_long_enough(run, 1)
        self.assertEqual(len(asked), 1)


class OthersTest(unittest.TestCase):
    def test_ab_reads_requests_and_time(self):
        load = drivers.read_ab(AB.format(0))

        self.assertEqual((load.units, load.seconds, load.rate), (300, 0.5, 600))

    def test_ab_failures_are_a_failure(self):
        for text in (AB.format(2), AB.format(0) + "Non-2xx responses:      300\n"):
            with self.assertRaises(drivers.LoadFailed):
                drivers.read_ab(text)

    def test_iperf3_counts_gigabytes_that_arrived(self):
        load = drivers.read_iperf3(json.dumps({"end": {"sum_received": {"bytes": 3e9, "seconds": 1.5}}}))

        self.assertEqual(load.rate, 2.0)

    def test_iperf3_that_sent_nothing_is_a_failure(self):
        with self.assertRaises(drivers.LoadFailed):
            drivers.read_iperf3(json.dumps({"error": "the server is busy"}))

    def test_percentiles(self):
        values = list(range(1, 101))

        self.assertEqual([drivers.percentile(values, part) for part in (0.5, 0.99, 1.0)], [50, 99, 100])
        self.assertEqual(drivers.percentile([7], 0.99), 7)


class Clock:
    """Time that passes in sleep() only, in whole milliseconds."""

    def __init__(self):
        self._ms = 0

    def monotonic(self):
        return self._ms / 1000

    def sleep(self, seconds):  # poll: by the clock of the test
        self._ms += round(seconds * 1000)


class SamplingTest(unittest.TestCase):
    def test_both_clocks_of_a_process_agree(self):
        sum(range(3_000_000))

        self.assertAlmostEqual(sampling.cpu_seconds(os.getpid()), sampling.cpu_from_stat(os.getpid()), delta=0.05)

    def test_cpu_grows_with_work(self):
        before = sampling.cpu_of([os.getpid()])
        sum(range(300_000))

        self.assertGreater(sampling.cpu_of([os.getpid()]), before)

    def test_own_memory_is_a_part_of_the_pss(self):
        self.assertGreater(sampling.pss_of([os.getpid()]), sampling.own_memory_of([os.getpid()]))
        self.assertGreater(sampling.own_memory_of([os.getpid()]), 100_000)

    def test_a_value_that_moved_is_settled_once_it_stays(self):
        values = iter([1, 2, 3, 3, 3, 3, 3, 3, 3])

        with mock.patch.object(sampling, "time", Clock()):
            self.assertEqual(sampling.settled(lambda: next(values), 0.1), 3)

    def test_a_value_that_never_stays_ends_at_the_deadline(self):
        values = iter(range(1000))

        with mock.patch.object(sampling, "time", Clock()):
            self.assertEqual(sampling.settled(lambda: next(values), 0.2, deadline=1), 20)

    def test_descendants_hold_the_process_itself(self):
        self.assertIn(os.getpid(), sampling.with_descendants([os.getpid()]))
        self.assertIn(os.getpid(), sampling.with_descendants([os.getppid()]))


class ScenariosTest(unittest.TestCase):
    def test_names_differ(self):
        names = [one.name for one in all_scenarios()]

        self.assertEqual(len(names), len(set(names)))

    def test_only_chooses_by_name_even_what_quick_leaves_out(self):
        self.assertEqual([one.name for one in chosen("^grow-endpoints$", quick=True)], ["grow-endpoints"])
        self.assertNotIn("grow-endpoints", [one.name for one in chosen(None, quick=True)])

    def test_the_rate_of_the_tail_follows_the_slowest_real_proxy(self):
        self.assertEqual(slowest({"floor": 1.0, "nginx": 3.0, "heddle": 5.0}), 3.0)
        self.assertEqual(slowest({"floor": 1.0}), 1.0)


class Recorder(Peer):
    name = "recorder"

    def __init__(self):
        self.legs = []

    def start(self, place, leg):
        self.legs.append(leg)
        return leg

    def version(self):
        return "1"


class Ports:
    def __init__(self):
        self._last = 100

    def port(self):
        self._last += 1
        return self._last


class PathTest(unittest.TestCase):
    def test_two_sidecars_are_a_chain_with_tls_in_the_middle(self):
        peer = Recorder()
        running = peer.open(Ports(), Path("pair", "h1", "h1"), 80)
        inner, outer = peer.legs

        self.assertEqual((running.port, outer.listen, outer.target, inner.target), (101, 101, inner.listen, 80))
        self.assertTrue(outer.gives_tls and inner.takes_tls)
        self.assertEqual((outer.front, outer.back, inner.front, inner.back), ("h1", "h2", "h2", "h1"))

    def test_tcp_stays_tcp_between_them(self):
        peer = Recorder()
        peer.open(Ports(), Path("pair", "tcp", "tcp"), 80)

        self.assertEqual({(leg.front, leg.back) for leg in peer.legs}, {("tcp", "tcp")})

    def test_one_hop_has_no_tls(self):
        peer = Recorder()
        peer.open(Ports(), Path("hop", "h2", "h2"), 80)

        [leg] = peer.legs
        self.assertFalse(leg.gives_tls or leg.takes_tls)


if __name__ == "__main__":
    unittest.main()
