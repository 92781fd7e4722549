import unittest
import xml.etree.ElementTree as xml

from support import Cell, Target, row

import chart
import table

FIGURES = {"haproxy": [10.0], "nginx": [8.0], "nghttpx": "it forwards HTTP only", "heddle": [6.0]}


class NumbersTest(unittest.TestCase):
    def test_three_significant_digits(self):
        for value, expected in ((0.0834, "0.08"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1234"), (None, "-")):
            self.assertEqual(table.number(value), expected)

    def test_rates_get_a_letter(self):
        for value, expected in ((950.0, "950"), (12345.0, "12.3k"), (2.5e6, "2.50M"), (None, "-")):
            self.assertEqual(table.scaled(value), expected)

    def test_latencies_turn_to_milliseconds(self):
        self.assertEqual(table.microseconds(999), "999us")
        self.assertEqual(table.microseconds(1500), "1.50ms")


class TableTest(unittest.TestCase):
    def test_shows_ratio_target_and_verdict(self):
        line = table.main_table([row(FIGURES, Target("best", 0.8))]).splitlines()[1]

        self.assertIn("0.75 (nginx)", line)
        self.assertTrue(line.endswith("0.75 x best (<= 0.80) met"), line)

    def test_says_not_met(self):
        self.assertIn("NOT MET", table.main_table([row(FIGURES, Target("best", 0.5))]))

    def test_who_cannot_is_shown_with_the_reason(self):
        rows = [row(FIGURES)]

        self.assertIn("cannot", table.main_table(rows))
        self.assertIn("it forwards HTTP only", table.detail_table(rows))

    def test_who_failed_is_not_hidden(self):
        failing = row(FIGURES)
        failing.cells["nginx"] = Cell(failed="exit 1")

        self.assertIn("FAILED", table.main_table([failing]))
        self.assertIn("exit 1", table.detail_table([failing]))

    def test_columns_stand_below_each_other(self):
        first, second = table.grid([["a", "bbb", "c", ""], ["aaaa", "b", "10", ""]]).splitlines()

        self.assertEqual(first.index("c"), second.index("10") + 1)

    def test_the_summary_counts_verdicts(self):
        rows = [row(FIGURES, Target("best", 0.8), Target("best", 0.5), Target("floor", 1.0))]

        self.assertIn("1 targets met, 1 not met, 1 unknown", table.summary(rows))


class NoiseTest(unittest.TestCase):
    """Whether a verdict may be another program's work."""

    def noise(self, heddle, nginx, *targets):
        return table.noise([row({"heddle": heddle, "nginx": nginx, "haproxy": [90.0, 20.0]}, *targets)])

    def test_steady_rounds_are_not_worth_a_word(self):
        self.assertEqual(self.noise([6.0, 6.1, 6.2], [8.0, 8.1, 8.2], Target("best", 0.8)), "")

    def test_either_side_of_a_ratio_can_be_noisy(self):
        for heddle, nginx in (([6.0, 6.0, 9.0], [8.0, 8.0, 8.0]), ([6.0, 6.0, 6.0], [8.0, 8.0, 12.0])):
            self.assertIn("noisy", self.noise(heddle, nginx, Target("best", 0.8)))

    def test_only_verdicts_count(self):
        self.assertEqual(self.noise([6.0, 9.0], [8.0, 8.0]), "")


class ChartTest(unittest.TestCase):
    def draw(self, *rows):
        return xml.fromstring(chart.chart(rows))

    def words(self, root):
        return [element.text for element in root.iter() if element.tag.endswith("text")]

    def bars(self, root):
        return [float(element.get("width")) for element in root.iter() if element.tag.endswith("rect")][1:]

    def test_is_well_formed_and_names_everybody_who_was_measured(self):
        words = self.words(self.draw(row(FIGURES, title="a < b & c")))

        self.assertIn("a < b & c", words)
        self.assertIn("heddle 6.00", words)
        self.assertFalse([word for word in words if word.startswith("nghttpx")])

    def test_bars_are_proportional_to_the_figures(self):
        heddle, haproxy, nginx = self.bars(self.draw(row(FIGURES)))

        self.assertAlmostEqual(heddle / nginx, 0.75, places=2)
        self.assertAlmostEqual(haproxy / nginx, 1.25, places=2)

    def test_a_bar_beyond_the_axis_is_cut_and_marked(self):
        root = self.draw(row({"nginx": [1.0], "heddle": [100.0]}))

        self.assertAlmostEqual(self.bars(root)[0], chart.x_of(chart.MOST) - chart.LEFT, places=0)
        self.assertIn("heddle 100 →", self.words(root))

    def test_rows_that_compare_nothing_are_left_out(self):
        self.assertEqual(self.bars(self.draw(row({"heddle": [1.0]}))), [])

    def test_a_target_of_the_figure_itself_is_drawn_where_it_is(self):
        self.assertEqual(chart.target_ratio(row(FIGURES, Target("self", 4.0))), 0.5)


if __name__ == "__main__":
    unittest.main()
