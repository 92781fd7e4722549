// HTTP/1 answers, as an upstream sends them. First byte: what was asked, 0 GET, 1 HEAD, 2 a websocket; 3 to 5 the same
// with small limits. Then the bytes of the connection; "<FIN>" at their end half-closes it.
#include "lib/http/http1_head.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/heads.h"
#include "tests/support/http1_bench.h"

namespace heddle::fuzz {
namespace {
std::string verdict_of(const Http1Outcome& outcome) {
  return outcome.events + "|" + std::to_string(static_cast<int>(outcome.reason)) +
         (outcome.finished ? "|finished" : "|open");
}

void expect_head(std::string_view input, std::string_view method, const HttpLimits& limits) {
  BlockPool pool;
  Buffer in(pool, input);
  Http1ResponseParser parser(pool, limits);
  if (parser.read(in, method == "HEAD") != Http1Step::kDone) return;
  expect(in.empty() || input.ends_with(in.to_string()), "what follows a head stays in the buffer");
  ResponseHead head = parser.take_head();
  expect_rules(head, limits);
  bool tunnel = head.status == 101;
  if (head.status < 200 && !(tunnel && method == "websocket")) return;
  bool follows = parser.body().kind != Http1BodyPlan::Kind::kNone || tunnel;
  expect_crosses(head, follows ? BodyFollows::kYes : BodyFollows::kNo, method, limits);
}
}  // namespace

HEDDLE_FUZZ_TARGET(h1_response, input) {
  size_t choice = take_choice(input, 6);
  HttpLimits limits = choice < 3 ? HttpLimits() : small_limits();
  constexpr Http1Asked kAsked[] = {{"GET", ""}, {"HEAD", ""}, {"GET", "websocket"}};
  const Http1Asked& asked = kAsked[choice % 3];
  std::string whole = verdict_of(ask_http1(input, {}, asked, limits));
  for (Split split : splits_of(input)) {
    expect_same(verdict_of(ask_http1(input, split, asked, limits)), whole, "the verdict depends on no split");
  }
  expect_head(input, asked.protocol.empty() ? asked.method : asked.protocol, limits);
}
}  // namespace heddle::fuzz
