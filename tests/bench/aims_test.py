"""Which aims of a large cluster count as reached: run by ctest."""

import pathlib
import re
import unittest

import aims
import report

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATH = "a path more, 1 proxy, CPU ms"
MEMORY = "restart: at rest, MB"


def row(name, **numbers):
    return {"row": name, "numbers": {size.lstrip("n"): number for size, number in numbers.items()}, "exponent": None}


def line_of(row_name, documents, before=None):
    lines = aims.table(aims.found_in(documents), before)
    title = next(aim.title for aim in aims.AIMS if aim.row == row_name)
    return dict(zip(lines[0][1:-1] + ["verdict"], next(line[1:] for line in lines if line[0] == title)))


class Verdicts(unittest.TestCase):
    def test_what_may_cost_so_much_at_any_size_is_judged_by_the_worst(self):
        self.assertEqual(line_of(PATH, [[row(PATH, n100=0.4, n10000=0.9)]])["verdict"], "reached")
        self.assertEqual(line_of(PATH, [[row(PATH, n100=1.2, n10000=0.9)]])["verdict"], "missed")

    def test_what_counts_at_ten_thousand_is_not_measured_by_less(self):
        self.assertEqual(line_of(MEMORY, [[row(MEMORY, n1000=20)]])["verdict"], "not measured")
        self.assertEqual(line_of(MEMORY, [[row(MEMORY, n1000=20, n10000=49.9)]])["verdict"], "reached")
        self.assertEqual(line_of(MEMORY, [[row(MEMORY, n1000=20, n10000=226)]])["verdict"], "missed")

    def test_what_is_shown_as_the_aim_is_the_aim(self):
        self.assertEqual(line_of(MEMORY, [[row(MEMORY, n10000=50.04)]])["verdict"], "reached")

    def test_a_row_without_an_aim_is_told_alone(self):
        cost = "a proxy that joins, CPU ms"
        self.assertEqual(line_of(cost, [[row(cost, n10000=490)]])["verdict"], "")

    def test_one_host_beside_many_has_no_column(self):
        self.assertEqual(list(line_of("MB resident, each used", [[row("MB resident, each used", n1=17, n10000=55)]]))[0], "10,000")

    def test_a_row_that_nobody_measured_is_said_to_be_so(self):
        self.assertEqual(line_of(PATH, [[]])["verdict"], "not measured")


class Sources(unittest.TestCase):
    def test_each_bench_is_read_in_its_own_form(self):
        pure = [{"kind": "path", "step": "operator: all", "numbers": {"10000": 240.0}, "exponent": 0.05}]
        ratios = {"rows": [{"name": report.RANDOM_HOSTS, "unit": report.TIMES, "values": {"gatehouse": [1.1, 1.04, 1.02], "nginx": [1.2]}},
                           {"name": "idle", "unit": report.MB, "values": {"gatehouse": [17]}}]}
        self.assertEqual(line_of("path, operator: all", [pure])["10,000"], "0.24")
        self.assertEqual(line_of(report.RANDOM_HOSTS, [ratios]),
                         {"10,000": "1.04", "growth": "", "before, at 10,000": "1.28 to 1.33", "aim": "1.05", "verdict": "reached"})

    def test_what_a_later_file_says_of_a_size_counts_and_the_other_sizes_stay(self):
        found = line_of(PATH, [[row(PATH, n100=1, n10000=9)], [row(PATH, n10000=0.5)]])
        self.assertEqual((found["100"], found["10,000"]), ("1", "0.5"))

    def test_another_tree_stands_in_the_place_of_what_was_found_first(self):
        documents = [[row(PATH, n10000=0.5)]]
        self.assertEqual(line_of(PATH, documents)["before, at 10,000"], "420")
        self.assertEqual(line_of(PATH, documents, aims.found_in([[row(PATH, n10000=7.2)]]))["before, at 10,000"], "7.2")
        self.assertEqual(line_of(PATH, documents, {})["before, at 10,000"], "")

    def test_each_row_is_named_as_its_bench_names_it(self):
        for aim in aims.AIMS:
            self.assertEqual(left_of(words(aim.row), literals()), [], aim.row)


def words(text):
    return re.sub(r"\W+", " ", text).split()


def literals():
    """What the benches have in quotes, of which they put the names of rows together."""
    files = [ROOT / "tests/bench" / name for name in ("large_cluster.cpp", "scale.cpp", "crowd", "report.py")]
    quoted = [text for file in files for text in re.findall(r'"([^"\n]*)"', file.read_text(encoding="utf-8"))]
    parts = [words(re.sub(r"\{[^}]*\}", " ", part)) for text in quoted for part in re.split("[,:]", text)]
    return sorted((part for part in parts if part), key=len, reverse=True)


def left_of(name, parts):
    """Words of the name from the first that no part begins with."""
    while name:
        part = next((part for part in parts if name[:len(part)] == part), name[:1] if name[0].isdigit() else None)
        if part is None:
            return name
        name = name[len(part):]
    return []


class Growth(unittest.TestCase):
    def test_it_is_the_exponent(self):
        self.assertEqual(aims.growth({100: 2, 1000: 20, 10000: 200}), "1.00")
        self.assertEqual(aims.growth({100: 7, 10000: 7}), "0.00")

    def test_of_nothing_and_of_one_size_there_is_none(self):
        self.assertEqual(aims.growth({100: 0, 1000: 5}), "")
        self.assertEqual(aims.growth({1000: 5}), "")


class Page(unittest.TestCase):
    def test_the_table_stands_between_two_lines_of_the_page(self):
        page = f"a\n{aims.BEGIN}\nold \\1\n{aims.END}\nb\n"
        self.assertEqual(aims.put_into(page, "new \\1"), f"a\n{aims.BEGIN}\n\nnew \\1\n\n{aims.END}\nb\n")

    def test_a_page_without_them_is_not_touched(self):
        with self.assertRaises(ValueError):
            aims.put_into("a page", "new")

    def test_ours_has_them(self):
        aims.put_into((ROOT / "docs/performance.md").read_text(encoding="utf-8"), "new")


if __name__ == "__main__":
    unittest.main()
