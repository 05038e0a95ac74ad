"""How the bench reads callgrind's files: run by ctest."""

import unittest

import callgrind

WRITTEN = """# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 12
cmd:  gatehouse-proxy --workers 1
part: 2

positions: line
events: Ir Dr Dw DLmr DLmw

ob=(1) /a/program
fl=(1) a.cpp
fn=(1) router::find(std::string_view)
16 100 10 5 3 1
fi=(2) table.h
+4 20 5 0 2
fe=(1)
cfn=(2) base::hash
calls=7 30
* 700 70 7 7 7
-2 5

fl=(3) b.cpp
fn=(2)
30 50 1 1 0 4

fn=(1)
17 1 1 0 1

totals: 876 87 13 13 12
"""


class Callgrind(unittest.TestCase):
    def test_totals_are_by_the_names_of_events(self):
        self.assertEqual(callgrind.totals(WRITTEN), {"Ir": 876, "Dr": 87, "Dw": 13, "DLmr": 13, "DLmw": 12})

    def test_a_file_that_is_being_written_has_none(self):
        self.assertIsNone(callgrind.totals(WRITTEN.partition("totals:")[0]))

    def test_a_function_counts_what_is_inlined_but_not_what_it_calls(self):
        self.assertEqual(callgrind.by_function(WRITTEN, ["DLmr", "DLmw"]), {"router::find(std::string_view)": 7, "base::hash": 4})
        self.assertEqual(callgrind.by_function(WRITTEN, ["Ir"]), {"router::find(std::string_view)": 126, "base::hash": 50})

    def test_events_that_were_not_counted_are_none(self):
        self.assertEqual(set(callgrind.by_function(WRITTEN, ["ILmr"]).values()), {0})

    def test_functions_are_ordered_by_what_they_count_more(self):
        self.assertEqual(callgrind.more_than({"a": 5, "b": 9, "new": 3}, {"a": 1, "b": 10, "gone": 2}),
                         [("a", 4), ("new", 3), ("b", -1), ("gone", -2)])

    def test_a_name_is_shortened(self):
        string = "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"
        view = "std::basic_string_view<char, std::char_traits<char> >"
        self.assertEqual(callgrind.short(f"f({string} const&, {view})"), "f(std::string const&, std::string_view)")
        self.assertEqual(callgrind.short("abcdefgh", width=6), "abc...")


if __name__ == "__main__":
    unittest.main()
