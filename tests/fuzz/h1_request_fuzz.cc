// HTTP/1 requests, as a stranger sends them. First byte: 0 the usual limits, 1 small ones. Then the bytes of the
// connection; "<FIN>" at their end half-closes it.
#include "lib/http/http1_head.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/heads.h"
#include "tests/support/http1_bench.h"

namespace heddle::fuzz {
namespace {
std::string verdict_of(const Http1Outcome& outcome) {
  return outcome.events + "|" + outcome.output + "|" + std::to_string(static_cast<int>(outcome.reason)) +
         (outcome.finished ? "|finished" : "|open");
}

// Whatever happens, each request is answered once, and after an error nothing is left to do.
void expect_answers(const Http1Outcome& outcome) {
  bool failed = outcome.reason != Reason::kNone;
  expect(!failed || outcome.finished, "a connection that failed is finished once its answer has left", outcome.output);
  expect(outcome.output.empty() || outcome.output.starts_with("HTTP/1.1 "), "what is sent is an answer",
         outcome.output);
}

void expect_head(std::string_view input, const HttpLimits& limits) {
  BlockPool pool;
  Buffer in(pool, input);
  Http1RequestParser parser(pool, limits, "http");
  if (parser.read(in) != Http1Step::kDone) return;
  expect(in.empty() || input.ends_with(in.to_string()), "what follows a head stays in the buffer");
  RequestHead head = parser.take_head();
  expect_rules(head, limits);
  if (head.authority().empty()) return;  // HTTP/1.0 without Host goes to no other proxy
  bool follows = parser.body().kind != Http1BodyPlan::Kind::kNone || !head.protocol().empty();
  expect_crosses(head, follows ? BodyFollows::kYes : BodyFollows::kNo, limits);
}
}  // namespace

HEDDLE_FUZZ_TARGET(h1_request, input) {
  HttpLimits limits = take_choice(input, 2) == 0 ? HttpLimits() : small_limits();
  Http1Outcome whole = serve_http1(input, {}, limits);
  expect_answers(whole);
  for (Split split : splits_of(input)) {
    expect_same(verdict_of(serve_http1(input, split, limits)), verdict_of(whole), "the verdict depends on no split");
  }
  expect_head(input, limits);
}
}  // namespace heddle::fuzz
