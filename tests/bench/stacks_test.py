"""How the profiles of a large cluster are read: run by ctest."""

import unittest

import stacks

FOLDED = """main (main.cpp);kube::Store<kube::Secret>::put(kube::Secret) (store.h);std::string::_M_create 700
main (main.cpp);ingress::IncrementalCompiler::update(ingress::ClusterChanges const&) (incremental_compiler.cpp);base::SharedMap<int>::set(int) (shared_map.h);operator new 200
main (main.cpp);kube::Store<kube::Secret>::put(kube::Secret) (store.h);operator new 300
main (main.cpp);CRYPTO_malloc 50
start_thread;base::HttpServer::listen() (http_server.cpp);operator new 5
"""

REPORT = """# To display the perf.data header info, please use --header/--header-only options.
#
# Samples: 4K of event 'cpu-clock'
# Event count (approx.): 2000000000
#
# Overhead  Symbol
# ........  ......
#
    60.00%  [.] certificate::Metrics::gauges_text[abi:cxx11]() const
    25.50%  [k] finish_task_switch                 -      -            
"""


class Frames(unittest.TestCase):
    def test_a_frame_loses_its_file_and_its_arguments(self):
        self.assertEqual(stacks.plain("kube::Store<kube::Secret>::put(kube::Secret) (store.h)"), "kube::Store<kube::Secret>::put")
        self.assertEqual(stacks.plain("kube::(anonymous namespace)::read(int)"), "kube::read")
        self.assertEqual(stacks.plain("base::Less::operator()(int) const (less.h)"), "base::Less::operator()")

    def test_memory_is_held_by_the_innermost_function_of_a_room(self):
        self.assertEqual(stacks.holder(["main", "kube::read()", "ingress::compile(int)", "base::SharedMap<int>::set(int)", "operator new"]),
                         "ingress::compile")

    def test_without_a_room_by_what_all_have_in_common_and_then_by_who_allocated(self):
        self.assertEqual(stacks.holder(["start_thread", "base::HttpServer::listen()", "operator new"]), "base::HttpServer::listen")
        self.assertEqual(stacks.holder(["main", "CRYPTO_malloc"]), "others: CRYPTO_malloc")


class Held(unittest.TestCase):
    def test_stacks_of_one_holder_are_added_and_the_most_comes_first(self):
        self.assertEqual(stacks.held(FOLDED), [("kube::Store<kube::Secret>::put", 1000), ("ingress::IncrementalCompiler::update", 200),
                                               ("others: CRYPTO_malloc", 50), ("base::HttpServer::listen", 5)])

    def test_rooms_are_told_together(self):
        self.assertEqual(stacks.by_room(stacks.held(FOLDED)), [("kube", 1000), ("ingress", 200), ("others", 50), ("base", 5)])


class Sampled(unittest.TestCase):
    def test_a_report_says_how_much_in_all_and_whose(self):
        self.assertEqual(stacks.sampled(REPORT), (2_000_000_000, [("certificate::Metrics::gauges_text[abi:cxx11]() const", 0.6, False),
                                                                  ("finish_task_switch", 0.255, True)]))

    def test_no_report_says_nothing(self):
        self.assertEqual(stacks.sampled(""), (0, []))


if __name__ == "__main__":
    unittest.main()
