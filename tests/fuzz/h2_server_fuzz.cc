// HTTP/2 from a client. First byte: 0 the bytes of the connection, 1 records that become frames after an honest start
// (h2_drive.h); 2 and 3 the same with small limits.
#include "lib/http/http2_server_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/h2_drive.h"
#include "tests/fuzz/heads.h"
#include "tests/support/h2_frames.h"
#include "tests/support/h2_rig.h"

namespace heddle::fuzz {
namespace {
// Answers every complete request with 200 and "ok".
Http2Outcome serve(std::string_view bytes, Split split, const HttpLimits& limits) {
  h2::WorkerRig rig;
  rig.limits = limits;
  RecordingServerEvents events;
  Http2ServerCodec codec(rig.worker(), rig.limits, events, ReasonDisclosure::kName);
  events.codec = &codec;
  auto answer = [&](StreamId id) {
    ResponseHead head(rig.pool, 200);
    head.content_length = 2;
    codec.respond(id, head, false);
    (void)codec.send_data(id, Buffer(rig.pool, "ok"), true);
  };
  events.handler = [&](StreamId id, const RequestHead& head, bool end) {
    expect_rules(head, limits);
    if (end) answer(id);
  };
  events.body_handler = [&](StreamId id, Buffer&&, bool end) { return end ? answer(id) : void(); };
  Http2Outcome out = drive(codec, rig.pool, events, bytes, split);
  expect_frames(out);
  expect_quiet_after_reset(events);
  return out;
}
}  // namespace

HEDDLE_FUZZ_TARGET(h2_server, input) {
  size_t choice = take_choice(input, 4);
  HttpLimits limits = choice < 2 ? HttpLimits() : small_limits();
  std::string bytes = choice % 2 == 0 ? std::string(input) : h2::client_start() + frames_of(input);
  Http2Outcome whole = serve(bytes, {}, limits);
  for (Split split : splits_of(bytes)) {
    Http2Outcome other = serve(bytes, split, limits);
    expect_same(other.events + other.failure, whole.events + whole.failure, "the verdict depends on no split");
  }
}
}  // namespace heddle::fuzz
