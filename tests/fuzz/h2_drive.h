// Drives one HTTP/2 codec with bytes, as a session would, and says what every connection keeps: well-formed frames out,
// nothing after the last one, no upcall for a stream that has ended. Pure; time stands still.
#pragma once
#include <string>
#include <string_view>

#include "lib/http/codec.h"
#include "tests/support/codec_harness.h"

namespace heddle::fuzz {
// Frames whose lengths are always right, so that mutations reach what is inside them. Each record: type, flags, stream,
// length (one byte each), then so many bytes of payload; the last may be short.
std::string frames_of(std::string_view records);

struct Http2Outcome {
  std::string events;
  std::string output;
  std::string failure;  // the reason of the connection's error, with what it is counted as
};
// Feeds `bytes`; `Events` is a RecordedEvents. After an error `fail` is called once, then the rest is produced.
Http2Outcome drive(Codec&, BlockPool&, RecordedEvents&, std::string_view bytes, Split);

// `output`: whole frames of legal sizes, after an error a GOAWAY last.
void expect_frames(const Http2Outcome&);
// Lines of RecordedEvents: nothing about a stream after its reset.
void expect_quiet_after_reset(const RecordedEvents&);
}  // namespace heddle::fuzz
