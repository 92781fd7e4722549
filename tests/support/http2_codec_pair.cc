#include "tests/support/http2_codec_pair.h"

#include "tests/support/h2_rig.h"

namespace heddle {
namespace {
// One worker for all pairs, as in a proxy.
struct Shared {
  Http2Memory memory;
  h2::FakeClock clock;
};

class Http2Pair final : public CodecPairFactory {
 public:
  std::string_view name() const override { return "http2"; }
  CodecPair make(BlockPool& pool, const HttpLimits& limits, ServerEvents& server, ClientEvents& client) const override {
    Http2Worker worker{pool, shared_.memory, shared_.clock};
    return {std::make_unique<Http2ServerCodec>(worker, limits, server),
            std::make_unique<Http2ClientCodec>(worker, limits, client),
            [this](Duration time) { shared_.clock.advance(time); }};
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
