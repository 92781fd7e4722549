// Every size and count limit of the HTTP layer, with its reason (reliability rules R-L, R-2; docs/flow-control.md).
// Plain values; one instance per listener, shared by its connections.
#pragma once
#include <cstddef>
#include <cstdint>

namespace heddle {
struct HttpLimits {
  size_t target_bytes = 16 * 1024;      // request line: 414 beyond (RFC 9112 §3 wants at least 8,000)
  size_t head_bytes = 60 * 1024;        // decoded head or trailers, 32 per field included: 431, from upstream 502
  size_t fields = 100;                  // fields of a head, every cookie crumb counted: 431, from upstream 502
  size_t chunk_extension_bytes = 4096;  // per chunk; never forwarded
  size_t chunk_extensions_total = 16 * 1024;
  int informational = 16;               // 1xx answers of one request
  size_t stream_high_mark = 64 * 1024;  // queued towards a peer, per stream; low mark: half
  size_t uncredited_mark = 64 * 1024;   // h1: received and not yet credited

  // HTTP/2, per connection
  uint32_t max_concurrent_streams = 100;
  uint32_t stream_window = 64 * 1024;
  uint32_t connection_window = 1024 * 1024;
  uint32_t continuations = 64;       // CONTINUATION frames of one header block
  size_t control_bytes = 64 * 1024;  // unsent answers caused by the peer: reading stops above
  size_t control_frames = 1000;
  // stream_reset_rate_limit of nghttp2: 5000 and 500/s between sidecars, 100 and 10/s for plaintext listeners.
  uint64_t reset_burst = 100;
  uint64_t reset_rate = 10;
  // Abuse score (rule 2.3) that closes the connection; decays to zero in ten seconds.
  double abuse_score = 100;

  static HttpLimits mesh() {
    HttpLimits limits;
    limits.reset_burst = 5000;
    limits.reset_rate = 500;
    // What our side took may reach us with fields that sidecars added (heddle-via).
    limits.fields += 8;
    limits.head_bytes += 512;
    return limits;
  }
};
}  // namespace heddle
