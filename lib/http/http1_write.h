// Serialises HTTP/1 heads straight into the reserved block of an output buffer: no strings, no allocation beyond the
// pool. Framing and connection fields are written from what the codec decided, never copied from a head (finding 11).
// Pure functions; the caller owns the buffer.
#pragma once
#include "lib/base/buffer.h"
#include "lib/http/disclosure.h"
#include "lib/http/head.h"
#include "lib/http/http1_body.h"

namespace heddle {
enum class Http1Persistence : uint8_t { kKeepAlive, kClose };

// HTTP/1.1 always; several cookie fields become one (RFC 9113 §8.2.3).
void write_http1_request(const RequestHead&, const Http1BodyPlan&, Buffer& out);

struct Http1ResponseFraming {
  Http1BodyPlan body;              // kNone: no framing field is written, unless `length`
  std::optional<uint64_t> length;  // content-length to write
  Http1Persistence persistence = Http1Persistence::kKeepAlive;
  std::string_view upgrade;  // of a 101
};
void write_http1_response(const ResponseHead&, const Http1ResponseFraming&, Buffer& out);

// The one answer of a connection that failed: status of the reason, `connection: close`, and a line of text (left out
// for HEAD): the reason with its hint and `heddle-reason`, or for strangers what the status means.
void write_http1_failure(Reason, ReasonDisclosure, std::string_view request_method, Buffer& out);
}  // namespace heddle
