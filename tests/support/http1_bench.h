// Feeds one HTTP/1 codec the way a session does (what is left is offered again, output is pulled after every piece)
// and sums up what came of it, so that two ways to split the same bytes can be compared.
#pragma once
#include <string>
#include <string_view>

#include "tests/support/codec_harness.h"

namespace heddle {
inline constexpr std::string_view kFin = "<FIN>";  // at the end of an input: the peer half-closes there

struct Http1Outcome {
  std::string events;    // transcript
  std::string statuses;  // of the answers that were written: "200 200 400"
  std::string output;
  Reason reason = Reason::kNone;  // of the error that ended the connection
  bool finished = false;          // nothing in flight, nothing to come: the session closes
};
// Answers every complete request with 200 and "ok".
Http1Outcome serve_http1(std::string_view input, Split split = {}, const HttpLimits& limits = {});

// One request is outstanding; `input` is what the upstream says.
struct Http1Asked {
  std::string_view method = "GET";
  std::string_view protocol;
};
Http1Outcome ask_http1(std::string_view input, Split split = {}, Http1Asked asked = {}, const HttpLimits& limits = {});

// Every split worth trying: whole, byte by byte, and two pieces at each offset (long inputs: a sample).
std::vector<Split> all_splits(size_t bytes);
}  // namespace heddle
