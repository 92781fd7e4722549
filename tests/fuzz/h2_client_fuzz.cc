// HTTP/2 from a server, while a GET, a POST with its body under way and a HEAD wait for their answers. First byte: 0
// the bytes of the connection, 1 records that become frames after an honest start (h2_drive.h); 2 and 3 the same with
// small limits.
#include "lib/http/http2_client_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/h2_drive.h"
#include "tests/fuzz/heads.h"
#include "tests/support/h2_frames.h"
#include "tests/support/h2_rig.h"

namespace heddle::fuzz {
namespace {
Http2Outcome ask(std::string_view bytes, Split split, const HttpLimits& limits) {
  h2::WorkerRig rig;
  rig.limits = limits;
  RecordingClientEvents events;
  Http2ClientCodec codec(rig.worker(), rig.limits, events);
  events.codec = &codec;
  events.handler = [&](StreamId, const ResponseHead& head, bool) { expect_rules(head, limits); };
  codec.open(rig.request("GET"), true);
  StreamId post = codec.open(rig.request("POST"), false);
  (void)codec.send_data(post, Buffer(rig.pool, std::string(20000, 'b')), false);
  codec.open(rig.request("HEAD"), true);
  Http2Outcome out = drive(codec, rig.pool, events, bytes, split);
  out.output.erase(0, std::min(out.output.size(), h2::kPreface.size()));
  expect_frames(out);
  expect_quiet_after_reset(events);
  return out;
}
}  // namespace

HEDDLE_FUZZ_TARGET(h2_client, input) {
  size_t choice = take_choice(input, 4);
  HttpLimits limits = choice < 2 ? HttpLimits() : small_limits();
  std::string start = h2::settings({}) + h2::frame(h2::kSettings, h2::kAck, 0);
  std::string bytes = choice % 2 == 0 ? std::string(input) : start + frames_of(input);
  Http2Outcome whole = ask(bytes, {}, limits);
  for (Split split : splits_of(bytes)) {
    Http2Outcome other = ask(bytes, split, limits);
    expect_same(other.events + other.failure, whole.events + whole.failure, "the verdict depends on no split");
  }
}
}  // namespace heddle::fuzz
