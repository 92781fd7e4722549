import unittest

from support import LAYERS, TreeTest

from check_layers import check_file, check_tree
from layer_table import LayerTable

TABLE = LayerTable(LAYERS)


def rules(path, text):
    return [rule for _, rule, _ in check_file(TABLE, path, text)]


class LayerTableTest(unittest.TestCase):
    def test_star_means_every_folder_but_the_composition_root(self):
        self.assertTrue(TABLE.may_include("proxy/app", "lib/net"))
        self.assertTrue(TABLE.may_include("proxy/app", "proxy/lb"))
        self.assertFalse(TABLE.may_include("cli", "proxy/lb"))
        self.assertFalse(TABLE.may_include("control/app", "proxy/app"))

    def test_a_folder_may_include_itself(self):
        self.assertTrue(TABLE.may_include("lib/base", "lib/base"))

    def test_subfolders_belong_to_the_nearest_line(self):
        self.assertEqual(TABLE.folder_of("cli/commands/get.cc"), "cli")
        self.assertEqual(TABLE.folder_of("proxy/main.cc"), "proxy/app")
        self.assertIsNone(TABLE.folder_of("lib/unknown/x.cc"))


class IncludesTest(unittest.TestCase):
    def test_rejects_an_include_upwards(self):
        self.assertEqual(rules("lib/base/x.cc", '#include "lib/net/tcp.h"\n'), ["layer"])

    def test_rejects_the_other_side(self):
        self.assertEqual(rules("control/app/x.cc", '#include "proxy/lb/pick.h"\n'), ["layer"])

    def test_accepts_what_the_table_allows(self):
        self.assertEqual(rules("lib/net/x.cc", '#include "lib/event/loop.h"\n#include "lib/net/y.h"\n'), [])

    def test_rejects_product_code_that_includes_tests(self):
        self.assertEqual(rules("lib/net/x.cc", '#include "tests/support/fake.h"\n'), ["layer"])

    def test_rejects_relative_includes(self):
        self.assertEqual(rules("lib/net/x.cc", '#include "y.h"\n#include "../event/loop.h"\n'), ["layer", "layer"])

    def test_rejects_a_folder_without_a_line(self):
        self.assertEqual(rules("lib/unknown/x.cc", "int x;\n"), ["layer"])

    def test_tests_may_include_anything(self):
        self.assertEqual(rules("tests/unit/lib/net/x_test.cc", '#include "proxy/app/server.h"\n#include <uv.h>\n'), [])

    def test_rejects_third_party_headers_of_other_layers(self):
        self.assertEqual(rules("proxy/lb/x.cc", "#include <uv.h>\n"), ["third-party"])
        self.assertEqual(rules("lib/net/x.cc", "#include <openssl/ssl.h>\n"), ["third-party"])

    def test_accepts_std_posix_and_the_own_library(self):
        text = "#include <vector>\n#include <sys/socket.h>\n#include <unistd.h>\n#include <uv.h>\n"
        self.assertEqual(rules("lib/net/x.cc", text), [])

    def test_one_file_hides_each_wrapped_library(self):
        self.assertEqual(rules("lib/base/other.cc", "#include <json/json.h>\n"), ["third-party"])
        self.assertEqual(rules("lib/base/json.cc", "#include <json/json.h>\n"), [])
        self.assertEqual(rules("lib/base/json.cc", "#include <spdlog/spdlog.h>\n"), ["third-party"])
        self.assertEqual(rules("lib/metrics/counter.cc", "#include <prometheus/x.h>\n"), ["third-party"])
        self.assertEqual(rules("lib/metrics/exposition.cc", "#include <prometheus/x.h>\n"), [])

    def test_includes_in_comments_do_not_count(self):
        self.assertEqual(rules("lib/base/x.cc", '// #include "lib/net/tcp.h"\n/*\n#include <uv.h>\n*/\n'), [])

    def test_rejects_a_header_without_pragma_once(self):
        self.assertEqual(rules("lib/base/x.h", "int x();\n"), ["header"])


class TreeOfFilesTest(TreeTest):
    def test_names_file_line_and_rule(self):
        self.write(".ci/layers.txt", LAYERS)
        self.write("lib/base/x.cc", '#include <vector>\n#include "lib/net/tcp.h"\n')

        found = list(check_tree(self.root))

        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("lib/base/x.cc:2: layer: lib/base may not include lib/net"), found[0])

    def test_a_clean_tree_has_no_complaints(self):
        self.write(".ci/layers.txt", LAYERS)
        self.write("lib/base/x.cc", "#include <vector>\nint twice(int x) { return 2 * x; }\n")

        self.assertEqual(list(check_tree(self.root)), [])


if __name__ == "__main__":
    unittest.main()
