#include "tests/support/http2_codec_pair.h"

#include "lib/http/http2_client_codec.h"
#include "lib/http/http2_server_codec.h"

namespace heddle {
namespace {
// Every look at it is a fifth of a second later.
class WalkingClock final : public Clock {
 public:
  MonoTime now() const override { return now_ = now_ + 200ms; }
  WallTime wall() const override { return WallTime{}; }

 private:
  mutable MonoTime now_{1000s};
};

// One worker for all pairs, as in a proxy.
struct Shared {
  Http2Memory memory;
  WalkingClock clock;
};

class Http2Pair final : public CodecPairFactory {
 public:
  std::string_view name() const override { return "http2"; }
  CodecPair make(BlockPool& pool, const HttpLimits& limits, ServerEvents& server, ClientEvents& client) const override {
    Http2Worker worker{pool, shared_.memory, shared_.clock};
    return {std::make_unique<Http2ServerCodec>(worker, limits, server),
            std::make_unique<Http2ClientCodec>(worker, limits, client)};
  }

 private:
  mutable Shared shared_;
};
}  // namespace

const CodecPairFactory& http2_pair() {
  static const Http2Pair pair;
  return pair;
}
}  // namespace heddle
