import os
import random
import sys
import unittest
import xml.dom.minidom

from support import ROOT

sys.path.insert(0, os.path.join(ROOT, "bench", "control"))

# pylint: disable=wrong-import-position
import control_chart  # noqa: E402
from control_figures import chosen_services, goals_of, latencies, percentile, spread_of, table, verdict  # noqa: E402
from control_fleet import shares  # noqa: E402


def size_row(sidecars, p99=120.0):
    return {"sidecars": sidecars, "synced_s": 12.5, "handshake_us": 800.0, "handshake_share": 0.7, "sidecar_kib": 25.0,
            "tls_kib": 20.0, "wire_ratio": 1.2, "change": {"count": 50, "p50_ms": 105.0, "p99_ms": p99, "max_ms": p99 + 10}}


class Percentile(unittest.TestCase):
    def test_of_a_hundred_the_99th_is_the_last_but_one(self):
        self.assertEqual(percentile(range(1, 101), 0.99), 99)

    def test_of_few_it_is_the_largest(self):
        self.assertEqual(percentile([3.0, 1.0, 2.0], 0.99), 3.0)

    def test_the_median_is_the_middle(self):
        self.assertEqual(percentile([3.0, 1.0, 2.0], 0.5), 2.0)

    def test_of_nothing_there_is_none(self):
        self.assertIsNone(percentile([], 0.5))
        self.assertIsNone(spread_of([])["max_ms"])


class Latencies(unittest.TestCase):
    def test_each_counts_from_the_change_of_its_service(self):
        took, wrong = latencies([(1, 5_000_000), (2, 9_000_000)], {1: 0, 2: 6_000_000}, {1: 1, 2: 1})
        self.assertEqual(took, [5.0, 3.0])
        self.assertEqual(wrong, 0)

    def test_who_is_missing_is_counted(self):
        self.assertEqual(latencies([(1, 5)], {1: 0}, {1: 3})[1], 2)

    def test_who_got_it_twice_is_counted(self):
        self.assertEqual(latencies([(1, 5), (1, 6)], {1: 0}, {1: 1})[1], 1)

    def test_other_services_are_not(self):
        self.assertEqual(latencies([(7, 5)], {1: 0}, {1: 0}), ([], 0))


class Choice(unittest.TestCase):
    def test_only_what_somebody_wants_changes(self):
        chosen = chosen_services([0, 3, 0, 1], 10, random.Random(1))
        self.assertEqual(len(chosen), 10)
        self.assertLessEqual(set(chosen), {1, 3})

    def test_the_most_wanted_is_the_first(self):
        self.assertEqual(chosen_services([1, 9, 2], 3, random.Random(1))[0], 1)

    def test_none_comes_twice_while_there_are_others(self):
        chosen = chosen_services([1] * 100, 50, random.Random(1))
        self.assertEqual(len(set(chosen)), 50)

    def test_where_nothing_is_wanted_nothing_changes(self):
        self.assertEqual(chosen_services([0, 0], 5, random.Random(1)), [])


class Shares(unittest.TestCase):
    def test_cover_everybody_once(self):
        for total, parts in ((10, 3), (1, 4), (10000, 2)):
            numbers = [first + i for first, count in shares(total, parts) for i in range(count)]
            self.assertEqual(numbers, list(range(total)))


class Goals(unittest.TestCase):
    def test_the_largest_fleet_is_judged(self):
        self.assertIn("1,000 sidecars", verdict([size_row(1000), size_row(100)]))

    def test_what_is_not_met_is_said(self):
        self.assertIn("change_p99_ms 300.00 (<= 250) NOT MET", verdict([size_row(1000, 300.0)]))

    def test_what_was_not_measured_is_not_judged(self):
        self.assertNotIn("sustained_p99_ms", [name for name, _, _ in goals_of(size_row(100))])

    def test_the_table_has_a_line_for_each_size(self):
        self.assertEqual(len(table([size_row(100), size_row(1000)]).splitlines()), 3)


class Chart(unittest.TestCase):
    def test_is_an_image_with_every_size_and_line(self):
        text = control_chart.chart([size_row(100), size_row(10000)], 250.0)
        xml.dom.minidom.parseString(text)
        for words in ("10,000", "p50 105 ms", "p99 120 ms", "max 130 ms"):
            self.assertIn(words, text)

    def test_of_one_size_is_an_image_too(self):
        xml.dom.minidom.parseString(control_chart.chart([size_row(100)], 250.0))

    def test_of_nothing_says_so(self):
        self.assertIn("nothing was measured", control_chart.chart([], 250.0))

    def test_the_axis_ends_at_a_round_number(self):
        self.assertEqual([control_chart.nice_top(value) for value in (0.9, 101, 250, 260)], [1.0, 200.0, 250.0, 500.0])


if __name__ == "__main__":
    unittest.main()
