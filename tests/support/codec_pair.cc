#include "tests/support/codec_pair.h"

#include "lib/http/http1_client_codec.h"
#include "lib/http/http1_server_codec.h"

namespace heddle {
namespace {
class Http1Pair final : public CodecPairFactory {
 public:
  std::string_view name() const override { return "http1"; }
  CodecPair make(BlockPool& pool, const HttpLimits& limits, ServerEvents& server, ClientEvents& client) const override {
    return {std::make_unique<Http1ServerCodec>(pool, limits, "http", server),
            std::make_unique<Http1ClientCodec>(pool, limits, client)};
  }
};

// Bytes that left `from` or were taken by `to`.
Result<size_t> carry(Codec& from, Buffer& wire, Codec& to, size_t budget) {
  size_t moved = from.wants_write() ? from.produce(wire, budget) : 0;
  if (wire.empty() || !to.wants_read()) return moved;
  size_t before = wire.size();
  HEDDLE_CHECK_OK(to.receive(wire));
  return moved + before - wire.size();
}
}  // namespace

const CodecPairFactory& http1_pair() {
  static const Http1Pair pair;
  return pair;
}

Result<void> CodecLink::run(size_t budget) {
  while (true) {
    HEDDLE_TRY(size_t forth, carry(*pair_.client, to_server_, *pair_.server, budget));
    HEDDLE_TRY(size_t back, carry(*pair_.server, to_client_, *pair_.client, budget));
    if (forth + back == 0) return {};
  }
}
}  // namespace heddle
