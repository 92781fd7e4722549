import unittest

from support import TreeTest

from check_sizes import check_file, check_tree
from function_finder import cpp_functions, python_functions


def body(lines):
    return "  step();\n" * lines


def found(text):
    return [(line, name, size) for line, name, size in cpp_functions(text)]


class CppFunctionsTest(unittest.TestCase):
    def test_finds_functions_in_namespaces_and_classes(self):
        text = "namespace a {\nclass B {\n public:\n  int c() const { return 1; }\n};\nint d(int x) {\n  return x;\n}\n}\n"
        self.assertEqual(found(text), [(4, "c", 1), (6, "d", 3)])

    def test_counts_lambdas_and_control_flow_with_their_function(self):
        text = "void f() {\n  if (x) {\n    y();\n  }\n  auto g = [](int a) {\n    return a;\n  };\n}\n"
        self.assertEqual(found(text), [(1, "f", 8)])

    def test_member_initialisers_are_not_bodies(self):
        text = "A::A(int x)\n    : b_{x},\n      c_(x) {\n  d();\n}\nA::A() : b_{1}, c_{2} {\n  d();\n}\n"
        self.assertEqual(found(text), [(1, "A::A", 5), (6, "A::A", 3)])

    def test_default_arguments_and_trailing_returns(self):
        text = "int f(Options o = {}) {\n  return 1;\n}\nauto g() -> std::vector<int> {\n  return {};\n}\n"
        self.assertEqual(found(text), [(1, "f", 3), (4, "g", 3)])

    def test_operators_and_tests(self):
        text = "bool A::operator==(const A& o) const {\n  return x == o.x;\n}\nTEST(A, B) {\n  c();\n}\n"
        self.assertEqual(found(text), [(1, "A::operator==", 3), (4, "TEST(A, B)", 3)])

    def test_data_is_no_function(self):
        text = "constexpr Row kTable[] = {\n  {1, f(2)},\n};\nenum class E { kA, kB };\nint x{3};\nint f() { return 1; }\n"
        self.assertEqual(found(text), [(6, "f", 1)])

    def test_braces_in_strings_comments_and_macros_do_not_count(self):
        text = '#define M(x) \\\n  { x\nvoid f() {\n  g("}");  // }\n  char c = \'}\';\n}\n'
        self.assertEqual(found(text), [(3, "f", 4)])

    def test_python_functions(self):
        self.assertEqual(python_functions("def f():\n    return 1\n\n\nasync def g():\n    pass\n"), [(1, "f", 2), (5, "g", 2)])


class SizesTest(TreeTest):
    def test_refuses_a_long_function(self):
        refused, _ = check_file("lib/a.cc", "void f() {\n" + body(59) + "}\n")
        self.assertEqual(len(refused), 1)
        self.assertIn("lib/a.cc:1: function-size: f has 61 lines", refused[0])

    def test_mentions_a_function_above_forty(self):
        refused, notices = check_file("lib/a.cc", "void f() {\n" + body(58) + "}\n")
        self.assertEqual((len(refused), len(notices)), (0, 1))

    def test_refuses_a_long_file(self):
        self.assertIn("file-size", check_file("tests/a.sh", "x\n" * 501)[0][0])
        self.assertEqual(check_file("tests/a.sh", "x\n" * 500), ([], []))

    def test_refuses_a_long_python_function(self):
        self.assertIn("function-size", check_file("a.py", "def f():\n" + "    x = 1\n" * 60)[0][0])

    def test_looks_at_sources_only(self):
        self.write("lib/a.cc", "x\n" * 501)
        self.write("docs/a.md", "x\n" * 501)

        refused, _ = check_tree(self.root)

        self.assertEqual([line.split(":")[0] for line in refused], ["lib/a.cc"])


if __name__ == "__main__":
    unittest.main()
