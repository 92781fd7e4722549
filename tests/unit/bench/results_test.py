import unittest

from support import Cell, Target, row


class CellTest(unittest.TestCase):
    def test_the_figure_is_the_median_of_the_rounds(self):
        self.assertEqual(Cell(figures=[3.0, 1.0, 2.0]).median, 2.0)

    def test_one_outlier_does_not_move_it(self):
        self.assertEqual(Cell(figures=[1.0, 1.0, 900.0]).median, 1.0)

    def test_the_spread_is_relative_to_the_median(self):
        self.assertAlmostEqual(Cell(figures=[9.0, 10.0, 11.0]).spread, 0.2)

    def test_nothing_measured_has_neither(self):
        self.assertIsNone(Cell().median)
        self.assertIsNone(Cell().spread)

    def test_rounds_without_a_value_are_left_out_of_other_medians(self):
        cell = Cell()
        cell.note(p50=None)
        cell.note(p50=4.0)

        self.assertEqual(cell.more_median("p50"), 4.0)
        self.assertIsNone(cell.more_median("p99"))


class RowTest(unittest.TestCase):
    FIGURES = {"floor": [1.0], "haproxy": [10.0], "nginx": [8.0], "nghttpx": "no TCP", "heddle": [6.0]}

    def test_the_best_is_neither_heddle_nor_the_floor(self):
        self.assertEqual(row(self.FIGURES).best(), ("nginx", 8.0))

    def test_without_other_proxies_there_is_no_best(self):
        self.assertIsNone(row({"heddle": [1.0], "floor": [1.0], "nginx": "no"}).best())

    def test_a_target_against_the_best_is_a_ratio_of_medians(self):
        [(_, value, met)] = row(self.FIGURES, Target("best", 0.8)).verdicts()

        self.assertEqual((value, met), (0.75, True))

    def test_a_ratio_above_the_limit_is_not_met(self):
        self.assertIs(row(self.FIGURES, Target("best", 0.7)).verdicts()[0][2], False)

    def test_the_limit_itself_is_met(self):
        self.assertIs(row(self.FIGURES, Target("best", 0.75)).verdicts()[0][2], True)

    def test_a_target_against_the_floor(self):
        self.assertEqual(row(self.FIGURES, Target("floor", 1.2)).verdicts()[0][1:], (6.0, False))

    def test_a_target_of_the_figure_itself(self):
        self.assertEqual(row({"heddle": [7.0]}, Target("self", 8.0)).verdicts()[0][1:], (7.0, True))

    def test_what_is_missing_is_unknown_and_not_met_or_missed(self):
        for figures in ({"nginx": [1.0]}, {"heddle": [1.0]}, {"heddle": [1.0], "nginx": "no"}):
            self.assertEqual(row(figures, Target("best", 1.0)).verdicts()[0][1:], (None, None), figures)

    def test_json_holds_every_round_and_every_verdict(self):
        data = row(self.FIGURES, Target("best", 0.8)).as_json()

        self.assertEqual(data["best_peer"], "nginx")
        self.assertEqual(data["cells"]["heddle"]["rounds"], [6.0])
        self.assertEqual(data["cells"]["nghttpx"]["cannot"], "no TCP")
        self.assertEqual(data["targets"], [{"against": "best", "limit": 0.8, "value": 0.75, "met": True}])


if __name__ == "__main__":
    unittest.main()
