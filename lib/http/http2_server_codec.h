// HTTP/2 towards a client (RFC 9113). Requests that the rules refuse are answered here (400, 414, 431, 501) and
// never reach the user; malformed ones are reset. Owned by its session; belongs to its loop.
#pragma once
#include "lib/http/http2_codec.h"

namespace heddle {
class Http2ServerCodec final : public Http2Codec<ServerCodec> {
 public:
  // `worker`, `limits` and `events` outlive the codec.
  Http2ServerCodec(Http2Worker worker, const HttpLimits& limits, ServerEvents& events,
                   ReasonDisclosure = ReasonDisclosure::kNone);

  size_t capacity() const override { return 0; }  // a server opens no streams
  void inform(StreamId, const ResponseHead&) override;
  void respond(StreamId, const ResponseHead&, bool end) override;
  std::optional<RefusedRequest> fail(const Error&) override;

 private:
  Http2Stream* block_begins(const nghttp2_frame&) override;
  void block_complete(Http2Stream&, bool end) override;
  int block_too_large(Http2Stream&) override;
  void request_complete(Http2Stream&, bool end);
  void trailers_complete(Http2Stream&);
  void refuse(Http2Stream&, const Error&);
  void reset_request(Http2Stream&, const RequestHead&);
  void submit(Http2Stream&, const ResponseHead&, bool end);

  ServerEvents& server_events_;
  const ReasonDisclosure disclosure_;
};
}  // namespace heddle
