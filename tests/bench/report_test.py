"""What the bench says of numbers that it found: run by ctest."""

import unittest

import report


def row(name, **values):
    return {"name": name, "unit": report.US, "values": values}


def run_of(*rows):
    proxies = ["gatehouse"] + sorted({peer for one in rows for peer in one["values"]} - {"gatehouse"})
    return {"machine": "a machine", "rounds": 2, "seconds": 1, "proxies": proxies, "rows": list(rows)}


class Aims(unittest.TestCase):
    def lines(self, *rows):
        return report.aims(run_of(*rows)).splitlines()

    def test_an_aim_is_reached_or_missed_by_the_median_of_the_rounds(self):
        self.assertIn("reached: new P-256 connection at 0.75 (0.50..1.00) of nginx; the aim is 0.75",
                      self.lines(row("new P-256 connection", gatehouse=[1, 2], nginx=[2, 2])))
        self.assertIn("missed: plain h1 1 MiB at 1.10 of haproxy; the aim is 1",
                      self.lines(row("plain h1 1 MiB", gatehouse=[11], haproxy=[10])))

    def test_the_best_is_the_peer_with_the_lowest_median(self):
        self.assertIn("missed: an idle TLS connection at 0.75 of envoy, the best; the aim is 0.5",
                      self.lines(row("an idle TLS connection", gatehouse=[6], envoy=[8], haproxy=[20], nginx=[30])))

    def test_a_row_without_an_aim_of_its_own_is_to_be_below_the_best(self):
        lines = self.lines(row("TLS h1 1 KiB", gatehouse=[9], nginx=[10], haproxy=[12]),
                           row("TLS h2 1 KiB", gatehouse=[9], nginx=[10]),
                           row("TLS h2 1 MiB", gatehouse=[11], nginx=[20], haproxy=[10]))
        self.assertIn("missed: TLS h2 1 MiB at 1.10 of haproxy, the best; the aim is 1", lines)
        self.assertIn("reached: 2 other rows at 1 of the best or below", lines)

    def test_an_aim_that_was_not_measured_is_named(self):
        line = self.lines(row("plain h1 1 MiB", gatehouse=[1], nginx=[2]))[-1]
        self.assertTrue(line.startswith("not measured: plain h1 1 MiB (1 of haproxy); new P-256 connection"), line)

    def test_a_row_that_no_peer_can_do_has_no_aim(self):
        self.assertEqual([line for line in self.lines(row("h2 to h2c 1 KiB", gatehouse=[1])) if not line.startswith("not")], [])


class Times(unittest.TestCase):
    """A row that compares two loads of the same proxy."""

    def setUp(self):
        self.run_found = run_of({**row(report.RANDOM_HOSTS, gatehouse=[1.04, 1.08, 1.1], nginx=[1.2, 1.2, 1.2]), "unit": report.TIMES})

    def test_it_has_an_aim_of_its_own(self):
        self.assertIn("missed: hosts at random, to one of them at 1.08 (1.04..1.10) of itself; the aim is 1.05",
                      report.aims(self.run_found).splitlines())

    def test_it_is_told_of_each_proxy_and_compared_with_none(self):
        self.assertEqual(report.cells(self.run_found, None)[1], [[report.RANDOM_HOSTS, report.TIMES, "1.08", "1.20", "-"]])
        self.assertNotIn(report.RANDOM_HOSTS, report.picture(self.run_found))


class Before(unittest.TestCase):
    """The proxy of `--before`, measured in the same rounds."""

    def test_each_ratio_stands_beside_what_it_was(self):
        run = run_of(row("TLS h1 1 KiB", gatehouse=[8, 8], before=[9, 9], nginx=[10, 10]))
        head, cells = report.cells(run, None)
        found = dict(zip(head, cells[0]))
        self.assertEqual(found["to nginx"], "0.80 (0.80..0.80), before 0.90")
        self.assertEqual(found["to before"], "0.89 (0.89..0.89)")

    def test_a_row_that_it_could_not_do_has_none(self):
        self.assertEqual(report.beside_it(row("affinity 1 KiB", gatehouse=[8], nginx=[10]), "nginx"), "")

    def test_a_row_is_dearer_when_it_is_in_every_round(self):
        lines = report.than_before(run_of(row("dear", gatehouse=[11, 12], before=[10, 10]), row("cheap", gatehouse=[9, 8], before=[10, 10]),
                                          row("both", gatehouse=[9, 12], before=[10, 10]), row("close", gatehouse=[101], before=[100]),
                                          row("not done", gatehouse=[9]))).splitlines()
        self.assertEqual(lines, ["dearer than before: dear at 1.15 (1.10..1.20)", "cheaper than before: cheap at 0.85 (0.80..0.90)",
                                 "as before: 2 rows, within 2% or with rounds on both sides"])

    def test_a_row_that_is_kept_for_the_next_run_is_kept_without_it(self):
        self.assertEqual(report.without_before(row("one", gatehouse=[1], before=[2], nginx=[3])), row("one", gatehouse=[1], nginx=[3]))

    def test_it_is_no_peer_that_an_aim_could_be_measured_by(self):
        self.assertIn("missed: TLS h1 1 KiB at 1.25 of nginx, the best; the aim is 1",
                      report.aims(run_of(row("TLS h1 1 KiB", gatehouse=[10], before=[4], nginx=[8]))).splitlines())

    def test_what_it_was_in_the_last_run_is_not_told_as_that_may_have_been_another(self):
        then = run_of(row("TLS h1 1 KiB", gatehouse=[5], before=[10]))
        self.assertEqual(report.changed(row("TLS h1 1 KiB", gatehouse=[9], before=[10]), "before", then), "")


class Changes(unittest.TestCase):
    def test_a_ratio_is_changed_where_the_rounds_of_both_runs_do_not_overlap(self):
        then = run_of(row("TLS h1 1 KiB", gatehouse=[8, 9], nginx=[10, 10]))
        self.assertEqual(report.changed(row("TLS h1 1 KiB", gatehouse=[6, 7], nginx=[10, 10]), "nginx", then), ", was 0.85")
        self.assertEqual(report.changed(row("TLS h1 1 KiB", gatehouse=[7, 8.5], nginx=[10, 10]), "nginx", then), "")
        self.assertEqual(report.changed(row("another", gatehouse=[1], nginx=[10]), "nginx", then), "")


if __name__ == "__main__":
    unittest.main()
