// The path of a request: what is authorised, routed and forwarded must mean the same to everybody. The judge of this
// file knows nothing of rules.h: it decodes as a lenient backend would and looks at what comes out.
#include "lib/http/rules.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/heads.h"
#include "tests/support/http1_bench.h"

namespace heddle::fuzz {
namespace {
int digit_of(char c) {
  size_t at = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
  if (c >= '0' && c <= '9') return c - '0';
  return at == std::string_view::npos || at < 10 ? -1 : static_cast<int>(at);
}

// Percent-decoded once; nothing for a broken escape.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit_of(text[i + 1]) < 0 || digit_of(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
    i += 2;
  }
  return out;
}

void expect_one_meaning(std::string_view path) {
  std::string_view before_query = path.substr(0, path.find('?'));
  std::optional<std::string> plain = decoded(before_query);
  expect(plain.has_value(), "an accepted path has no broken escape", path);
  if (!plain) return;
  auto slashes = [](std::string_view text) { return std::count(text.begin(), text.end(), '/'); };
  expect(slashes(*plain) == slashes(before_query), "decoding makes no new segment", path);
  expect(plain->find('\\') == std::string::npos, "no backend may take a byte for a slash", path);
  for (char c : *plain) expect((c & 0x80) != 0 || (c >= 0x20 && c != 0x7f), "decoding makes no control byte", path);
  std::string rest = *plain + "/";
  for (size_t start = 1, end; (end = rest.find('/', start)) != std::string::npos; start = end + 1) {
    std::string segment = rest.substr(start, std::min(end, rest.find(';', start)) - start);
    expect(segment != "." && segment != "..", "an accepted path is what it means", path);
  }
  for (char c : path) expect(c > 0x20 && c < 0x7f && c != '#', "an accepted target is visible ASCII", path);
}

bool served_over_http1(std::string_view path) {
  std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nhost: a\r\n\r\n";
  return serve_http1(request).events.starts_with("request 1 GET http a " + std::string(path) + " ");
}
}  // namespace

HEDDLE_FUZZ_TARGET(http_path, input) {
  bool accepted = bool(check_path(input));
  if (accepted) expect_one_meaning(input);
  bool fits = input.size() <= HttpLimits().target_bytes - 32;
  if (fits && input.starts_with('/')) {
    expect(served_over_http1(input) == accepted, "HTTP/1 takes exactly the paths the rules allow", input);
  }
  if (!accepted || !fits) return;
  BlockPool pool;
  RequestHead head = make_request(pool, "GET", input);
  expect_crosses(head, BodyFollows::kNo, {});
}
}  // namespace heddle::fuzz
