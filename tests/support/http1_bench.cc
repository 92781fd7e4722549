#include "tests/support/http1_bench.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "lib/http/http1_client_codec.h"
#include "lib/http/http1_server_codec.h"

namespace heddle {
namespace {
bool take_fin(std::string_view& input) {
  bool fin = input.size() >= kFin.size() && input.substr(input.size() - kFin.size()) == kFin;
  if (fin) input.remove_suffix(kFin.size());
  return fin;
}

// The status of every answer in `output`, skipping bodies by looking for status lines only.
std::string statuses_of(std::string_view output) {
  std::string out;
  constexpr std::string_view kStart = "HTTP/1.1 ";
  for (size_t at = output.find(kStart); at != output.npos; at = output.find(kStart, at + 1)) {
    std::string_view status = output.substr(at + kStart.size(), 3);
    if (status.find_first_not_of("0123456789") != status.npos) continue;  // the text of an answer
    if (!out.empty()) out.push_back(' ');
    out.append(status);
  }
  return out;
}

// Offers `in` until the codec takes no more, pulling its output in between.
Result<void> offer(Codec& codec, Buffer& in, std::string& output) {
  size_t before = in.size() + 1;
  while (in.size() < before) {
    before = in.size();
    HEDDLE_CHECK_OK(codec.receive(in));
    output += produced(codec, in.pool());
    if (in.empty()) break;
  }
  return {};
}

Result<void> offer_all(Codec& codec, BlockPool& pool, std::string_view input, Split split, std::string& output) {
  bool fin = take_fin(input);
  Buffer in(pool);
  size_t size = split.first > 0 ? split.first : input.size();
  while (!input.empty()) {
    std::string_view piece = input.substr(0, size);
    input.remove_prefix(piece.size());
    size = split.step > 0 ? split.step : input.size();
    in.append(piece);
    HEDDLE_CHECK_OK(offer(codec, in, output));
  }
  if (!fin) return {};
  HEDDLE_CHECK_OK(codec.receive_end());
  output += produced(codec, pool);
  return offer(codec, in, output);
}
}  // namespace

Http1Outcome serve_http1(std::string_view input, Split split, const HttpLimits& limits) {
  BlockPool pool;
  RecordingServerEvents events;
  Http1ServerCodec codec(pool, limits, "http", events, ReasonDisclosure::kName);
  events.codec = &codec;
  auto answer = [&](StreamId id) {
    ResponseHead head(pool, 200);
    head.content_length = 2;
    codec.respond(id, head, false);
    (void)codec.send_data(id, Buffer(pool, "ok"), true);
  };
  events.handler = [&](StreamId id, const RequestHead&, bool end) { return end ? answer(id) : void(); };
  events.body_handler = [&](StreamId id, Buffer&&, bool end) { return end ? answer(id) : void(); };
  Http1Outcome out;
  Result<void> result = offer_all(codec, pool, input, split, out.output);
  if (!result) {
    out.reason = result.error().reason;
    codec.fail(result.error());
    out.output += produced(codec, pool);
  }
  out.events = events.text();
  out.statuses = statuses_of(out.output);
  out.finished = codec.finished();
  return out;
}

Http1Outcome ask_http1(std::string_view input, Split split, Http1Asked asked, const HttpLimits& limits) {
  BlockPool pool;
  RecordingClientEvents events;
  Http1ClientCodec codec(pool, limits, events);
  events.codec = &codec;
  RequestHead head = make_request(pool, asked.method, "/");
  HEDDLE_CHECK(head.set_protocol(asked.protocol));
  codec.open(head, asked.protocol.empty());
  Http1Outcome out;
  out.output = produced(codec, pool);
  Result<void> result = offer_all(codec, pool, input, split, out.output);
  if (!result) out.reason = result.error().reason;
  out.events = events.text();
  out.finished = codec.finished();
  return out;
}

std::vector<Split> all_splits(size_t bytes) {
  std::vector<Split> out = {Split{}};
  if (bytes <= 300 * 1024) out.push_back({1, 1});
  out.push_back({7, 4099});
  size_t stride = std::max<size_t>(1, bytes / 300);
  for (size_t at = 1; at < bytes; at += stride) out.push_back({at, 0});
  return out;
}
}  // namespace heddle
