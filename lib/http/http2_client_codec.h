// HTTP/2 towards a server (RFC 9113). Owned by its session; belongs to its loop. A request with a protocol() becomes
// an extended CONNECT (RFC 8441): it waits for the peer's SETTINGS and ends with kUnprocessed if they do not allow it.
#pragma once
#include "lib/http/http2_codec.h"

namespace heddle {
class Http2ClientCodec final : public Http2Codec<ClientCodec> {
 public:
  // `worker`, `limits` and `events` outlive the codec.
  Http2ClientCodec(Http2Worker worker, const HttpLimits& limits, ClientEvents& events);

  // What the peer allows minus what is open; 0 while leaving. Before its SETTINGS came 100 are assumed.
  size_t capacity() const override;
  StreamId open(const RequestHead&, bool end) override;
  // The head left: when the connection breaks, streams that were not sent are safe to try elsewhere.
  bool was_sent(StreamId) const;

 private:
  Http2Stream* block_begins(const nghttp2_frame&) override;
  void block_complete(Http2Stream&, bool end) override;
  int block_too_large(Http2Stream&) override;
  void peer_settings() override;
  void informational(Http2Stream&);
  void response_complete(Http2Stream&, bool end);
  Http2Stream& new_stream(StreamId);
  void submit(Http2Stream&, const RequestHead&, bool end);

  ClientEvents& client_events_;
  int64_t next_waiting_ = int64_t{1} << 32;  // beyond every id of HTTP/2
};
}  // namespace heddle
