import unittest

from support import LAYERS

from check_layers import check_file
from layer_table import LayerTable

TABLE = LayerTable(LAYERS)


class BannedCallsTest(unittest.TestCase):
    def expect(self, path, line, *rules):
        found = [rule for _, rule, _ in check_file(TABLE, path, line + "\n")]
        self.assertEqual(found, list(rules), f"{path}: {line}")

    def test_real_clocks_live_in_lib_event(self):
        for line in (
            "auto t = std::chrono::steady_clock::now();",
            "auto t = std::chrono::system_clock::now();",
            "clock_gettime(CLOCK_REALTIME, &ts);",
            "gettimeofday(&tv, nullptr);",
            "time_t t = time(nullptr);",
            "uint64_t t = uv_hrtime();",
        ):
            self.expect("lib/net/x.cc", line, "clock")
            self.expect("tests/unit/lib/net/x_test.cc", line, "clock")
            self.expect("lib/event/x.cc", line)
        self.expect("lib/net/x.cc", "auto t = clock.now();")
        self.expect("lib/net/x.cc", "set_time(0); log.time(&x);")

    def test_chance_comes_from_lib_base(self):
        for line in ("std::mt19937 engine;", "int x = rand();", "getrandom(p, 8, 0);", "std::random_device d;", "x = random();"):
            self.expect("proxy/lb/x.cc", line, "random")
            self.expect("lib/base/random.cc", line)
        self.expect("lib/net/x.cc", "RAND_bytes(p, 8);", "random")
        self.expect("certs/x.cc", "RAND_bytes(p, 8);")
        self.expect("proxy/lb/x.cc", "operand(1); random_.next(); r.rand(); SeededRandom random(7);")

    def test_no_raw_new(self):
        for line in ("auto* x = new Thing();", "auto* x = new int[5];", "auto* y = new (std::nothrow) Thing;"):
            self.expect("lib/net/x.cc", line, "new")
            self.expect("tests/unit/lib/net/x_test.cc", line, "new")
            self.expect("lib/event/handle.h", "#pragma once " + line)
        self.expect("lib/net/x.cc", "new (memory) Thing();")
        self.expect("lib/net/x.cc", "int renew = news + deleted;")

    def test_no_raw_delete(self):
        for line in ("delete x;", "delete[] x;", "delete static_cast<T*>(x);"):
            self.expect("lib/net/x.cc", line, "delete")
            self.expect("lib/event/handle.h", "#pragma once " + line)
        self.expect("lib/net/x.cc", "X(const X&) = delete;")
        self.expect("lib/event/loop.cc", "void Retirable::dispose() noexcept { delete this; }")
        self.expect("lib/event/loop.cc", "void Other::end() { delete this; }", "delete")

    def test_no_std_regex_and_no_range_views(self):
        self.expect("cli/x.cc", 'std::regex r("a+");', "regex")
        self.expect("cli/x.cc", "re2::RE2 r(text);")
        self.expect("cli/x.cc", "#include <ranges>", "ranges")

    def test_thread_local_is_for_the_current_loop(self):
        self.expect("lib/net/x.cc", "thread_local int x;", "thread-local")
        self.expect("lib/event/loop.cc", "thread_local Loop* current = nullptr;")

    def test_only_the_handle_closes(self):
        self.expect("lib/event/x.cc", "uv_close(h, nullptr);", "uv-close")
        self.expect("lib/event/handle.h", "#pragma once uv_close(h, cb);")
        self.expect("lib/event/x.cc", "int r = uv_loop_close(&loop);")

    def test_nothing_sleeps(self):
        for line in ("std::this_thread::sleep_for(1ms);", "usleep(10);"):
            self.expect("tests/integration/x_test.cc", line, "sleep")
        self.expect("tests/e2e/x_test.py", "time.sleep(1)", "sleep")
        self.expect("tests/e2e/x.sh", "while true; do sleep 1; done", "sleep")
        self.expect("tests/e2e/x_test.py", "time.sleep(0.01)  # poll: until the port answers")
        self.expect("tests/e2e/x_test.py", "timer.sleeper(1)")

    def test_names_of_tests_are_sentences(self):
        self.expect("tests/unit/x_test.cc", "TEST(Router, prefers_the_longest) {}", "test-name")
        self.expect("tests/unit/x_test.cc", "TEST_F(Router, Prefers_Long) {}", "test-name")
        self.expect("tests/unit/x_test.cc", "TEST_P(router, PrefersLong) {}", "test-name")
        self.expect("tests/unit/x_test.cc", "TEST(Router, PrefersTheLongestPath) {}")

    def test_todos_carry_a_kind(self):
        self.expect("lib/net/x.cc", "int x;  // TODO: later", "todo")
        self.expect("lib/net/x.cc", "int x;  // TODO(perf): later")

    def test_comments_and_strings_do_not_count(self):
        self.expect("lib/net/x.cc", "// never call uv_close( or new Thing")
        self.expect("lib/net/x.cc", 'log("a new Thing; delete it; std::regex");')
        self.expect("lib/net/x.cc", 'auto t = R"(delete x; "quoted" )"; int n = 1\'000\'000;')

        self.expect("tests/e2e/x_test.py", 'why = "never time.sleep(1)"  # nor time.sleep(2)')

    def test_code_after_a_string_still_counts(self):
        self.expect("lib/net/x.cc", "char c = '\"'; delete x; char d = '\"';", "delete")

    def test_a_waiver_needs_its_rule_and_a_reason(self):
        self.expect("lib/net/x.cc", "delete x;  // lint: delete the C API hands us ownership")
        self.expect("lib/net/x.cc", "delete x;  // lint: delete", "delete")
        self.expect("lib/net/x.cc", "delete x;  // lint: clock wrong rule", "delete")

    def test_a_waiver_may_stand_on_the_line_above(self):
        self.expect("lib/net/x.cc", "// lint: delete the C API hands us ownership\ndelete x;")

    def test_lines_are_counted_over_comments_of_several_lines(self):
        found = check_file(TABLE, "lib/net/x.cc", "/* one\ntwo\n*/\ndelete x;\n")
        self.assertEqual([line for line, _, _ in found], [4])


if __name__ == "__main__":
    unittest.main()
