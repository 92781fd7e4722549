// The chunked coding: sizes, extensions, trailers. First byte: 0 the usual limits, 1 small ones.
#include "lib/http/http1_body.h"
#include "lib/http/rules.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/heads.h"

namespace heddle::fuzz {
namespace {
struct Decoded {
  Http1Step step = Http1Step::kMore;
  std::string body;
  std::string trailers;
  std::string rest;  // what stands after the body
  std::string fault;
  std::string text() const {
    return std::to_string(static_cast<int>(step)) + "|" + body + "|" + trailers + "|" + rest + "|" + fault;
  }
};

Decoded decode(BlockPool& pool, std::string_view input, Split split, const HttpLimits& limits) {
  Decoded out;
  Http1BodyDecoder decoder(limits, Http1Section::kRequestTrailers);
  decoder.begin({Http1BodyPlan::Kind::kChunked, 0});
  Buffer in(pool);
  Buffer body(pool);
  HeaderMap trailers(pool);
  size_t size = split.first > 0 ? split.first : input.size();
  while (!input.empty() && out.step != Http1Step::kFault) {
    std::string_view piece = input.substr(0, size);
    input.remove_prefix(piece.size());
    size = split.step > 0 ? split.step : input.size();
    in.append(piece);
    if (out.step == Http1Step::kMore) out.step = decoder.read(in, body, trailers);
  }
  out.body = body.to_string();
  if (out.step == Http1Step::kDone) out.trailers = describe(trailers);
  if (out.step == Http1Step::kDone) out.rest = in.to_string();
  if (out.step == Http1Step::kFault) out.fault = decoder.fault().what;
  for (size_t i = 0; i < trailers.size() && out.step == Http1Step::kDone; ++i) {
    expect(!is_forbidden_trailer(trailers.at(i)), "no forbidden trailer goes on", trailers.at(i).name);
    expect(is_field_value(trailers.at(i).value), "a trailer's value is clean", trailers.at(i).value);
  }
  return out;
}

// The body of a message: its trailers read back as a map, its bytes in two chunks.
std::string encode(BlockPool& pool, const Decoded& decoded, const HeaderMap& trailers) {
  Http1BodyEncoder encoder;
  encoder.begin(Http1BodyEncoder::Framing::kChunked, 0);
  Buffer out(pool);
  size_t half = decoded.body.size() / 2;
  bool written = encoder.write(Buffer(pool, std::string_view(decoded.body).substr(0, half)), out) &&
                 encoder.write(Buffer(pool, std::string_view(decoded.body).substr(half)), out) &&
                 encoder.finish(out, &trailers);
  expect(written, "a chunked body may have any length");
  return out.to_string();
}

void expect_round_trip(BlockPool& pool, std::string_view input, const Decoded& decoded, const HttpLimits& limits) {
  Http1BodyDecoder decoder(limits, Http1Section::kRequestTrailers);
  decoder.begin({Http1BodyPlan::Kind::kChunked, 0});
  Buffer in(pool, input);
  Buffer body(pool);
  HeaderMap trailers(pool);
  (void)decoder.read(in, body, trailers);
  Decoded again = decode(pool, encode(pool, decoded, trailers), {}, next_hop(limits));
  expect(again.step == Http1Step::kDone && again.rest.empty(), "what the encoder writes is one whole body");
  expect_same(again.body, decoded.body, "the encoder keeps the body");
  expect_same(again.trailers, decoded.trailers, "the encoder keeps the trailers");
}
}  // namespace

HEDDLE_FUZZ_TARGET(chunked_body, input) {
  HttpLimits limits = take_choice(input, 2) == 0 ? HttpLimits() : small_limits();
  BlockPool pool;
  Decoded whole = decode(pool, input, {}, limits);
  expect(whole.body.size() <= input.size(), "a body is no longer than its coding");
  expect(input.ends_with(whole.rest), "what follows a body stays in the buffer");
  for (Split split : splits_of(input)) {
    expect_same(decode(pool, input, split, limits).text(), whole.text(), "the verdict depends on no split");
  }
  if (whole.step == Http1Step::kDone) expect_round_trip(pool, input, whole, limits);
}
}  // namespace heddle::fuzz
